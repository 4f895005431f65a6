import assert from "node:assert/strict";
import { test } from "node:test";
import { around, ending, frameURL, positionOf, runningReturns, spread } from "../../Web/runs/steps.js";

test("a reference names a picture", () => {
  assert.equal(frameURL("h5://run-1/frames/17"), "/frames/run-1/frames/17.png");
  assert.equal(frameURL("h5://r/observations.rgb/0", 96), "/frames/r/observations.rgb/0.png?size=96");
});

test("what is no reference names none", () => {
  for (const bad of [null, undefined, "", "h5://r/frames/01", "h5://r/frames/-1", "h5://../frames/1", "x h5://r/frames/1", "h5://r/frames/1?x"]) {
    assert.equal(frameURL(bad), null);
  }
});

test("returns run up", () => {
  assert.deepEqual(runningReturns([{ reward: 1 }, { reward: -0.5 }, { reward: 0 }]), [1, 0.5, 0.5]);
});

test("positions are spread evenly with both ends", () => {
  assert.deepEqual(spread(3, 10), [0, 1, 2]);
  assert.deepEqual(spread(101, 5), [0, 25, 50, 75, 100]);
});

test("a step index is found where it is, or after its gap", () => {
  const steps = [{ step_index: 0 }, { step_index: 1 }, { step_index: 5 }];
  assert.equal(positionOf(steps, 1), 1);
  assert.equal(positionOf(steps, 3), 2);
  assert.equal(positionOf(steps, 99), 2);
  assert.equal(positionOf([], 3), 0);
});

test("frames around a position stay inside the episode, the nearest first", () => {
  assert.deepEqual(around(1, 4, 3, 2), [1, 2, 0, 3]);
  assert.deepEqual(around(0, 1, 3, 2), [0]);
});

test("an episode says how it stands", () => {
  assert.equal(ending({ terminated: true, truncated: false }), "terminated");
  assert.equal(ending({ terminated: false, truncated: true }), "truncated");
  assert.equal(ending({ finished: true }), "finished");
  assert.equal(ending({}), "open");
});
