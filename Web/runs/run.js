import { h, setText, stylesheet } from "../dom.js";
import { count, duration, moment } from "../format.js";
import { formatRoute } from "../route.js";
import { empty, failure, loading } from "../states.js";
import { flatten } from "./search.js";
import { chip, lasting, runSeconds, statusMark } from "./table.js";
import { Tools } from "./tools.js";
import { formatOpen, formatSelection, formatZoom, notRuns, viewOf } from "./view.js";

const HINT = "Tick runs in the table to see their metrics side by side; the name of one opens it alone, with its episodes.";

/** The selected runs: their header, their charts; of a single one its episodes. */
export class RunPane {
  #ids = [];
  #state = "";
  #steps = null;
  #board = null;
  #episodes = null;
  #compare = null;
  #loading = new Set();
  #shown = () => {};

  constructor(shell) {
    this.shell = shell;
    this.route = {};
    this.head = h("header", { class: "run-head" });
    this.tools = new Tools({ onChange: (changes) => this.#change(changes, true) });
    this.board = h("div", {}, loading("charts"));
    this.episodes = h("div", { hidden: true });
    this.hint = empty("No run is chosen", HINT);
    this.hint.hidden = true;
    this.body = h("div", { class: "run-body" }, this.head, this.tools.element, this.board, this.episodes);
    this.element = h("div", { class: "run-pane scroll", tabindex: "-1" }, this.hint, this.body);
  }

  /** `route` names the runs with these ids; `runs` are those of them that are known, each with hue and tag. */
  show(route, ids, runs) {
    const changed = ids.join() !== this.#ids.join();
    this.route = route;
    this.#ids = ids;
    const single = ids.length === 1 ? ids[0] : null;
    const [stranger] = notRuns(route.run);
    setText(this.hint.querySelector("p"), stranger === undefined ? HINT : `“${stranger}” is no run's name. ${HINT}`);
    this.body.hidden = ids.length === 0;
    this.tools.element.hidden = runs.length === 0;
    this.board.hidden = runs.length === 0;
    if (changed || (runs.length === 0 && this.#state !== "")) this.#reset();
    this.#shown = () => {
      this.#showCharts(runs);
      this.#renderHead(runs);
      this.#showEpisodes(single, runs);
    };
    this.#shown();
    if (changed && single !== null) this.element.scrollTop = 0;
  }

  hide() {
    this.#board?.hide();
  }

  /** New values of some runs came in; null: perhaps of all. */
  metricsChanged(runIDs) {
    this.#board?.changed(runIDs);
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
      this.#board?.hide();
      return;
    }
    const view = viewOf(this.route);
    this.tools.show(view);
    if (this.#board === null) this.#load("board", () => this.#makeBoard());
    this.#board?.show(runs, view);
  }

  /** What draws charts is fetched with the first run that is chosen. */
  async #makeBoard() {
    const { Board } = await import("./board.js");
    return new Board({
      onZoom: (zoom) => this.#change({ zoom: zoom === null ? undefined : formatZoom(zoom) }, false),
      onOpen: (name, isOpen) => this.#change({ open: formatOpen(viewOf(this.route).open, name, isOpen) }, true),
    });
  }

  /** What shows episodes is fetched with the first run that has some; many have none. */
  #showEpisodes(single, runs) {
    const hasSteps = single !== null && runs.length > 0 && (runs[0].episodes > 0 || runs[0].steps > 0);
    this.episodes.hidden = !hasSteps;
    if (hasSteps && this.#episodes === null) this.#load("episodes", async () => new (await import("./episodes.js")).Episodes(this.shell));
    if (!hasSteps || this.#episodes === null) return;
    this.#episodes.show({ ...this.route, run: single });
    if (this.#steps !== null && this.#steps !== runs[0].steps) this.#episodes.refresh();
    this.#steps = runs[0].steps;
  }

  /** Fetches a part that is not needed at first, once, and shows it. */
  async #load(name, make) {
    if (this.#loading.has(name)) return;
    this.#loading.add(name);
    const [part] = await Promise.all([make(), stylesheet("/runs/parts.css")]).catch(() => [null]);
    // Without the server it does not come; it is asked for again when something is shown the next time.
    if (part === null) this.#loading.delete(name);
    if (part === null) return;
    if (name === "compare") this.#compare = part;
    else if (name === "board") this.#board = part;
    else this.#episodes = part;
    if (part.element) this[name].replaceChildren(part.element);
    if (this.element.isConnected) this.#shown();
  }

  #renderHead(runs) {
    if (runs.length === 0) return;
    if (this.#ids.length > 1 && this.#compare === null) {
      this.#load("compare", async () => (await import("./compare.js")).comparison);
      return;
    }
    const state = JSON.stringify([runs, this.#ids, this.route]);
    if (state === this.#state) return;
    this.#state = state;
    const open = this.head.querySelector("details")?.open ?? false;
    const focused = this.head.contains(document.activeElement) ? document.activeElement.dataset.focus : null;
    const parts = this.#ids.length === 1 ? this.#single(runs[0], open) : this.#compare(this.#ids, runs, this.route, open, (rest) => this.#change({ run: formatSelection(rest) }, false));
    this.head.replaceChildren(...parts.filter(Boolean));
    if (focused) this.head.querySelector(`[data-focus="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
  }

  #single(run, open) {
    return [h("h2", {}, chip(run.hue, ""), run.run_id), this.#facts(run), this.#config(run, open)];
  }

  #facts(run) {
    return h("p", { class: "facts" }, statusMark(run.status),
      run.status === "crashed" ? h("span", { class: "dead" }, `no sign of life since ${moment(run.heartbeat_at)}`) : null,
      fact("started", moment(run.started_at)), fact("took", lasting(run)),
      fact("steps", count(run.steps)), fact("episodes", run.episodes > 0 ? h("a", { href: formatRoute({ room: "replay", run: run.run_id }) }, count(run.episodes)) : count(run.episodes)),
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
}

function fact(name, value) {
  return h("span", { class: "fact" }, h("span", { class: "muted" }, `${name} `), value);
}
