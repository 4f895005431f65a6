/**
 * The server's series as lines to draw: x, the last, lowest and highest value of each bucket and the smoothed one as
 * typed arrays with NaN for gaps, and where a value is not finite. `startOf` says, for time since a run's start, when
 * that was.
 */
export function linesOf(series, startOf = () => 0) {
  return series.map(({ key, x_axis: axis, x, min, max, last, smoothed, count }) => {
    const start = startOf(key.run_id);
    return {
      run: key.run_id,
      phase: key.phase ?? "",
      axis,
      count,
      x: Float64Array.from(x, (value) => value - start),
      last: Float64Array.from(last, finite),
      low: Float64Array.from(min, finite),
      high: Float64Array.from(max, finite),
      smoothed: smoothed ? Float64Array.from(smoothed, finite) : null,
      marks: last.flatMap((value, index) => (typeof value === "string" ? [{ index, value }] : [])),
    };
  }).filter((line) => line.x.length > 0);
}

/** What a line is told from the others of its chart by. */
export function lineKey({ run, phase }) {
  return `${run}\n${phase}`;
}

/** A line with a stretch of it, from … to, in more detail. */
export function splice(coarse, detail, from, to) {
  const begin = lowerBound(coarse.x, from);
  const end = upperBound(coarse.x, to);
  const joined = (name) => concat(coarse[name].subarray(0, begin), detail[name], coarse[name].subarray(end));
  const behind = begin + detail.x.length;
  return {
    ...detail,
    count: coarse.count,
    x: joined("x"),
    last: joined("last"),
    low: joined("low"),
    high: joined("high"),
    smoothed: coarse.smoothed && detail.smoothed ? joined("smoothed") : null,
    marks: [
      ...coarse.marks.filter(({ index }) => index < begin),
      ...detail.marks.map(({ index, value }) => ({ index: index + begin, value })),
      ...coarse.marks.filter(({ index }) => index >= end).map(({ index, value }) => ({ index: index - end + behind, value })),
    ],
  };
}

/** All lines, those with more detail for a stretch with that; without any detail there, the line as it is. */
export function spliced(coarse, details, from, to) {
  const byKey = new Map(details.map((line) => [lineKey(line), line]));
  const known = new Set(coarse.map(lineKey));
  return [
    ...coarse.map((line) => (byKey.has(lineKey(line)) ? splice(line, byKey.get(lineKey(line)), from, to) : line)),
    ...details.filter((line) => !known.has(lineKey(line))),
  ];
}

/** The samples of each bucket's last operation by its seconds, as lines that have no band. */
export function rateLines(samples, durations) {
  const seconds = new Map(durations.map((line) => [lineKey(line), line]));
  return samples.flatMap((line) => {
    const by = seconds.get(lineKey(line));
    if (!by) return [];
    const last = line.last.map((value, index) => {
      const at = nearestIndex(by.x, line.x[index]);
      return by.x[at] === line.x[index] && by.last[at] > 0 ? value / by.last[at] : NaN;
    });
    return [{ ...line, last, low: last, high: last, smoothed: null, marks: [] }];
  });
}

/** The smallest and the largest x, or null. */
export function extent(lines) {
  let from = Infinity;
  let to = -Infinity;
  for (const { x } of lines) {
    from = Math.min(from, x[0]);
    to = Math.max(to, x[x.length - 1]);
  }
  if (from > to) return null;
  return from === to ? { from: from - 0.5, to: to + 0.5 } : { from, to };
}

/** The range of the values between two x, with some air, with 0 if wanted; on a logarithmic axis of those above 0. */
export function valueRange(lines, from, to, isLog, hasZero = false) {
  let low = Infinity;
  let high = -Infinity;
  const include = (value) => {
    if (!(isLog ? value > 0 : true)) return;
    if (value < low) low = value;
    if (value > high) high = value;
  };
  for (const { x, last, low: lows, high: highs, smoothed } of lines) {
    const end = Math.min(x.length, upperBound(x, to) + 1);
    for (let index = Math.max(0, lowerBound(x, from) - 1); index < end; index += 1) {
      const isInside = x[index] >= from && x[index] <= to;
      if (isInside) include(lows[index]);
      if (isInside) include(highs[index]);
      include(smoothed ? smoothed[index] : last[index]);
    }
  }
  if (low > high) return null;
  if (hasZero && !isLog) {
    low = Math.min(0, low);
    high = Math.max(0, high);
  }
  if (isLog) return low === high ? { low: low / 2, high: high * 2 } : { low: low / (high / low) ** 0.05, high: high * (high / low) ** 0.05 };
  const air = low === high ? Math.abs(low) * 0.1 || 1 : (high - low) * 0.05;
  return { low: low >= 0 && low - air < 0 ? 0 : low - air, high: high + air };
}

/** Where in a rising array the value lies that is nearest, or −1 where it is empty. */
export function nearestIndex(x, value) {
  const above = lowerBound(x, value);
  if (above === 0) return x.length === 0 ? -1 : 0;
  if (above === x.length) return x.length - 1;
  return x[above] - value < value - x[above - 1] ? above : above - 1;
}

/** The point of a line nearest to an x; null where the line is not near at all. */
export function pointAt(line, x, tolerance) {
  const index = nearestIndex(line.x, x);
  if (index < 0) return null;
  const ends = x < line.x[0] - tolerance || x > line.x[line.x.length - 1] + tolerance;
  if (ends) return null;
  return {
    index,
    x: line.x[index],
    value: line.marks.find((mark) => mark.index === index)?.value ?? line.last[index],
    low: line.low[index],
    high: line.high[index],
    smoothed: line.smoothed ? line.smoothed[index] : null,
  };
}

/** The values of a short line as the path of a picture of that size. */
export function sparkPath(values, width, height) {
  const seen = values.filter(Number.isFinite);
  if (seen.length < 2) return "";
  const low = Math.min(...seen);
  const span = Math.max(...seen) - low;
  const x = (index) => ((index / (values.length - 1)) * (width - 2) + 1).toFixed(1);
  const y = (value) => (span === 0 ? height / 2 : 1 + (1 - (value - low) / span) * (height - 2)).toFixed(1);
  let isGap = true;
  return values.map((value, index) => {
    if (!Number.isFinite(value)) {
      isGap = true;
      return "";
    }
    const step = `${isGap ? "M" : "L"}${x(index)} ${y(value)}`;
    isGap = false;
    return step;
  }).join("");
}

function finite(value) {
  return typeof value === "number" ? value : NaN;
}

function concat(...parts) {
  const whole = new Float64Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** The first place in a rising array whose value is not below. */
function lowerBound(x, value) {
  let low = 0;
  let high = x.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (x[middle] < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The first place in a rising array whose value is above. */
function upperBound(x, value) {
  let low = 0;
  let high = x.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (x[middle] <= value) low = middle + 1;
    else high = middle;
  }
  return low;
}
