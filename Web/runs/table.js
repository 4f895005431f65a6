import { h, setText, svg } from "../dom.js";
import { ago, count, duration, moment, number, plural } from "../format.js";
import { formatRoute } from "../route.js";
import { headCell, moveBetweenRows } from "../rows.js";
import { fits, flatten, configText, parseSearch } from "./search.js";
import { sparkPath } from "./series.js";

const SIGNS = { running: "▶", finished: "✓", failed: "✕", crashed: "!" };
const SPARK = { width: 84, height: 26 };
const CONFIG = "config.";
const COLUMNS = [
  { name: "run_id", title: "Run", descendingFirst: false, value: (run) => run.run_id },
  { name: "duration", title: "Duration", descendingFirst: true, value: (run) => runSeconds(run, Date.now() / 1000) ?? 0 },
  { name: "loss", title: "Loss", descendingFirst: false, value: (run) => (typeof run.loss === "number" ? run.loss : null) },
  { name: "started_at", title: "Started", descendingFirst: true, value: (run) => run.started_at ?? 0 },
  { name: "steps", title: "Steps", descendingFirst: true, value: (run) => run.steps ?? 0 },
  { name: "episodes", title: "Episodes", descendingFirst: true, value: (run) => run.episodes ?? 0 },
];
const ORDER = new Intl.Collator("en", { numeric: true });

/** The names that the table can be sorted by, with such columns of the configuration. */
export function runOrders(configColumns) {
  return [...COLUMNS.map(({ name }) => name), ...configColumns.map((key) => CONFIG + key)];
}

/** How long a run took or has been going: a dead one ended with its last heartbeat. */
export function runSeconds(run, now) {
  if (!Number.isFinite(run.started_at)) return null;
  const open = run.status === "running" ? now : run.heartbeat_at;
  return Math.max(0, (run.finished_at ?? open ?? run.started_at) - run.started_at);
}

/** The runs that fit a search, in the wanted order; those that have nothing in that column come last. */
export function selectRuns(runs, text, sort) {
  const terms = parseSearch(text);
  const value = valueOf(sort.name);
  const sign = sort.descending ? -1 : 1;
  const order = (a, b) => Number(isMissing(a)) - Number(isMissing(b)) || (isMissing(a) ? 0 : sign * compare(a, b));
  const found = runs.filter((run) => fits(run, terms)).map((run) => ({ run, value: value(run) }));
  found.sort((a, b) => order(a.value, b.value) || ORDER.compare(a.run.run_id, b.run.run_id));
  return found.map(({ run }) => run);
}

/** A status as sign and word, told apart without colour. */
export function statusMark(status) {
  return h("span", { class: `status ${status}` }, h("span", { class: "dot", "aria-hidden": "true" }, SIGNS[status] ?? "·"), status);
}

/** The sign of a run in the colour that it has in all charts, with its number where there are several. */
export function chip(hue, tag) {
  return h("span", { class: hue === undefined ? "chip" : `chip hue-${hue}`, "aria-hidden": "true" }, tag ?? "");
}

/** How long a run took; of a running one it goes on. */
export function lasting(run) {
  const text = duration(runSeconds(run, Date.now() / 1000) ?? NaN);
  return run.status === "running" ? h("span", { "data-ticking": run.run_id }, text) : text;
}

/**
 * The table of runs. Its rows stay, and only what differs is written; `onSelect(id, isOn)` is told of a
 * tick, `onSelectAll(isOn)` of the one for all rows, `onSeen(ids)` which rows have come into sight.
 */
export class RunTable {
  #rows = new Map();
  #seen = new Set();
  #head = "";

  constructor({ onSelect, onSelectAll, onSort, onSeen }) {
    this.on = { onSelect, onSelectAll, onSort, onSeen };
    this.all = h("input", { type: "checkbox", "aria-label": "Select all listed runs", change: () => onSelectAll(this.all.checked) });
    this.head = h("tr", {});
    this.body = h("tbody", { click: (event) => this.#follow(event), keydown: moveBetweenRows });
    this.element = h("table", { class: "rows runs" }, h("thead", {}, this.head), this.body);
    this.sight = new IntersectionObserver((changes) => this.#sighted(changes));
  }

  /** Shows runs with their losses; `marks` has hue and tag of those selected, `columns` are keys of configurations. */
  update({ runs, route, sort, marks, columns, spark }) {
    this.#updateHead(sort, columns);
    const ids = new Set(runs.map(({ run_id: id }) => id));
    for (const [id, row] of this.#rows) if (!ids.has(id)) this.#drop(id, row);
    const now = Date.now() / 1000;
    runs.forEach((run, place) => {
      const row = this.#row(run.run_id);
      this.#fill(row, run, { route, now, mark: marks.get(run.run_id), columns, spark: spark(run.run_id) });
      if (this.body.children[place] !== row.element) this.body.insertBefore(row.element, this.body.children[place] ?? null);
    });
    const chosen = runs.filter(({ run_id: id }) => marks.has(id)).length;
    this.all.checked = chosen > 0 && chosen === runs.length;
    this.all.indeterminate = chosen > 0 && chosen < runs.length;
  }

  /** Lets the durations of running runs go on. */
  tick() {
    const now = Date.now() / 1000;
    for (const { run, cells } of this.#rows.values()) {
      if (run.status === "running") setText(cells.duration, duration(runSeconds(run, now) ?? NaN));
    }
  }

  #updateHead(sort, columns) {
    const key = JSON.stringify([sort, columns]);
    if (key === this.#head) return;
    this.#head = key;
    const focused = this.head.contains(document.activeElement) ? document.activeElement.closest("th").dataset.column : null;
    const heads = COLUMNS.map((column) => headCell(column, sort, this.on.onSort));
    heads.splice(3, 0, h("th", { scope: "col" }, h("span", { class: "hidden-text" }, "Loss over the run")));
    const config = columns.map((name) => headCell({ name: CONFIG + name, title: name, descendingFirst: false }, sort, this.on.onSort));
    this.head.replaceChildren(h("th", { scope: "col", class: "pick" }, this.all), ...heads, ...config);
    if (focused) this.head.querySelector(`[data-column="${CSS.escape(focused)}"] :is(button, input)`)?.focus({ preventScroll: true });
  }

  #row(id) {
    if (this.#rows.has(id)) return this.#rows.get(id);
    const pick = h("input", { type: "checkbox", "aria-label": `Select ${id}`, change: () => this.on.onSelect(id, pick.checked) });
    const sign = h("span", { class: "sign" });
    const link = h("a", { title: id }, id);
    const under = h("span", { class: "under" });
    const names = ["duration", "loss", "spark", "started", "steps", "episodes"];
    const cells = Object.fromEntries(names.map((name) => [name, h("td", { class: name === "spark" ? "spark" : "number" })]));
    const path = svg("path", {});
    cells.spark.append(svg("svg", { viewBox: `0 0 ${SPARK.width} ${SPARK.height}`, width: SPARK.width, height: SPARK.height, "aria-hidden": "true" }, path));
    const episodes = h("a", { title: "Watch them" });
    cells.episodes.append(episodes);
    const element = h("tr", { "data-run": id }, h("td", { class: "pick" }, pick),
      h("th", { scope: "row" }, h("span", { class: "name" }, sign, link), under), ...names.map((name) => cells[name]));
    const row = { element, pick, sign, link, under, cells, episodes, path, config: [], state: "", run: {} };
    this.#rows.set(id, row);
    this.sight.observe(element);
    return row;
  }

  #fill(row, run, { route, now, mark, columns, spark }) {
    row.run = run;
    const { q, sort, cols, smooth, log, x, metrics, open } = route;
    const href = formatRoute({ room: "runs", q, sort, cols, smooth, log, x, metrics, open, run: run.run_id });
    if (row.link.getAttribute("href") !== href) row.link.setAttribute("href", href);
    setText(row.cells.duration, duration(runSeconds(run, now) ?? NaN));
    setText(row.cells.started, ago(run.started_at, now));
    const state = JSON.stringify([run, mark, columns, spark.length, spark.at(-1)]);
    if (state === row.state) return;
    row.state = state;
    row.element.classList.toggle("chosen", mark !== undefined);
    row.pick.checked = mark !== undefined;
    row.element.className = mark === undefined ? "" : `chosen hue-${mark.hue}`;
    row.sign.replaceChildren(chip(mark?.hue, mark?.tag));
    if (mark !== undefined) row.link.setAttribute("aria-current", "true");
    else row.link.removeAttribute("aria-current");
    row.under.replaceChildren(statusMark(run.status), ...(run.tags ?? []).map((tag) => h("span", { class: "tag" }, tag)));
    row.cells.started.title = moment(run.started_at);
    setText(row.cells.loss, run.loss === undefined ? "" : number(run.loss));
    row.cells.loss.classList.toggle("lost", typeof run.loss === "string");
    setText(row.cells.steps, count(run.steps));
    row.episodes.hidden = !(run.episodes > 0);
    row.episodes.setAttribute("href", formatRoute({ room: "replay", run: run.run_id }));
    row.episodes.setAttribute("aria-label", `${plural(run.episodes, "episode")} of ${run.run_id}`);
    setText(row.episodes, count(run.episodes));
    row.path.setAttribute("d", sparkPath(spark, SPARK.width, SPARK.height));
    const config = new Map(flatten(run.config));
    for (const cell of row.config) cell.remove();
    row.config = columns.map((key) => h("td", { class: "number config-cell", title: configText(config.get(key)) }, configText(config.get(key)) || "–"));
    row.element.append(...row.config);
  }

  #drop(id, row) {
    this.sight.unobserve(row.element);
    row.element.remove();
    this.#rows.delete(id);
    this.#seen.delete(id);
  }

  #sighted(changes) {
    for (const { target, isIntersecting } of changes) this.#seen[isIntersecting ? "add" : "delete"](target.dataset.run);
    this.on.onSeen([...this.#seen]);
  }

  /** A press anywhere in a row opens its run, one with ctrl or ⌘ selects it with the others. */
  #follow(event) {
    if (event.target.closest("a, input") !== null) return;
    const row = event.target.closest("tr");
    if (event.target.closest(".pick") !== null || event.ctrlKey || event.metaKey) row?.querySelector("input").click();
    else if (getSelection().isCollapsed) row?.querySelector("a").click();
  }
}

function valueOf(name) {
  if (!name.startsWith(CONFIG)) return COLUMNS.find((column) => column.name === name).value;
  const key = name.slice(CONFIG.length);
  return (run) => flatten(run.config).find(([each]) => each === key)?.[1] ?? null;
}

function isMissing(value) {
  return value === null || value === undefined;
}

function compare(a, b) {
  return typeof a === "number" && typeof b === "number" ? a - b : ORDER.compare(configText(a), configText(b));
}
