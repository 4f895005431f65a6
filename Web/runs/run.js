import { call } from "../api.js";
import { h } from "../dom.js";
import { count, duration, moment } from "../format.js";
import { formatRoute } from "../route.js";
import { empty, failure, loading } from "../states.js";
import { metricCharts } from "./charts.js";
import { Episodes } from "./episodes.js";
import { MetricRows } from "./metrics.js";
import { Player } from "./player.js";
import { runSeconds, statusMark } from "./table.js";

/** The chosen run: its header, its charts or the chosen episode's player, its episodes. */
export class RunPane {
  #run = null;
  #metrics = null;
  #settled = false;
  #state = "";

  constructor(shell) {
    this.route = {};
    this.head = h("header", { class: "run-head" });
    this.charts = h("div", { class: "charts" });
    this.note = h("p", { class: "muted note" });
    this.metrics = h("section", { class: "metrics" }, h("h3", {}, "Metrics"), this.charts, this.note);
    this.player = new Player(shell);
    this.episodes = new Episodes(shell);
    this.hint = empty("Choose a run", "Its metrics, its episodes and every frame of them show here.");
    this.body = h("div", { class: "run-body" }, this.head, this.player.element, this.metrics, this.episodes.element);
    this.element = h("div", { class: "run-pane scroll", tabindex: "-1" }, this.hint, this.body);
  }

  show(route) {
    const changed = route.run !== this.route.run;
    const opened = route.episode !== this.route.episode;
    this.route = route;
    this.hint.hidden = route.run !== undefined;
    this.body.hidden = route.run === undefined;
    this.metrics.hidden = route.episode !== undefined;
    if (changed) this.#reset();
    this.#renderHead();
    if (route.run !== undefined) this.episodes.show(route);
    this.player.show(route);
    if (changed || opened) this.element.scrollTop = 0;
  }

  hide() {
    this.player.hide();
  }

  /** Brings the run up to date; `run` is what the list just said of it, if it lists it. */
  async refresh(run) {
    const id = this.route.run;
    if (id === undefined) return;
    try {
      const fresh = run ?? (await call("runs.get", { run_id: id }));
      if (this.route.run !== id) return;
      const grown = this.#run !== null && this.#run.run_id === id && this.#run.steps !== fresh.steps;
      this.#run = fresh;
      this.#renderHead();
      await this.#refreshMetrics(id);
      if (grown) await this.episodes.refresh();
    } catch (error) {
      if (this.route.run !== id || this.#run !== null) return;
      this.head.replaceChildren(failure(`Run ${id} did not come`, error, () => this.refresh()));
    }
  }

  #reset() {
    this.#run = null;
    this.#state = "";
    this.#metrics = null;
    this.#settled = false;
    this.note.textContent = "";
    this.charts.replaceChildren(loading("metrics"));
    this.head.replaceChildren(loading("run"));
  }

  /** Reads what is new, and once more after the run has ended. */
  async #refreshMetrics(id) {
    const running = this.#run.status === "running";
    if ((this.#settled && !running) || this.route.episode !== undefined) return;
    const first = this.#metrics === null;
    const metrics = this.#metrics ?? new MetricRows(id);
    try {
      const changed = await metrics.refresh();
      if (this.route.run !== id) return;
      this.#metrics = metrics;
      this.#settled = !running;
      if (first || changed) this.#renderMetrics();
    } catch (error) {
      if (!first || this.route.run !== id) return;
      this.charts.replaceChildren(failure("The metrics did not come", error, () => this.#refreshMetrics(id)));
    }
  }

  #renderMetrics() {
    const { rows, isCut } = this.#metrics;
    this.charts.replaceChildren(...(rows.length > 0
      ? metricCharts(rows)
      : [empty("No metrics", "This run has logged no training metrics so far.")]));
    this.note.textContent = isCut ? `Drawn from the first ${count(rows.length)} values; there are more.` : "";
  }

  #renderHead() {
    const run = this.#run;
    if (run === null) return;
    const state = JSON.stringify([run, this.route, run.status === "running" ? Math.floor(Date.now() / 1000) : 0]);
    if (state === this.#state) return;
    this.#state = state;
    const open = this.head.querySelector("details")?.open ?? false;
    const focused = this.head.contains(document.activeElement) ? document.activeElement.dataset.focus : null;
    this.head.replaceChildren(this.#crumbs(run), this.#facts(run), this.#config(run, open));
    if (focused) this.head.querySelector(`[data-focus="${focused}"]`)?.focus({ preventScroll: true });
  }

  #crumbs(run) {
    const { q, sort, episodes, episode } = this.route;
    const all = h("a", { class: "back", href: formatRoute({ room: "runs", q, sort }), "data-focus": "all" }, "Runs");
    const name = episode === undefined
      ? [h("span", { "aria-current": "page" }, run.run_id)]
      : [h("a", { href: formatRoute({ room: "runs", q, sort, episodes, run: run.run_id }), "data-focus": "run" }, run.run_id),
        " › ", h("span", { "aria-current": "page" }, episode)];
    return h("h2", {}, all, h("span", { class: "back" }, " › "), ...name);
  }

  #facts(run) {
    const seconds = runSeconds(run, Date.now() / 1000);
    return h("p", { class: "facts" }, statusMark(run.status),
      fact("started", moment(run.started_at)), fact("took", duration(seconds ?? NaN)),
      fact("steps", count(run.steps)), fact("episodes", count(run.episodes)),
      run.agent_id ? fact("agent", run.agent_id) : null, run.worker_id ? fact("worker", run.worker_id) : null,
      run.compression ? fact("compression", run.compression) : null,
      ...(run.tags ?? []).map((tag) => h("span", { class: "tag" }, tag)));
  }

  #config(run, open) {
    const config = run.config ?? {};
    if (Object.keys(config).length === 0) return "";
    return h("details", { class: "config", open }, h("summary", { "data-focus": "config" }, "Configuration"),
      h("pre", { tabindex: "0" }, JSON.stringify(config, null, 2)));
  }
}

function fact(name, value) {
  return h("span", { class: "fact" }, h("span", { class: "muted" }, `${name} `), value);
}
