import assert from "node:assert/strict";
import { test } from "node:test";
import { extent, linesOf, nearestIndex, pointAt, rateLines, sparkPath, splice, spliced, valueRange } from "../../Web/runs/series.js";

const series = (run_id, x, last, more = {}) => ({ key: { run_id, metric_name: "loss" }, x_axis: "step", x, min: last.map(finite), max: last.map(finite), last, count: x.length, ...more });
const finite = (value) => (typeof value === "number" ? value : null);
const line = (...args) => linesOf([series(...args)])[0];

test("series become lines with gaps and marks where a value is not finite", () => {
  const [found] = linesOf([series("a", [1, 2, 3, 4], [0.5, "NaN", "Infinity", "-Infinity"])]);
  assert.deepEqual([...found.last], [0.5, NaN, NaN, NaN]);
  assert.deepEqual([...found.low], [0.5, NaN, NaN, NaN]);
  assert.deepEqual(found.marks, [{ index: 1, value: "NaN" }, { index: 2, value: "Infinity" }, { index: 3, value: "-Infinity" }]);
  assert.equal(found.phase, "");
  assert.deepEqual(linesOf([series("a", [], [])]), []);
});

test("time since the start is another one for each run", () => {
  const starts = { a: 100, b: 200 };
  const lines = linesOf([series("a", [101, 102], [1, 2]), series("b", [201, 203], [1, 2])], (id) => starts[id]);
  assert.deepEqual(lines.map(({ x }) => [...x]), [[1, 2], [1, 3]]);
});

test("a stretch in detail takes the place of the coarse one, marks too", () => {
  const coarse = line("a", [0, 10, 20, 30], ["NaN", 1, 2, "NaN"]);
  const detail = line("a", [9, 10, 11, 12], [5, "NaN", 7, 8]);
  const whole = splice(coarse, detail, 8, 22);
  assert.deepEqual([...whole.x], [0, 9, 10, 11, 12, 30]);
  assert.deepEqual([...whole.last], [NaN, 5, NaN, 7, 8, NaN]);
  assert.deepEqual(whole.marks.map(({ index }) => index), [0, 2, 5]);
});

test("lines without detail stay, lines only in detail come", () => {
  const lines = spliced([line("a", [0, 9], [1, 2]), line("b", [0, 9], [3, 4])], [line("a", [4, 5], [7, 7]), line("c", [4], [1])], 3, 6);
  assert.deepEqual(lines.map(({ run, x }) => [run, [...x]]), [["a", [0, 4, 5, 9]], ["b", [0, 9]], ["c", [4]]]);
});

test("rates are samples by seconds of the same operation", () => {
  const [rate] = rateLines([line("a", [1, 2, 3], [10, 20, 30])], [line("a", [1, 3], [2, 0])]);
  assert.deepEqual([...rate.last], [5, NaN, NaN]);
  assert.deepEqual(rateLines([line("a", [1], [1])], []), []);
});

test("the extent is that of all lines, a single point gets some room", () => {
  assert.deepEqual(extent([line("a", [3, 8], [1, 1]), line("b", [5, 12], [1, 1])]), { from: 3, to: 12 });
  assert.deepEqual(extent([line("a", [3], [1])]), { from: 2.5, to: 3.5 });
  assert.equal(extent([]), null);
});

test("the values in sight make the range", () => {
  const lines = [line("a", [0, 1, 2, 3, 4], [100, 100, 2, 1, 100]), line("b", [2, 3], [1.5, "NaN"])];
  const all = valueRange(lines, 0, 4, false);
  assert.ok(all.low < 1 && all.high > 100);
  const part = valueRange([line("a", [0, 1, 2, 3], [50, 2, 1, 2])], 1.5, 3, false);
  assert.ok(part.high < 3, "what lies further outside does not count");
  assert.equal(valueRange([line("a", [1], ["NaN"])], 0, 4, false), null);
});

test("a flat line has some height, a range from above 0 does not begin below it", () => {
  const flat = valueRange([line("a", [1, 2], [5, 5])], 1, 2, false);
  assert.ok(flat.low < 5 && flat.high > 5);
  assert.equal(valueRange([line("a", [1, 2], [0.01, 9])], 1, 2, false).low, 0);
  assert.equal(valueRange([line("a", [1, 2], [60, 70])], 1, 2, false, true).low, 0);
});

test("a log range has only values above 0", () => {
  const range = valueRange([line("a", [1, 2, 3], [-5, 0.01, 10])], 1, 3, true);
  assert.ok(range.low > 0 && range.low <= 0.01 && range.high >= 10);
  assert.equal(valueRange([line("a", [1], [-5])], 0, 3, true), null);
});

test("the nearest x is found on both sides and at the ends", () => {
  const x = Float64Array.of(0, 10, 20);
  assert.deepEqual([-5, 4, 6, 14, 16, 99].map((at) => nearestIndex(x, at)), [0, 0, 1, 1, 2, 2]);
  assert.equal(nearestIndex(new Float64Array(), 1), -1);
});

test("a point tells its value as it was logged, and none where the line has ended", () => {
  const found = line("a", [0, 10, 20], [1, "NaN", 3]);
  assert.equal(pointAt(found, 11, 1).value, "NaN");
  assert.equal(pointAt(found, 19, 1).value, 3);
  assert.equal(pointAt(found, 25, 1), null);
  assert.equal(pointAt(found, 20.5, 1).x, 20);
});

test("a small picture has gaps where values are missing", () => {
  assert.equal(sparkPath([0, 1], 10, 10), "M1.0 9.0L9.0 1.0");
  assert.equal(sparkPath([0, NaN, 1, 1], 10, 10).match(/M/g).length, 2);
  assert.equal(sparkPath([1], 10, 10), "");
  assert.ok(!sparkPath([2, 2, 2], 10, 10).includes("NaN"));
});
