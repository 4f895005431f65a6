import assert from "node:assert/strict";
import { test } from "node:test";
import { Summaries } from "../../Web/runs/summaries.js";

/** A server with a loss for each run, which notes what it is asked for. */
function serving(losses) {
  const asked = [];
  const ask = async (method, { run_ids: ids }) => {
    asked.push(`${method} ${ids.length}`);
    if (method === "metrics.list") {
      return { metrics: ids.filter((id) => id in losses).map((id) => ({ table: "training_metrics", run_id: id, metric_name: "loss", last: losses[id].at(-1), count: losses[id].length })) };
    }
    return { series: ids.map((id) => ({ key: { run_id: id }, last: losses[id] })) };
  };
  return { asked, ask };
}

test("losses are asked for a hundred runs at a time, once", async () => {
  const losses = Object.fromEntries(Array.from({ length: 150 }, (_, k) => [`r${k}`, [k]]));
  const { asked, ask } = serving(losses);
  const summaries = new Summaries({ onChange: () => {}, ask });
  assert.equal(summaries.loss("r7"), undefined);
  await summaries.know([...Object.keys(losses), "without"]);
  assert.equal(summaries.loss("r7"), 7);
  assert.equal(summaries.loss("without"), null);
  await summaries.know(Object.keys(losses));
  assert.deepEqual(asked, ["metrics.list 100", "metrics.list 51"]);
});

test("only rows in sight have a picture, drawn again when there is more", async () => {
  const losses = { a: [3, "NaN"], b: [1] };
  const { asked, ask } = serving(losses);
  const changes = [];
  const summaries = new Summaries({ onChange: (ids) => changes.push(ids), ask, pause: 0 });
  await summaries.know(["a", "b"]);
  await summaries.see(["a"]);
  assert.deepEqual(summaries.spark("a"), [3, NaN]);
  assert.deepEqual(summaries.spark("b"), []);
  losses.a.push(1);
  await summaries.changed(["a", "unknown"]);
  assert.equal(summaries.loss("a"), 1);
  assert.deepEqual(summaries.spark("a"), [3, NaN, 1]);
  assert.deepEqual(asked, ["metrics.list 2", "metrics.series 1", "metrics.list 1", "metrics.series 1"]);
  assert.deepEqual(changes, [["a", "b"], ["a"], ["a"], ["a"]]);
});

test("a picture does not follow every value", async () => {
  const losses = { a: [3, 2] };
  const { asked, ask } = serving(losses);
  const summaries = new Summaries({ onChange: () => {}, ask, pause: 60_000 });
  await summaries.know(["a"]);
  await summaries.see(["a"]);
  losses.a.push(1);
  await summaries.changed(["a"]);
  assert.equal(summaries.loss("a"), 1);
  assert.deepEqual(asked, ["metrics.list 1", "metrics.series 1", "metrics.list 1"]);
});

test("what failed is asked for again", async () => {
  let isDown = true;
  const summaries = new Summaries({ onChange: () => {}, ask: async () => {
    if (isDown) throw new Error("down");
    return { metrics: [] };
  } });
  await summaries.know(["a"]);
  assert.equal(summaries.loss("a"), undefined);
  isDown = false;
  await summaries.know(["a"]);
  assert.equal(summaries.loss("a"), null);
});
