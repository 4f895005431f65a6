import { h, setText } from "../dom.js";
import { count, duration, moment, plural } from "../format.js";
import { formatRoute } from "../route.js";
import { empty, failure, loading } from "../states.js";
import { Board } from "./board.js";
import { Episodes } from "./episodes.js";
import { Player } from "./player.js";
import { configKeys, configText, flatten } from "./search.js";
import { chip, runSeconds, statusMark } from "./table.js";
import { Tools } from "./tools.js";
import { formatOpen, formatSelection, formatZoom, toggled, viewOf } from "./view.js";

/** The selected runs: their header, their charts or the chosen episode's player; of a single one its episodes. */
export class RunPane {
  #ids = [];
  #state = "";
  #steps = null;

  constructor(shell) {
    this.shell = shell;
    this.route = {};
    this.head = h("header", { class: "run-head" });
    this.tools = new Tools({ onChange: (changes) => this.#change(changes, true) });
    this.board = new Board({
      onZoom: (zoom) => this.#change({ zoom: zoom === null ? undefined : formatZoom(zoom) }, false),
      onOpen: (name, isOpen) => this.#change({ open: formatOpen(viewOf(this.route).open, name, isOpen) }, true),
    });
    this.player = new Player(shell);
    this.episodes = new Episodes(shell);
    this.hint = empty("No run is chosen", "Tick runs in the table to see their metrics side by side; the name of one opens it alone, with its episodes.");
    this.hint.hidden = true;
    this.body = h("div", { class: "run-body" }, this.head, this.player.element, this.tools.element, this.board.element, this.episodes.element);
    this.element = h("div", { class: "run-pane scroll", tabindex: "-1" }, this.hint, this.body);
  }

  /** `route` names the runs with these ids; `runs` are those of them that are known, each with hue and tag. */
  show(route, ids, runs) {
    const changed = ids.join() !== this.#ids.join();
    const opened = route.episode !== this.route.episode;
    this.route = route;
    this.#ids = ids;
    const single = ids.length === 1 ? ids[0] : null;
    const inEpisode = single !== null && route.episode !== undefined;
    this.body.hidden = ids.length === 0;
    this.tools.element.hidden = inEpisode || runs.length === 0;
    this.board.element.hidden = inEpisode || runs.length === 0;
    this.episodes.element.hidden = single === null || runs.length === 0;
    if (changed) this.#reset();
    this.#renderHead(runs);
    this.#showCharts(inEpisode ? [] : runs);
    this.#showEpisodes(single, runs, inEpisode);
    if (changed && single !== null || opened) this.element.scrollTop = 0;
  }

  hide() {
    this.player.hide();
    this.board.hide();
  }

  /** New values of some runs came in; null: perhaps of all. */
  metricsChanged(runIDs) {
    this.board.changed(runIDs);
  }

  /** A selected run can't be read. */
  fail(id, error, retry) {
    const isAlone = this.#ids.length === 1 && this.#ids[0] === id && this.#state === "";
    if (isAlone && this.head.querySelector("[role=alert]") === null) this.head.replaceChildren(failure(`Run ${id} did not come`, error, retry));
  }

  /** Lets the durations of running runs go on. */
  tick(runs) {
    const now = Date.now() / 1000;
    for (const element of this.head.querySelectorAll("[data-ticking]")) {
      const run = runs.find(({ run_id: id }) => id === element.dataset.ticking);
      if (run) setText(element, duration(runSeconds(run, now) ?? NaN));
    }
  }

  #change(changes, replace) {
    this.shell.navigate({ ...this.route, ...changes }, { replace });
  }

  #reset() {
    this.#state = "";
    this.#steps = null;
    this.head.replaceChildren(loading("run"));
  }

  #showCharts(runs) {
    if (runs.length === 0) {
      this.board.hide();
      return;
    }
    const view = viewOf(this.route);
    this.tools.show(view);
    this.board.show(runs, view);
  }

  #showEpisodes(single, runs, inEpisode) {
    const route = { ...this.route, run: single ?? undefined };
    if (single !== null && runs.length > 0) {
      this.episodes.show(route);
      if (this.#steps !== null && this.#steps !== runs[0].steps) this.episodes.refresh();
      this.#steps = runs[0].steps;
    }
    this.player.show(inEpisode ? route : { ...route, episode: undefined });
  }

  #renderHead(runs) {
    if (runs.length === 0) return;
    const state = JSON.stringify([runs, this.#ids, this.route]);
    if (state === this.#state) return;
    this.#state = state;
    const open = this.head.querySelector("details")?.open ?? false;
    const focused = this.head.contains(document.activeElement) ? document.activeElement.dataset.focus : null;
    this.head.replaceChildren(...(this.#ids.length === 1 ? this.#single(runs[0], open) : this.#several(runs, open)).filter(Boolean));
    if (focused) this.head.querySelector(`[data-focus="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
  }

  #single(run, open) {
    const { episode } = this.route;
    const here = { ...this.route, run: run.run_id, episode: undefined, step: undefined };
    const name = episode === undefined
      ? [chip(run.hue, ""), run.run_id]
      : [h("a", { href: formatRoute(here), "data-focus": "run" }, run.run_id), " › ", h("span", { "aria-current": "page" }, episode)];
    return [h("h2", {}, ...name), this.#facts(run), this.#config(run, open)];
  }

  #facts(run) {
    return h("p", { class: "facts" }, statusMark(run.status),
      run.status === "crashed" ? h("span", { class: "dead" }, `no sign of life since ${moment(run.heartbeat_at)}`) : null,
      fact("started", moment(run.started_at)), fact("took", lasting(run)),
      fact("steps", count(run.steps)), fact("episodes", count(run.episodes)),
      run.agent_id ? fact("agent", run.agent_id) : null, run.worker_id ? fact("worker", run.worker_id) : null,
      run.compression ? fact("compression", run.compression) : null,
      ...(run.tags ?? []).map((tag) => h("span", { class: "tag" }, tag)));
  }

  #config(run, open) {
    const pairs = flatten(run.config);
    if (pairs.length === 0) return null;
    return h("details", { class: "config", open }, h("summary", { "data-focus": "config" }, "Configuration"),
      h("pre", { tabindex: "0" }, JSON.stringify(run.config, null, 2)));
  }

  #several(runs, open) {
    const missing = this.#ids.filter((id) => !runs.some(({ run_id: known }) => known === id));
    return [
      h("h2", {}, plural(this.#ids.length, "run")),
      h("ul", { class: "legend" }, ...runs.map((run) => this.#legend(run))),
      missing.length > 0 ? h("p", { class: "muted" }, `Not found: ${missing.join(", ")}`) : null,
      this.#differences(runs, open),
    ];
  }

  #legend(run) {
    const { run_id: id } = run;
    const rest = () => this.#change({ run: formatSelection(toggled(this.#ids, id, false)) }, false);
    return h("li", {}, chip(run.hue, run.tag),
      h("a", { href: formatRoute({ ...this.route, run: id }), "data-focus": `run ${id}` }, id), statusMark(run.status),
      h("span", { class: "muted" }, lasting(run)),
      h("button", { type: "button", class: "quiet remove", "aria-label": `Remove ${id} from the comparison`, "data-focus": `remove ${id}`, click: rest }, "✕"));
  }

  /** What the configurations have differently, a row for each key. */
  #differences(runs, open) {
    const keys = configKeys(runs);
    const varying = keys.filter(({ varies }) => varies).map(({ key }) => key);
    if (keys.length === 0) return null;
    const text = varying.length === 0 ? "The configurations are the same" : `Configurations differ in ${varying.length} of ${plural(keys.length, "key")}`;
    if (varying.length === 0) return h("p", { class: "muted" }, text);
    const configs = runs.map((run) => new Map(flatten(run.config)));
    const rows = varying.map((key) => h("tr", {}, h("th", { scope: "row" }, key), ...configs.map((config) => h("td", { class: "number" }, configText(config.get(key)) || "–"))));
    return h("details", { class: "config", open }, h("summary", { "data-focus": "config" }, text),
      h("div", { class: "differences", tabindex: "0", role: "region", "aria-label": "Differences" }, h("table", { class: "rows" },
        h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "Key"), ...runs.map((run) => h("th", { scope: "col", class: "number" }, chip(run.hue, run.tag), h("span", { class: "hidden-text" }, run.run_id))))),
        h("tbody", {}, ...rows))));
  }
}

function lasting(run) {
  const text = duration(runSeconds(run, Date.now() / 1000) ?? NaN);
  return run.status === "running" ? h("span", { "data-ticking": run.run_id }, text) : text;
}

function fact(name, value) {
  return h("span", { class: "fact" }, h("span", { class: "muted" }, `${name} `), value);
}
