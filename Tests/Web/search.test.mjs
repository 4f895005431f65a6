import assert from "node:assert/strict";
import { test } from "node:test";
import { configKeys, configText, fits, flatten, parseSearch } from "../../Web/runs/search.js";

const run = {
  run_id: "resnet-7", status: "failed", tags: ["sweep", "long"], agent_id: "Trainer", worker_id: null,
  config: { lr: 0.001, optimizer: { name: "adamw", betas: [0.9, 0.99] }, amp: true, note: null },
};
const finds = (text) => fits(run, parseSearch(text));

test("a configuration becomes flat pairs", () => {
  assert.deepEqual(flatten(run.config), [["lr", 0.001], ["optimizer.name", "adamw"], ["optimizer.betas", [0.9, 0.99]], ["amp", true], ["note", null]]);
  for (const none of [null, undefined, 3, [1], {}]) assert.deepEqual(flatten(none), []);
});

test("every word must be in the id, the tags, the status, the agent or the configuration", () => {
  for (const text of ["", "  ", "RESNET", "long failed", "trainer", "adamw", "optimizer", "0.001", "sweep adamw resnet"]) assert.ok(finds(text), text);
  for (const text of ["vit", "sweep sgd", "running"]) assert.ok(!finds(text), text);
});

test("a key and a value are searched in that key only", () => {
  for (const text of ["lr:0.001", "lr:1e-3", "name:adam", "optimizer.name:adamw", "tag:sweep", "status:failed", "id:resnet", "amp:true", "agent:train"]) assert.ok(finds(text), text);
  for (const text of ["lr:0.0001", "lr:0.01", "tag:adamw", "status:resnet", "momentum:0.9"]) assert.ok(!finds(text), text);
});

test("numbers are compared", () => {
  assert.ok(finds("lr<0.01") && finds("lr>1e-4"));
  assert.ok(!finds("lr>0.001") && !finds("lr<0.001") && !finds("name<5"));
});

test("a name with a colon in it is found as it stands", () => {
  assert.ok(fits({ run_id: "a", tags: ["team:red"] }, parseSearch("team:red")));
});

test("keys that differ come first, then those that only some have", () => {
  const keys = configKeys([{ config: { a: 1, c: 3, b: 1 } }, { config: { a: 1, b: 2 } }]);
  assert.deepEqual(keys, [{ key: "b", varies: true }, { key: "c", varies: true }, { key: "a", varies: false }]);
});

test("values are short texts", () => {
  assert.equal(configText(0.1 + 0.2), "0.3");
  assert.equal(configText(1e-5), "0.00001");
  assert.equal(configText([1, 2]), "[1,2]");
  assert.equal(configText(undefined), "");
});
