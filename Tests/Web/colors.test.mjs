import assert from "node:assert/strict";
import { test } from "node:test";
import { assignHues, byPhase, dashOf, HUES } from "../../Web/runs/colors.js";

const order = Array.from({ length: 20 }, (_, k) => `run-${k}`);
const hues = (...args) => Object.fromEntries(assignHues(order, ...args));

test("a run has its hue by its place, whatever else is selected", () => {
  assert.deepEqual(hues(["run-0", "run-3"]), { "run-0": 1, "run-3": 4 });
  assert.deepEqual(hues(["run-3"]), { "run-3": 4 });
  assert.deepEqual(Object.fromEntries(assignHues([...order, "newer"], ["run-3"])), { "run-3": 4 });
});

test("two runs that would have the same get different ones, the first keeps its own", () => {
  assert.deepEqual(hues(["run-0", "run-8", "run-1"]), { "run-0": 1, "run-8": 2, "run-1": 3 });
});

test("what has a hue keeps it while others come and go", () => {
  const before = assignHues(order, ["run-0", "run-8"]);
  assert.deepEqual(hues(["run-8"], before), { "run-8": 2 });
  assert.deepEqual(hues(["run-8", "run-0"], before), { "run-8": 2, "run-0": 1 });
});

test("as many runs as there are hues all differ, more repeat", () => {
  assert.equal(new Set(Object.values(hues(order.slice(5, 5 + HUES)))).size, HUES);
  const all = assignHues(order, order);
  assert.equal(all.size, 20);
  assert.ok([...all.values()].every((hue) => hue >= 1 && hue <= HUES));
});

test("a run that is not listed has one too", () => {
  assert.ok(hues(["elsewhere"]).elsewhere >= 1);
});

test("phases differ by dash, train is solid and comes first", () => {
  assert.deepEqual(dashOf("train"), []);
  assert.deepEqual(dashOf(""), []);
  assert.notDeepEqual(dashOf("val"), dashOf("test"));
  assert.ok(dashOf("anything").length > 0);
  assert.deepEqual(["test", "other", "val", "train"].sort(byPhase), ["train", "val", "test", "other"]);
});
