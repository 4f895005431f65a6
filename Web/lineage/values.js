import { valuesOf } from "../arrays.js";

/** What a record's value is: an array, a table with its columns, or JSON. */
export function readValue(value) {
  if ("dtype" in value) return { kind: "array", dtype: value.dtype, shape: value.shape, values: valuesOf(value) };
  if ("table" in value) {
    const columns = Object.entries(value.table).sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, column]) => readColumn(name, column));
    return { kind: "table", columns, rows: Math.max(0, ...columns.map(({ values }) => values.length)) };
  }
  return { kind: "json", value: value.json };
}

/** A column: its numbers, or its values one by one, null where there is none. */
function readColumn(name, column) {
  if (Array.isArray(column)) return { name, type: "values", values: column };
  if ("codes" in column) {
    const texts = column.values;
    return { name, type: "text", values: Array.from(valuesOf(column.codes), (code) => texts[code] ?? null) };
  }
  if ("dtype" in column) return { name, type: column.dtype, values: valuesOf(column) };
  const [numbers, valid] = [valuesOf(column.values), valuesOf(column.valid)];
  return { name, type: column.values.dtype, values: Array.from(numbers, (value, k) => (valid[k] ? value : null)) };
}

/** Least, greatest, mean and standard deviation of the finite numbers, and how many are missing or not finite. */
export function statistics(values) {
  let [low, high, mean, square, count] = [Infinity, -Infinity, 0, 0, 0];
  for (const raw of values) {
    const value = raw === null ? NaN : Number(raw);
    if (!Number.isFinite(value)) continue;
    count += 1;
    if (value < low) low = value;
    if (value > high) high = value;
    // B. P. Welford: Note on a method for calculating corrected sums of squares and products, 1962.
    const delta = value - mean;
    mean += delta / count;
    square += delta * (value - mean);
  }
  if (count === 0) return { count, other: values.length, low: null, high: null, mean: null, deviation: null };
  return { count, other: values.length - count, low, high, mean, deviation: Math.sqrt(square / count) };
}

/** Whether statistics say something of a column's or an array's elements. */
export function isNumeric({ type, dtype, values }) {
  return (type ?? dtype) !== "bool" && values !== null && values.length > 0 && !["text", "values"].includes(type)
    || (type === "values" && values.length > 0 && values.every((value) => value === null || typeof value === "number"));
}

/** A value in a line: `float32 [3, 4]`, `table of 2 columns, 10 rows`, `JSON object of 3`. */
export function kindText(read) {
  if (read.kind === "array") return `${read.dtype} [${read.shape.join(", ")}]`;
  if (read.kind === "table") return `table of ${read.columns.length} ${read.columns.length === 1 ? "column" : "columns"}, ${read.rows} ${read.rows === 1 ? "row" : "rows"}`;
  const { value } = read;
  if (Array.isArray(value)) return `JSON list of ${value.length}`;
  return value !== null && typeof value === "object" ? `JSON object of ${Object.keys(value).length}` : `JSON ${value === null ? "null" : typeof value}`;
}

/** Where an element of an array is, by its place in the row of all. */
export function indexOf(place, shape) {
  const index = [];
  for (const extent of shape.toReversed()) {
    index.unshift(place % extent);
    place = Math.floor(place / extent);
  }
  return index;
}
