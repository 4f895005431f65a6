import assert from "node:assert/strict";
import { test } from "node:test";
import { MetricRows } from "../../Web/runs/metrics.js";

/** A server with pages of two rows, which notes what it is asked for. */
function pages(stored) {
  const asked = [];
  const query = async ({ cursor }) => {
    asked.push(cursor);
    const from = Number(cursor ?? 0);
    const rows = stored.slice(from, from + 2);
    return stored.length > from + 2 ? { rows, cursor: String(from + 2) } : { rows };
  };
  return { asked, query };
}

test("all pages are read, then only the last one again", async () => {
  const stored = [1, 2, 3, 4, 5];
  const { asked, query } = pages(stored);
  const metrics = new MetricRows("run", { query });
  assert.equal(await metrics.refresh(), true);
  assert.deepEqual(metrics.rows, stored);
  assert.equal(await metrics.refresh(), false);
  stored.push(6, 7);
  assert.equal(await metrics.refresh(), true);
  assert.deepEqual(metrics.rows, [1, 2, 3, 4, 5, 6, 7]);
  assert.deepEqual(asked, [undefined, "2", "4", "4", "4", "6"]);
});

test("a run without metrics has none", async () => {
  const metrics = new MetricRows("run", pages([]));
  assert.equal(await metrics.refresh(), false);
  assert.deepEqual(metrics.rows, []);
});

test("reading stops at its bound and says so", async () => {
  const { asked, query } = pages([1, 2, 3, 4, 5, 6, 7]);
  const metrics = new MetricRows("run", { query, most: 4 });
  await metrics.refresh();
  assert.deepEqual(metrics.rows, [1, 2, 3, 4]);
  assert.equal(metrics.isCut, true);
  await metrics.refresh();
  assert.equal(asked.length, 2);
});
