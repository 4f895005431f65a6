import assert from "node:assert/strict";
import { test } from "node:test";
import { headline, isWanted, kindOf, ofKind, specsOf, wholeQueries, zoomQueries } from "../../Web/runs/specs.js";

const training = (metric_name, phase, run_id = "a") => ({ table: "training_metrics", run_id, metric_name, phase });
const resource = (metric_type, metric_name, unit) => ({ table: "resource_metrics", run_id: "a", metric_type, metric_name, unit });
const operation = (metric_name) => ({ table: "generation_metrics", run_id: "a", metric_name });
const view = { axis: "step", smoothing: 0, zoom: null };

test("one chart for each metric over all runs and phases, losses first", () => {
  const specs = specsOf([training("acc"), training("loss", "train"), training("loss", "val"), training("loss", "train", "b")]);
  assert.deepEqual(specs.map(({ name, lines }) => [name, lines]), [["loss", 3], ["acc", 1]]);
});

test("resources of the same name but of another kind are different charts, in the order of their kinds", () => {
  const specs = specsOf([resource("ram", "system_total", "%"), resource("cpu", "system_total", "%"), resource("gpu", "0_memory", "MB")]);
  assert.deepEqual(specs.map(({ title, unit, group }) => [title, unit, group]), [
    ["CPU system total", "%", "resources"], ["RAM system total", "%", "resources"], ["GPU 0 memory", "MB", "resources"],
  ]);
  assert.deepEqual(wholeQueries(specs[1], ["a"], view, 500)[0].where, { metric_type: "ram" });
});

test("an operation has its duration and its samples a second", () => {
  const specs = specsOf([operation("rollout")]);
  assert.deepEqual(specs.map(({ title, unit }) => `${title} ${unit}`), ["rollout duration s", "rollout samples per s"]);
  assert.deepEqual(wholeQueries(specs[1], ["a"], { ...view, smoothing: 0.5 }, 500).map(({ value, smoothing }) => [value, smoothing]), [
    ["samples_generated", undefined], ["duration_seconds", undefined],
  ]);
});

test("the filter is looked for in name and title", () => {
  const [cpu] = specsOf([resource("cpu", "system_total", "%")]);
  assert.ok(isWanted(cpu, "system_total") && isWanted(cpu, "CPU total") && !isWanted(cpu, "ram"));
});

test("the server chooses the axis unless another than the step is wanted; resources have only time", () => {
  const [loss] = specsOf([training("loss")]);
  const [cpu] = specsOf([resource("cpu", "system_total", "%")]);
  assert.equal(wholeQueries(loss, ["a"], view, 500)[0].x, undefined);
  assert.equal(wholeQueries(loss, ["a"], { ...view, axis: "epoch" }, 500)[0].x, "epoch_number");
  assert.equal(wholeQueries(loss, ["a"], { ...view, axis: "relative" }, 500)[0].x, "timestamp");
  assert.equal(wholeQueries(cpu, ["a"], view, 500)[0].x, "timestamp");
  assert.equal(wholeQueries(loss, ["a"], { ...view, smoothing: 0.6 }, 500)[0].smoothing, 0.6);
});

test("an answer says what lies along its axis", () => {
  const [loss] = specsOf([training("loss")]);
  const [cpu] = specsOf([resource("cpu", "system_total", "%")]);
  const mixed = [{ x_axis: "step" }, { x_axis: "step" }, { x_axis: "timestamp" }];
  assert.equal(kindOf(loss, "step", mixed), "step");
  assert.equal(ofKind("step", mixed).length, 2);
  assert.equal(kindOf(loss, "step", [{ x_axis: "timestamp" }]), "relative");
  assert.equal(kindOf(loss, "time", mixed), "time");
  assert.equal(kindOf(cpu, "step", []), "relative");
  assert.equal(kindOf(cpu, "time", []), "time");
});

test("a zoom asks for a little more than is seen, of time since the start for each run's own", () => {
  const [loss] = specsOf([training("loss")]);
  const runs = [{ run_id: "a", started_at: 1000 }, { run_id: "b", started_at: 2000 }];
  const [step] = zoomQueries(loss, runs, { ...view, zoom: { kind: "step", from: 100, to: 200 } }, 500);
  assert.deepEqual([step.run_ids, step.x, step.from, step.to], [["a", "b"], "step", 98, 202]);
  const relative = zoomQueries(loss, runs, { ...view, zoom: { kind: "relative", from: 0, to: 100 } }, 500);
  assert.deepEqual(relative.map(({ run_ids, from, to }) => [run_ids[0], from, to]), [["a", 998, 1102], ["b", 1998, 2102]]);
});

test("more points for a wider chart, fewer for one with many lines, within the server's bounds", () => {
  const points = (pixels, lines) => wholeQueries({ ...specsOf([training("loss")])[0], lines }, ["a"], view, pixels)[0].max_points;
  assert.equal(points(400, 1), 1024);
  assert.equal(points(3000, 1), 2000);
  assert.equal(points(400, 100), 250);
  assert.ok(points(0, 1) >= 250);
});

test("the loss in training stands for a run", () => {
  assert.equal(headline([training("acc"), training("val_loss"), training("loss", "val"), training("loss", "train")]).phase, "train");
  assert.equal(headline([training("val_loss"), training("train_loss")]).metric_name, "train_loss");
  assert.equal(headline([training("acc"), operation("loss")]), null);
});
