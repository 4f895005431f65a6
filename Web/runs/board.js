import { call } from "../api.js";
import { h } from "../dom.js";
import { empty, failure, loading } from "../states.js";
import { Chart } from "./chart.js";
import { onThemeChange } from "./palette.js";
import { linesOf, rateLines, spliced } from "./series.js";
import { isWanted, kindOf, ofKind, specsOf, wholeQueries, zoomQueries } from "./specs.js";
import { turns } from "./turns.js";

/** A chart follows its run at most this often, in milliseconds, and where the server takes long, less often than that. */
const PAUSE = 1000;
const MOST_PAUSE = 10_000;
/** So many times as long as a chart takes to come, nothing is asked for it. */
const REST = 10;
const AT_ONCE = 4;
/** What drawing may take of one frame, in milliseconds; further charts are drawn in the next. */
const FRAME = 8;
const GROUPS = { training: null, resources: "Resources", operations: "Operations" };
const COMMAND = 'run.log("loss", 0.5, step: 1)';

/** The charts of the selected runs. Only those that can be seen are fetched, drawn and kept up to date. */
export class Board {
  #entries = new Map();
  #runs = [];
  #view = null;
  #listed = "";
  #isKnown = false;
  #said = null;
  #asked = 0;
  #relist = 0;
  #cursor = null;
  #frame = 0;
  #unpainted = new Set();
  #painting = 0;
  #turn = turns(AT_ONCE);

  /** `onZoom(zoom)` and `onOpen(name, isOpen)` put what was done into the address. */
  constructor({ onZoom, onOpen }) {
    this.onZoom = onZoom;
    this.onOpen = onOpen;
    this.state = h("div", {});
    this.groups = new Map(Object.entries(GROUPS).map(([name, title]) => [name, this.#group(name, title)]));
    this.element = h("section", { class: "metrics", "aria-label": "Metrics" }, this.state, ...[...this.groups.values()].map(({ element }) => element));
    this.seen = new IntersectionObserver((changes) => this.#sight(changes), { rootMargin: "160px", scrollMargin: "160px" });
    onThemeChange(() => this.#each((entry) => this.#draw(entry)));
    document.addEventListener("visibilitychange", () => this.#each((entry) => this.#renew(entry)));
  }

  /** Shows runs (each with hue, tag and place) in a view. */
  show(runs, view) {
    const ids = runs.map(({ run_id: id }) => id).join();
    const isNew = ids !== this.#listed;
    this.#runs = runs;
    this.#view = view;
    this.styles = new Map(runs.map(({ run_id: id, hue, tag }, place) => [id, { hue, tag, place }]));
    for (const [name, { element }] of this.groups) if (element.matches("details")) element.open = view.open.has(name);
    if (isNew) {
      this.#listed = ids;
      this.#each((entry) => this.#forget(entry));
      this.#list();
    }
    this.#arrange();
    this.#each((entry) => this.#renew(entry));
  }

  /** New values of some runs came in. */
  changed(runIDs) {
    const concerned = runIDs === null || this.#runs.some(({ run_id: id }) => runIDs.includes(id));
    if (!concerned || this.#view === null) return;
    this.#each((entry) => {
      entry.isStale = true;
      entry.isDetailStale = true;
      this.#later(entry);
    });
    this.#relist ||= setTimeout(() => {
      this.#relist = 0;
      this.#list();
    }, PAUSE);
  }

  /** Forgets what it shows, so that nothing is fetched until it is shown again. */
  hide() {
    this.#view = null;
    this.#listed = "";
    clearTimeout(this.#relist);
    this.#relist = 0;
    this.#each((entry) => clearTimeout(entry.timer));
  }

  #group(name, title) {
    const charts = h("div", { class: "charts" });
    if (title === null) return { charts, element: charts };
    const element = h("details", { class: "panel", "data-group": name, hidden: true, toggle: () => {
      if (this.#view !== null && element.open !== this.#view.open.has(name)) this.onOpen(name, element.open);
    } }, h("summary", {}, h("h3", {}, title)), charts);
    return { charts, element };
  }

  #each(work) {
    for (const entry of this.#entries.values()) work(entry);
  }

  // Which charts there are

  async #list() {
    this.#asked += 1;
    const asked = this.#asked;
    const ids = this.#runs.map(({ run_id: id }) => id);
    if (this.#entries.size === 0 && !this.#isKnown) this.#say(loading("metrics"));
    try {
      const { metrics } = ids.length === 0 ? { metrics: [] } : await call("metrics.list", { run_ids: ids });
      if (asked !== this.#asked || this.#view === null) return;
      this.#isKnown = true;
      this.#take(specsOf(metrics));
    } catch (error) {
      if (asked !== this.#asked || this.#entries.size > 0) return;
      this.#say(failure("The metrics did not come", error, () => this.#list()));
    }
  }

  #take(specs) {
    const keys = new Set(specs.map(({ key }) => key));
    for (const [key, entry] of this.#entries) {
      if (keys.has(key)) continue;
      this.seen.unobserve(entry.chart.element);
      entry.chart.element.remove();
      clearTimeout(entry.timer);
      this.#entries.delete(key);
    }
    const before = this.#entries;
    this.#entries = new Map(specs.map((spec) => [spec.key, before.get(spec.key) ?? this.#entry(spec)]));
    for (const spec of specs) this.#entries.get(spec.key).spec = spec;
    this.#arrange();
    this.#each((entry) => this.#renew(entry));
  }

  #entry(spec) {
    const chart = new Chart({
      name: spec.name, title: spec.title, unit: spec.unit, hasZero: spec.group === "resources",
      onHover: (from, x) => this.#hover(from, x),
      onZoom: (from, range) => this.onZoom(range === null ? null : { kind: from.kind, ...range }),
    });
    chart.say(loading(spec.title));
    const entry = { spec, chart, isSeen: false, isStale: true, isDetailStale: true, at: 0, timer: 0, pause: PAUSE };
    chart.element.dataset.key = spec.key;
    this.seen.observe(chart.element);
    return entry;
  }

  /** Where a chart has nothing of the runs that are shown now, it begins anew: what others logged says nothing of these. */
  #forget(entry) {
    if (entry.lines === undefined || this.#isShown(entry.ids)) return;
    entry.lines = undefined;
    entry.whole = undefined;
    entry.key = undefined;
    entry.detailKey = undefined;
    entry.chart.say(loading(entry.spec.title));
  }

  #isShown(ids) {
    return ids.some((id) => this.styles.has(id));
  }

  /** Puts the charts that fit the filter into their places. */
  #arrange() {
    let shown = 0;
    const entries = [...this.#entries.values()];
    for (const [name, { charts, element }] of this.groups) {
      const own = entries.filter(({ spec }) => spec.group === name);
      const elements = own.map(({ chart }) => chart.element);
      if (elements.some((each, place) => charts.children[place] !== each)) charts.replaceChildren(...elements);
      for (const { spec, chart } of own) chart.element.hidden = !isWanted(spec, this.#view?.filter ?? "");
      const n = elements.filter((each) => !each.hidden).length;
      element.hidden = n === 0;
      if (element.matches("details")) element.querySelector("h3").textContent = `${GROUPS[name]} (${n})`;
      shown += n;
    }
    this.#tell(entries.length, shown);
  }

  /** Says why there is no chart; as long as nobody knows which there are, that stays open. */
  #tell(all, shown) {
    if (!this.#isKnown) return;
    const filter = this.#view?.filter ?? "";
    const text = all === 0 ? "-" : shown === 0 ? `- ${filter}` : "";
    if (this.#said === text) return;
    const state = all === 0
      ? empty("No metrics yet", "What the training code logs shows here while it runs:", COMMAND)
      : shown === 0 ? empty("No metric fits", `No metric has “${filter}” in its name.`) : null;
    this.#say(state, text);
  }

  #say(state, text = null) {
    this.#said = text;
    this.state.replaceChildren(...(state ? [state] : []));
  }

  // What a chart shows

  #sight(changes) {
    for (const { target, isIntersecting } of changes) {
      const entry = this.#entries.get(target.dataset.key);
      if (!entry) continue;
      entry.isSeen = isIntersecting;
      if (isIntersecting) this.#renew(entry);
    }
  }

  /** Draws a chart that can be seen as the view wants it, and fetches what that lacks. */
  #renew(entry) {
    if (!this.#isNeeded(entry)) return;
    this.#draw(entry);
    this.#fetch(entry);
  }

  #isNeeded(entry) {
    return entry.isSeen && this.#view !== null && !document.hidden;
  }

  #later(entry) {
    if (entry.timer) return;
    entry.timer = setTimeout(() => {
      entry.timer = 0;
      if (this.#isNeeded(entry)) this.#fetch(entry);
    }, Math.max(0, entry.at + entry.pause - performance.now()));
  }

  get #ids() {
    return this.#runs.map(({ run_id: id }) => id);
  }

  #zoomOf(entry) {
    const { zoom } = this.#view;
    return zoom !== null && zoom.kind === entry.kind ? zoom : null;
  }

  async #fetch(entry) {
    if (entry.isBusy) {
      entry.isAgain = true;
      return;
    }
    entry.isBusy = true;
    try {
      do {
        entry.isAgain = false;
        await this.#turn(() => (this.#isNeeded(entry) ? this.#fetchOnce(entry) : undefined));
      } while (entry.isAgain && this.#isNeeded(entry));
    } catch (error) {
      entry.isStale = true;
      entry.isDetailStale = true;
      if (entry.lines === undefined) entry.chart.say(failure("The values did not come", error, () => this.#fetch(entry)));
    } finally {
      entry.isBusy = false;
      entry.at = performance.now();
    }
  }

  async #fetchOnce(entry) {
    const { spec, chart } = entry;
    const { axis, smoothing } = this.#view;
    const begin = performance.now();
    const key = JSON.stringify([this.#ids, axis, smoothing]);
    const pixels = chart.pixels || 500;
    if (entry.key !== key || (entry.isStale && this.#zoomOf(entry) === null)) {
      const runs = this.#runs;
      const ids = this.#ids;
      entry.isStale = false;
      const answers = await Promise.all(wholeQueries(spec, ids, this.#view, pixels).map((query) => call("metrics.series", query)));
      // Other runs may have been chosen meanwhile.
      if (!this.#isShown(ids)) return;
      entry.ids = ids;
      entry.kind = kindOf(spec, axis, answers[0].series);
      entry.whole = this.#lines(spec, entry.kind, runs, answers);
      if (entry.key !== key) entry.detailKey = undefined;
      entry.key = key;
      entry.lines = entry.whole;
    }
    await this.#fetchDetail(entry, pixels);
    entry.pause = Math.min(MOST_PAUSE, Math.max(PAUSE, REST * (performance.now() - begin)));
    this.#draw(entry);
  }

  async #fetchDetail(entry, pixels) {
    const zoom = this.#view === null ? null : this.#zoomOf(entry);
    if (zoom === null) {
      entry.detailKey = undefined;
      entry.lines = entry.whole;
      return;
    }
    const key = JSON.stringify([zoom, entry.key]);
    if (entry.detailKey === key && !entry.isDetailStale) return;
    entry.isDetailStale = false;
    const runs = this.#runs;
    const queries = zoomQueries(entry.spec, runs, this.#view, pixels);
    const turn = turns(AT_ONCE);
    const answers = await Promise.all(queries.map((query) => turn(() => call("metrics.series", query))));
    if (entry.whole === undefined) return;
    const parts = entry.spec.values ? 2 : 1;
    const detail = [];
    for (let at = 0; at < answers.length; at += parts) detail.push(...this.#lines(entry.spec, entry.kind, runs, answers.slice(at, at + parts)));
    const air = (zoom.to - zoom.from) * 0.02;
    entry.detailKey = key;
    entry.lines = spliced(entry.whole, detail, zoom.from - air, zoom.to + air);
  }

  #lines(spec, kind, runs, answers) {
    const starts = new Map(runs.map(({ run_id: id, started_at: at }) => [id, at]));
    const startOf = kind === "relative" ? (id) => starts.get(id) ?? 0 : () => 0;
    const [first, second] = answers.map(({ series }) => linesOf(ofKind(kind, series), startOf));
    return spec.values ? rateLines(first, second) : first;
  }

  /** Draws a chart with the next frame, or with one of the next where there are many. */
  #draw(entry) {
    this.#unpainted.add(entry);
    this.#painting ||= requestAnimationFrame(() => this.#paintSome());
  }

  #paintSome() {
    this.#painting = 0;
    const end = performance.now() + FRAME;
    for (const entry of this.#unpainted) {
      this.#unpainted.delete(entry);
      this.#paint(entry);
      if (performance.now() > end) break;
    }
    if (this.#unpainted.size > 0) this.#painting = requestAnimationFrame(() => this.#paintSome());
  }

  #paint(entry) {
    if (!entry.isSeen || entry.lines === undefined || this.#view === null) return;
    const { chart, lines, kind } = entry;
    chart.update({ lines, kind, zoom: this.#zoomOf(entry), isLog: this.#view.isLog, styles: this.styles });
    chart.say(chart.hasLines ? null : h("p", { class: "muted" }, this.#nothing(entry)));
    chart.element.dataset.smoothing = String(lines.some(({ smoothed }) => smoothed) ? this.#view.smoothing : 0);
  }

  #nothing({ spec, kind }) {
    if (spec.values) return "No samples were counted.";
    return kind === "epoch" ? "No value has an epoch." : "No value has a place on this axis.";
  }

  // What follows the pointer

  #hover(chart, x) {
    this.#cursor = { chart, x };
    this.#frame ||= requestAnimationFrame(() => {
      this.#frame = 0;
      const { chart: own, x: at } = this.#cursor;
      this.#each((entry) => {
        if (entry.isSeen) entry.chart.setCursor(entry.kind === own.kind ? at : null, entry.chart === own);
      });
    });
  }
}
