/** What may lie along the x-axis of a chart. */
export const AXES = ["step", "epoch", "time", "relative"];

/** More runs than this are not drawn at once; it is also what the server answers at most. */
export const MOST_RUNS = 100;

const NONE = "-";
const RUN_ID = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;

/** How the charts are shown, from the address. */
export function viewOf(route) {
  return {
    smoothing: parseSmoothing(route.smooth),
    isLog: route.log === "1",
    axis: AXES.includes(route.x) ? route.x : AXES[0],
    zoom: parseZoom(route.zoom),
    filter: route.metrics ?? "",
    open: new Set((route.open ?? "").split(",").filter(Boolean)),
  };
}

/** The runs that an address names: null where it leaves the choice to the room, [] where nobody wants any. */
export function parseSelection(text) {
  if (text === undefined || text === null || text === "") return null;
  if (text === NONE) return [];
  return [...new Set(text.split(","))].filter((id) => RUN_ID.test(id)).slice(0, MOST_RUNS);
}

/** What stands among the runs of an address and can be no run's name. */
export function notRuns(text) {
  return text === NONE ? [] : (text ?? "").split(",").filter((id) => id !== "" && !RUN_ID.test(id));
}

/** A selection as text for the address. */
export function formatSelection(ids) {
  return ids.length === 0 ? NONE : ids.slice(0, MOST_RUNS).join(",");
}

/** The selection after one run was put in or taken out; what comes last goes behind what is there. */
export function toggled(ids, id, isOn) {
  const others = ids.filter((each) => each !== id);
  return isOn ? [...others, id] : others;
}

/** A part of an x-axis, `step:120..300`; null for all of it. */
export function parseZoom(text) {
  const [kind, range] = (text ?? "").split(":");
  const [from, to] = (range ?? "").split("..").map(Number);
  return AXES.includes(kind) && Number.isFinite(from) && Number.isFinite(to) && from < to ? { kind, from, to } : null;
}

/** The same as text, with no more digits than can be seen. */
export function formatZoom({ kind, from, to }) {
  const digits = Math.max(0, Math.ceil(4 - Math.log10(to - from)));
  const text = (value) => String(Number(value.toFixed(Math.min(digits, 12))));
  return `${kind}:${text(from)}..${text(to)}`;
}

/** A weight for the past of at least 0 and less than 1. */
export function parseSmoothing(text) {
  const value = Number(text ?? 0);
  return value > 0 && value < 1 ? value : 0;
}

/** The names in `open` with one more or one less, as text for the address. */
export function formatOpen(open, name, isOpen) {
  const names = new Set(open);
  names[isOpen ? "add" : "delete"](name);
  return [...names].sort().join(",");
}

/** Whether every word of a filter is in a metric's name. */
export function fitsFilter(name, filter) {
  const hay = name.toLowerCase();
  return filter.toLowerCase().split(/\s+/).every((word) => hay.includes(word));
}
