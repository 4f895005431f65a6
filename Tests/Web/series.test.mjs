import assert from "node:assert/strict";
import { test } from "node:test";
import { bounds, groupSeries, nearest, thin, ticks } from "../../Web/runs/series.js";

const row = (metric_name, step, metric_value, phase = null) => ({ metric_name, step, metric_value, phase });

test("rows become a line for each metric and phase, ordered by step", () => {
  const grouped = groupSeries([row("loss", 2, 0.5, "train"), row("loss", 1, 0.9, "train"), row("loss", 1, 1, "val"), row("acc", 1, 0.1)]);
  assert.deepEqual(grouped.map(({ name }) => name), ["loss", "acc"]);
  assert.deepEqual(grouped[0].lines.map(({ phase }) => phase), ["train", "val"]);
  assert.deepEqual(grouped[0].lines[0].points, [[1, 0.9], [2, 0.5]]);
});

test("values that are not finite are counted, not drawn", () => {
  const [{ lines }] = groupSeries([row("loss", 1, 1), row("loss", 2, null), row("loss", 3, "NaN")]);
  assert.deepEqual(lines[0].points, [[1, 1]]);
  assert.equal(lines[0].nonFinite, 2);
});

test("without a step, epoch, round or the order of arrival place a point", () => {
  const [{ lines }] = groupSeries([
    { metric_name: "loss", metric_value: 1, epoch_number: 5 },
    { metric_name: "loss", metric_value: 2, round_number: 6 },
  ]);
  assert.deepEqual(lines[0].points, [[5, 1], [6, 2]]);
  assert.deepEqual(groupSeries([{ metric_name: "a", metric_value: 1 }, { metric_name: "a", metric_value: 2 }])[0].lines[0].points, [[0, 1], [1, 2]]);
});

test("thinning keeps both ends, every spike, the order and the bound", () => {
  const points = Array.from({ length: 100_000 }, (_, x) => [x, Math.sin(x / 1000)]);
  points[54_321][1] = 99;
  points[12_345][1] = -99;
  const kept = thin(points, 2000);
  assert.ok(kept.length <= 2000);
  assert.deepEqual(kept[0], points[0]);
  assert.deepEqual(kept.at(-1), points.at(-1));
  assert.ok(kept.some(([, y]) => y === 99));
  assert.ok(kept.some(([, y]) => y === -99));
  assert.ok(kept.every(([x], i) => i === 0 || x > kept[i - 1][0]));
  assert.equal(thin(points.slice(0, 2000), 2000).length, 2000);
});

test("ticks are round numbers inside the range", () => {
  assert.deepEqual(ticks(0, 100, 5), [0, 20, 40, 60, 80, 100]);
  assert.deepEqual(ticks(0.13, 0.31, 3), [0.2, 0.3]);
  assert.deepEqual(ticks(-1, 1, 4), [-1, -0.5, 0, 0.5, 1]);
  assert.deepEqual(ticks(3, 3, 4), [3]);
});

test("a flat or single-point line still has a box, an empty one has none", () => {
  assert.deepEqual(bounds([{ points: [[1, 5]] }]), { x0: 1, x1: 2, y0: 4.5, y1: 5.5 });
  assert.equal(bounds([{ points: [] }]), null);
});

test("the nearest point is found on both sides and at the ends", () => {
  const points = [[0, 0], [10, 1], [20, 2]];
  assert.deepEqual(nearest(points, -5), [0, 0]);
  assert.deepEqual(nearest(points, 14), [10, 1]);
  assert.deepEqual(nearest(points, 16), [20, 2]);
  assert.deepEqual(nearest(points, 99), [20, 2]);
  assert.equal(nearest([], 1), null);
});
