/**
 * For each pixel column of a curve its least, greatest and last value among the points that fall there; columns without
 * a point are left out, values that are no numbers too.
 */
export function columns(indices, values, first, last, width) {
  const found = [];
  const wide = last > first ? (width - 1) / (last - first) : 0;
  for (let k = 0; k < indices.length; k += 1) {
    const value = values[k];
    if (!Number.isFinite(value)) continue;
    const x = Math.round((indices[k] - first) * wide);
    const column = found.at(-1);
    if (column?.x !== x) found.push({ x, low: value, high: value, last: value });
    else {
      column.low = Math.min(column.low, value);
      column.high = Math.max(column.high, value);
      column.last = value;
    }
  }
  return found;
}

/** The least and the greatest of several rows of columns, with zero among them; a single value gets room. */
export function rangeOf(rows) {
  let [low, high] = [0, 0];
  for (const row of rows) {
    for (const column of row) {
      low = Math.min(low, column.low);
      high = Math.max(high, column.high);
    }
  }
  return high > low ? { low, high } : { low: low - 1, high: high + 1 };
}
