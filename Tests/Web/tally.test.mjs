import assert from "node:assert/strict";
import { test } from "node:test";
import { effect, perHour, withEffects } from "../../Web/label/tally.js";

const stats = { total: 10, labels: { tool: { labeled: 4, yes: 2 }, view: { labeled: 0, yes: 0 } }, splits: { test: 1 } };

test("answers count at once, and an undo takes them away again", () => {
  const yes = effect({ method: "labels.set", params: { labels: { tool: 1 } } });
  const no = effect({ method: "labels.set", params: { labels: { tool: 0 } } });
  const back = effect({ method: "labels.undo", params: {}, note: { tool: 1 } });
  assert.deepEqual(withEffects(stats, [yes, no]).labels.tool, { labeled: 6, yes: 3 });
  assert.deepEqual(withEffects(stats, [yes, back]).labels.tool, { labeled: 4, yes: 2 });
  assert.deepEqual(withEffects(stats, [yes]).labels.view, { labeled: 0, yes: 0 });
});

test("skips, erased labels and undos of unknown answers change no count", () => {
  const effects = [
    effect({ method: "labels.skip", params: {} }),
    effect({ method: "labels.set", params: { labels: { tool: null } } }),
    effect({ method: "labels.undo", params: {}, note: null }),
  ];
  assert.deepEqual(withEffects(stats, effects), stats);
});

test("the server's counts are not changed in place", () => {
  const before = structuredClone(stats);
  withEffects(stats, [effect({ method: "labels.set", params: { labels: { tool: 1 } } })]);
  assert.deepEqual(stats, before);
});

test("speed is told from the last ten minutes, and only when there is something to tell", () => {
  assert.equal(perHour([1, 2, 3, 4], 5), null);
  const steady = Array.from({ length: 61 }, (_, i) => i * 2);
  assert.equal(perHour(steady, 120), 1800);
  assert.equal(perHour(steady, 100_000), null);
});
