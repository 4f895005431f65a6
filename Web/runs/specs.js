import { title } from "../format.js";
import { fitsFilter } from "./view.js";

const TRAINING = "training_metrics";
const RESOURCE = "resource_metrics";
const GENERATION = "generation_metrics";
const ORDER = new Intl.Collator("en", { numeric: true });
const TYPES = ["cpu", "ram", "gpu", "disk", "network"];
const KINDS = { step: "step", epoch_number: "epoch", timestamp: "relative" };
const COLUMNS = { step: "step", epoch: "epoch_number", time: "timestamp", relative: "timestamp" };
const LEAST_POINTS = 250;
const MOST_POINTS = 2000;
const MOST_IN_ALL = 24_000;

/** The charts that the listed metrics make, losses first, by name otherwise; `lines` is how many each will have. */
export function specsOf(metrics) {
  const specs = new Map();
  for (const metric of metrics) {
    for (const spec of specsOfMetric(metric)) {
      if (!specs.has(spec.key)) specs.set(spec.key, { ...spec, lines: 0 });
      specs.get(spec.key).lines += 1;
    }
  }
  return [...specs.values()].sort((a, b) => a.rank - b.rank || ORDER.compare(a.title, b.title));
}

/** Whether a chart fits the filter, by its metric's name or its title. */
export function isWanted(spec, filter) {
  return fitsFilter(`${spec.name} ${spec.title}`, filter);
}

/** What to ask for the whole of a chart's lines; of rates, the samples and the seconds. */
export function wholeQueries(spec, runIDs, { axis, smoothing }, pixels) {
  const x = spec.table === TRAINING ? (axis === "step" ? undefined : COLUMNS[axis]) : "timestamp";
  return (spec.values ?? [undefined]).map((value) => query(spec, runIDs, { x, smoothing, value }, pixels));
}

/** The same for a stretch of them; time since the start is another stretch of time for each run. */
export function zoomQueries(spec, runs, { zoom, smoothing }, pixels) {
  const air = (zoom.to - zoom.from) * 0.02;
  const x = COLUMNS[zoom.kind];
  const groups = zoom.kind === "relative" ? runs.map((run) => [[run.run_id], run.started_at]) : [[runs.map(({ run_id }) => run_id), 0]];
  return groups.flatMap(([runIDs, start]) => (spec.values ?? [undefined]).map((value) => ({
    ...query(spec, runIDs, { x, smoothing, value }, pixels),
    from: zoom.from - air + start,
    to: zoom.to + air + start,
  })));
}

/** What lies along the x-axis of an answer: what was asked for, or what most of the lines chose themselves. */
export function kindOf(spec, axis, series) {
  if (spec.table !== TRAINING) return axis === "time" ? "time" : "relative";
  if (axis !== "step") return axis;
  const votes = series.map(({ x_axis: own }) => KINDS[own]);
  return ["step", "epoch", "relative"].reduce((best, kind) => (times(votes, kind) > times(votes, best) ? kind : best));
}

/** The lines of an answer that lie along such an axis. */
export function ofKind(kind, series) {
  return series.filter(({ x_axis: own }) => own === COLUMNS[kind]);
}

/** The metric that stands for a run in the table: its loss, in training if it has phases; null without any. */
export function headline(metrics) {
  const losses = metrics.filter(({ table, metric_name: name }) => table === TRAINING && /loss/i.test(name));
  const rank = ({ metric_name: name, phase }) => (name === "loss" ? 0 : /^train/.test(name) ? 2 : 4) + (!phase || phase.startsWith("train") ? 0 : 1);
  return losses.reduce((best, metric) => (best === null || rank(metric) < rank(best) ? metric : best), null);
}

function specsOfMetric({ table, metric_name: name, metric_type: type, unit }) {
  if (table === TRAINING) return [{ key: `t ${name}`, table, name, title: name, unit: unit ?? "", group: "training", rank: /loss/i.test(name) ? 0 : 1 }];
  if (table === RESOURCE) {
    const place = TYPES.indexOf(type);
    return [{
      key: `r ${type} ${name}`, table, name, type, unit: unit ?? "", group: "resources",
      title: `${type.length <= 3 ? type.toUpperCase() : title(type)} ${name.replaceAll("_", " ")}`, rank: place < 0 ? TYPES.length : place,
    }];
  }
  if (table !== GENERATION) return [];
  return [
    { key: `g ${name}`, table, name, title: `${name} duration`, unit: "s", group: "operations", rank: 0 },
    { key: `s ${name}`, table, name, title: `${name} samples`, unit: "per s", group: "operations", rank: 0, values: ["samples_generated", "duration_seconds"] },
  ];
}

function query(spec, runIDs, { x, smoothing, value }, pixels) {
  const params = { table: spec.table, metric_name: spec.name, run_ids: runIDs, max_points: pointsFor(pixels, spec.lines) };
  if (spec.type !== undefined) params.where = { metric_type: spec.type };
  if (x !== undefined) params.x = x;
  if (value !== undefined) params.value = value;
  if (smoothing > 0 && spec.values === undefined) params.smoothing = smoothing;
  return params;
}

/** As many points as can be seen, a power of two above, fewer where there are many lines. */
function pointsFor(pixels, lines) {
  const wanted = 2 ** Math.ceil(Math.log2(Math.max(1, pixels)));
  return Math.round(Math.max(LEAST_POINTS, Math.min(MOST_POINTS, wanted * 2, MOST_IN_ALL / Math.max(1, lines))));
}

function times(votes, kind) {
  return votes.filter((vote) => vote === kind).length;
}
