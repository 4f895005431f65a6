import assert from "node:assert/strict";
import { test } from "node:test";
import { runSeconds, selectRuns } from "../../Web/runs/table.js";

const runs = [
  { run_id: "run-10", status: "finished", tags: ["atari"], started_at: 10, finished_at: 40, steps: 5 },
  { run_id: "run-9", status: "failed", tags: ["atari", "long"], started_at: 20, finished_at: 25, steps: 500 },
  { run_id: "other", status: "running", tags: null, agent_id: "Dqn", started_at: 30, steps: null },
];
const names = (found) => found.map(({ run_id }) => run_id);
const select = (text, name, descending = false) => names(selectRuns([...runs], text, { name, descending }));

test("every word must be found in id, tags, status or agent, in any case", () => {
  assert.deepEqual(select("ATARI long", "run_id"), ["run-9"]);
  assert.deepEqual(select("dqn", "run_id"), ["other"]);
  assert.deepEqual(select("atari crashed", "run_id"), []);
  assert.equal(select("", "run_id").length, 3);
});

test("names sort by the numbers in them", () => {
  assert.deepEqual(select("run-", "run_id"), ["run-9", "run-10"]);
});

test("numbers sort both ways, unknown ones as nothing", () => {
  assert.deepEqual(select("", "steps", true), ["run-9", "run-10", "other"]);
  assert.deepEqual(select("", "steps"), ["other", "run-10", "run-9"]);
});

test("a run lasts until its end, now, or its last sign of life", () => {
  assert.equal(runSeconds(runs[0], 1000), 30);
  assert.equal(runSeconds(runs[2], 100), 70);
  assert.equal(runSeconds({ status: "crashed", started_at: 5, heartbeat_at: 65 }, 1000), 60);
  assert.equal(runSeconds({ status: "running", started_at: null }, 1000), null);
});
