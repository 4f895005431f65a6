import { indexOf, isNumeric, statistics } from "./values.js";

/** Differences are listed up to so many. */
export const LISTED = 20;

/**
 * What differs between two values. `facts` are rows `[what, left, right]`, `first` the first differences as `{where, left,
 * right}`; `count` says how many there are of `of`, or is null where the two can't be held against each other.
 */
export function diffValues(left, right) {
  if (left.kind !== right.kind) return { facts: [], first: [], count: null, of: null };
  return { array: diffArrays, table: diffTables, json: diffJSON }[left.kind](left, right);
}

function diffArrays(left, right) {
  const facts = [["dtype", left.dtype, right.dtype], ["shape", shapeText(left), shapeText(right)], ...statisticFacts("", left, right)];
  if (left.values === null || right.values === null || shapeText(left) !== shapeText(right)) return { facts, first: [], count: null, of: null };
  const { count, first, most } = diffRows(left.values, right.values, (place) => `[${indexOf(place, left.shape).join(", ")}]`);
  if (most > 0) facts.push(["largest difference", "", most]);
  return { facts, first, count, of: left.values.length };
}

function diffTables(left, right) {
  const facts = [["rows", left.rows, right.rows], ["columns", left.columns.length, right.columns.length]];
  const names = [...new Set([...left.columns, ...right.columns].map(({ name }) => name))];
  const first = [];
  let [count, of] = [0, 0];
  for (const name of names) {
    const [a, b] = [left, right].map(({ columns }) => columns.find((column) => column.name === name));
    facts.push([name, a?.type ?? null, b?.type ?? null]);
    if (!a || !b) continue;
    facts.push(...statisticFacts(`${name} `, a, b));
    const found = diffRows(a.values, b.values, (row) => `${name}, row ${row}`);
    count += found.count;
    of += Math.max(a.values.length, b.values.length);
    first.push(...found.first);
  }
  return { facts, first: first.slice(0, LISTED), count, of };
}

function diffJSON(left, right) {
  const first = [];
  let [count, of] = [0, 0];
  const walk = (a, b, path) => {
    const [isTree, isOtherTree] = [a, b].map((value) => value !== null && typeof value === "object");
    if (isTree && isOtherTree && Array.isArray(a) === Array.isArray(b)) {
      const keys = [...new Set([...Object.keys(a), ...Object.keys(b)])];
      for (const key of keys) walk(a[key], b[key], Array.isArray(a) ? `${path}[${key}]` : path === "" ? key : `${path}.${key}`);
      return;
    }
    of += 1;
    if (JSON.stringify(a) === JSON.stringify(b)) return;
    count += 1;
    if (first.length < LISTED) first.push({ where: path || "(all)", left: a, right: b });
  };
  walk(left.value, right.value, "");
  return { facts: [], first, count, of };
}

/** Element by element; NaN is the same as NaN, what only one side has differs. */
function diffRows(left, right, where) {
  const first = [];
  let [count, most] = [0, 0];
  for (let k = 0; k < Math.max(left.length, right.length); k += 1) {
    const [a, b] = [left[k], right[k]];
    if (a === b || (Number.isNaN(a) && Number.isNaN(b)) || (typeof a === "object" && a !== null && JSON.stringify(a) === JSON.stringify(b))) continue;
    count += 1;
    if (first.length < LISTED) first.push({ where: where(k), left: a, right: b });
    const distance = Math.abs(Number(a) - Number(b));
    if (a !== null && b !== null && distance > most) most = distance;
  }
  return { count, first, most };
}

function statisticFacts(prefix, left, right) {
  if (!isNumeric(left) || !isNumeric(right)) return [];
  const [a, b] = [statistics(left.values), statistics(right.values)];
  const rows = [["least", "low"], ["greatest", "high"], ["mean", "mean"], ["deviation", "deviation"]].map(([name, key]) => [prefix + name, a[key], b[key]]);
  if (a.other + b.other > 0) rows.push([`${prefix}missing or not finite`, a.other, b.other]);
  return rows;
}

function shapeText({ shape }) {
  return `[${shape.join(", ")}]`;
}
