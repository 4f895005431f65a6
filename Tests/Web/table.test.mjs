import assert from "node:assert/strict";
import { test } from "node:test";
import { runOrders, runSeconds, selectRuns } from "../../Web/runs/table.js";

const runs = [
  { run_id: "run-10", status: "finished", tags: ["atari"], started_at: 10, finished_at: 40, steps: 5, loss: 0.5, config: { lr: 0.01 } },
  { run_id: "run-9", status: "failed", tags: ["atari", "long"], started_at: 20, finished_at: 25, steps: 500, loss: "NaN", config: { lr: 0.001 } },
  { run_id: "other", status: "running", tags: null, agent_id: "Dqn", started_at: 30, steps: null, loss: 0.25 },
];
const names = (found) => found.map(({ run_id }) => run_id);
const select = (text, name, descending = false) => names(selectRuns([...runs], text, { name, descending }));

test("every term of the search must fit", () => {
  assert.deepEqual(select("ATARI long", "run_id"), ["run-9"]);
  assert.deepEqual(select("dqn", "run_id"), ["other"]);
  assert.deepEqual(select("atari crashed", "run_id"), []);
  assert.deepEqual(select("lr:0.001", "run_id"), ["run-9"]);
  assert.equal(select("", "run_id").length, 3);
});

test("names sort by the numbers in them", () => {
  assert.deepEqual(select("run-", "run_id"), ["run-9", "run-10"]);
});

test("numbers sort both ways, unknown ones as nothing", () => {
  assert.deepEqual(select("", "steps", true), ["run-9", "run-10", "other"]);
  assert.deepEqual(select("", "steps"), ["other", "run-10", "run-9"]);
});

test("runs without a loss that is a number come last, whichever way", () => {
  assert.deepEqual(select("", "loss"), ["other", "run-10", "run-9"]);
  assert.deepEqual(select("", "loss", true), ["run-10", "other", "run-9"]);
});

test("a key of the configuration can be sorted by", () => {
  assert.deepEqual(select("", "config.lr"), ["run-9", "run-10", "other"]);
  assert.deepEqual(select("", "config.lr", true), ["run-10", "run-9", "other"]);
  assert.ok(runOrders(["lr"]).includes("config.lr"));
});

test("a run lasts until its end, now, or its last sign of life", () => {
  assert.equal(runSeconds(runs[0], 1000), 30);
  assert.equal(runSeconds(runs[2], 100), 70);
  assert.equal(runSeconds({ status: "crashed", started_at: 5, heartbeat_at: 65 }, 1000), 60);
  assert.equal(runSeconds({ status: "running", started_at: null }, 1000), null);
});
