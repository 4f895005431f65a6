import { h } from "../dom.js";
import { ago, count, duration, moment } from "../format.js";
import { formatRoute, nextSort } from "../route.js";

const SIGNS = { running: "▶", finished: "✓", failed: "✕", crashed: "!" };
const COLUMNS = [
  { name: "run_id", title: "Run", descendingFirst: false, value: (run) => run.run_id },
  { name: "started_at", title: "Started", descendingFirst: true, value: (run) => run.started_at ?? 0 },
  { name: "duration", title: "Duration", descendingFirst: true, value: (run) => runSeconds(run, Date.now() / 1000) ?? 0 },
  { name: "steps", title: "Steps", descendingFirst: true, value: (run) => run.steps ?? 0 },
  { name: "episodes", title: "Episodes", descendingFirst: true, value: (run) => run.episodes ?? 0 },
];
const ORDER = new Intl.Collator("en", { numeric: true });

/** The names that the table can be sorted by. */
export const RUN_ORDERS = COLUMNS.map(({ name }) => name);

/** How long a run took or has been going: a dead one ended with its last heartbeat. */
export function runSeconds(run, now) {
  if (!Number.isFinite(run.started_at)) return null;
  const open = run.status === "running" ? now : run.heartbeat_at;
  return Math.max(0, (run.finished_at ?? open ?? run.started_at) - run.started_at);
}

/** The runs whose id, tags, status or agent hold every word, in the wanted order. */
export function selectRuns(runs, text, sort) {
  const words = (text ?? "").toLowerCase().split(/\s+/).filter(Boolean);
  const found = runs.filter((run) => {
    const hay = [run.run_id, run.status, run.agent_id, run.worker_id, ...(run.tags ?? [])].join(" ").toLowerCase();
    return words.every((word) => hay.includes(word));
  });
  const { value } = COLUMNS.find(({ name }) => name === sort.name);
  const sign = sort.descending ? -1 : 1;
  return found.sort((a, b) => sign * compare(value(a), value(b)) || ORDER.compare(a.run_id, b.run_id));
}

/** A status as sign and word, told apart without colour. */
export function statusMark(status) {
  return h("span", { class: `status ${status}` }, h("span", { class: "dot", "aria-hidden": "true" }, SIGNS[status] ?? "·"), status);
}

/** The table of runs; the chosen one is marked, a press on a row chooses it. */
export function runsTable(runs, route, sort, shell) {
  const head = COLUMNS.map((column) => headCell(column, sort, (next) => shell.navigate({ ...route, sort: next }, { replace: true })));
  const body = h("tbody", {}, ...runs.map((run) => row(run, route)));
  body.addEventListener("click", (event) => {
    if (event.target.closest("a") === null) event.target.closest("tr")?.querySelector("a").click();
  });
  body.addEventListener("keydown", moveBetweenRows);
  return h("table", { class: "rows" }, h("thead", {}, h("tr", {}, ...head)), body);
}

/** A column's head: a button that sorts. */
export function headCell(column, sort, onSort) {
  const current = sort.name === column.name;
  const direction = sort.descending ? "descending" : "ascending";
  return h("th", { scope: "col", class: column.name === "run_id" || column.left ? null : "number", "aria-sort": current ? direction : null },
    h("button", { type: "button", class: "quiet", click: () => onSort(nextSort(sort, column.name, column.descendingFirst)) },
      column.title, h("span", { "aria-hidden": "true" }, current ? (sort.descending ? " ↓" : " ↑") : "")));
}

/** Arrow up and down move the focus between the links of a table's rows. */
export function moveBetweenRows(event) {
  const step = { ArrowDown: "nextElementSibling", ArrowUp: "previousElementSibling" }[event.key];
  const link = step && event.target.closest("tr")?.[step]?.querySelector("a");
  if (!link) return;
  event.preventDefault();
  link.focus();
}

function row(run, route) {
  const chosen = run.run_id === route.run;
  const { q, sort } = route;
  return h("tr", { class: chosen ? "chosen" : null, "data-run": run.run_id },
    h("th", { scope: "row" },
      h("a", { href: formatRoute({ room: "runs", q, sort, run: run.run_id }), "aria-current": chosen ? "true" : null }, run.run_id),
      h("span", { class: "under" }, statusMark(run.status), ...(run.tags ?? []).map((tag) => h("span", { class: "tag" }, tag)))),
    h("td", { class: "number", title: moment(run.started_at) }, ago(run.started_at, Date.now() / 1000)),
    h("td", { class: "number" }, duration(runSeconds(run, Date.now() / 1000) ?? NaN)),
    h("td", { class: "number" }, count(run.steps)),
    h("td", { class: "number" }, count(run.episodes)));
}

function compare(a, b) {
  return typeof a === "string" ? ORDER.compare(a, b) : a - b;
}
