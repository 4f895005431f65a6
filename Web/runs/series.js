/** Metric rows as lines: one for each metric and phase, in the order in which they first appear. */
export function groupSeries(rows) {
  const metrics = new Map();
  for (const row of rows) {
    if (!metrics.has(row.metric_name)) metrics.set(row.metric_name, new Map());
    const lines = metrics.get(row.metric_name);
    const phase = row.phase ?? "";
    if (!lines.has(phase)) lines.set(phase, { phase, points: [], nonFinite: 0 });
    addPoint(lines.get(phase), row);
  }
  return [...metrics].map(([name, lines]) => ({ name, lines: [...lines.values()].map(sorted) }));
}

/** At most `most` points that keep the shape: the lowest and highest of each stretch, and both ends. */
export function thin(points, most) {
  if (points.length <= most) return points;
  const buckets = Math.floor((most - 2) / 2);
  const inner = points.length - 2;
  const kept = [points[0]];
  for (let bucket = 0; bucket < buckets; bucket += 1) {
    const from = 1 + Math.floor((bucket * inner) / buckets);
    const to = 1 + Math.floor(((bucket + 1) * inner) / buckets);
    kept.push(...extremes(points, from, to));
  }
  kept.push(points.at(-1));
  return kept;
}

/** Round numbers that divide a range into about n parts. */
export function ticks(low, high, n) {
  const span = high - low;
  if (!(span > 0)) return [low];
  const rough = span / n;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5, 10].find((factor) => factor * power >= rough) ?? 10);
  const marks = [];
  for (let k = Math.ceil(low / step); k * step <= high + step * 1e-9; k += 1) marks.push(Number((k * step).toPrecision(12)));
  return marks;
}

/** The smallest box around all lines; a flat one gets some height. */
export function bounds(lines) {
  const box = { x0: Infinity, x1: -Infinity, y0: Infinity, y1: -Infinity };
  for (const { points } of lines) {
    for (const [x, y] of points) {
      box.x0 = Math.min(box.x0, x);
      box.x1 = Math.max(box.x1, x);
      box.y0 = Math.min(box.y0, y);
      box.y1 = Math.max(box.y1, y);
    }
  }
  if (box.x0 === Infinity) return null;
  if (box.y0 === box.y1) {
    const half = Math.abs(box.y0) * 0.1 || 1;
    box.y0 -= half;
    box.y1 += half;
  }
  if (box.x0 === box.x1) box.x1 += 1;
  return box;
}

/** The point whose x is nearest, or null. */
export function nearest(points, x) {
  if (points.length === 0) return null;
  let low = 0;
  let high = points.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (points[middle][0] <= x) low = middle;
    else high = middle;
  }
  return Math.abs(points[low][0] - x) <= Math.abs(points[high][0] - x) ? points[low] : points[high];
}

function addPoint(line, row) {
  if (typeof row.metric_value === "number" && Number.isFinite(row.metric_value)) {
    line.points.push([row.step ?? row.epoch_number ?? row.round_number ?? line.points.length, row.metric_value]);
  } else {
    line.nonFinite += 1;
  }
}

function sorted(line) {
  const ordered = line.points.every((point, index) => index === 0 || line.points[index - 1][0] <= point[0]);
  if (!ordered) line.points.sort((a, b) => a[0] - b[0]);
  return line;
}

function extremes(points, from, to) {
  let lowest = from;
  let highest = from;
  for (let index = from; index < to; index += 1) {
    if (points[index][1] < points[lowest][1]) lowest = index;
    if (points[index][1] > points[highest][1]) highest = index;
  }
  if (lowest === highest) return [points[lowest]];
  return lowest < highest ? [points[lowest], points[highest]] : [points[highest], points[lowest]];
}
