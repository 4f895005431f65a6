import assert from "node:assert/strict";
import { test } from "node:test";
import { formatRoute, parseRoute } from "../../Web/route.js";
import { fitsFilter, formatOpen, formatSelection, formatZoom, notRuns, parseSelection, parseSmoothing, parseZoom, toggled, viewOf } from "../../Web/runs/view.js";

test("a view survives the way through the address", () => {
  const route = {
    room: "runs", q: "lr:0.001 tag:a", sort: "-config.lr", cols: "lr,optimizer.name", run: "a,b.1", metrics: "loss", smooth: "0.6", log: "1",
    x: "relative", zoom: "relative:10.5..60", open: "operations,resources",
  };
  const back = parseRoute(new URL(formatRoute(route), "http://localhost").search);
  assert.deepEqual(back, route);
  assert.deepEqual(viewOf(back), {
    smoothing: 0.6, isLog: true, axis: "relative", zoom: { kind: "relative", from: 10.5, to: 60 }, filter: "loss", open: new Set(["operations", "resources"]),
  });
});

test("an empty address is a plain view", () => {
  assert.deepEqual(viewOf({}), { smoothing: 0, isLog: false, axis: "step", zoom: null, filter: "", open: new Set() });
  assert.deepEqual(viewOf({ smooth: "1", log: "yes", x: "mass", zoom: "step:5..2" }), viewOf({}));
});

test("no selection, an empty one and several runs are different things", () => {
  assert.equal(parseSelection(undefined), null);
  assert.deepEqual(parseSelection("-"), []);
  assert.deepEqual(parseSelection("a,b,a"), ["a", "b"]);
  assert.deepEqual(parseSelection("a,../etc,b c,"), ["a"]);
  assert.equal(parseSelection(Array.from({ length: 300 }, (_, k) => `r${k}`).join()).length, 100);
  assert.equal(formatSelection([]), "-");
  assert.equal(formatSelection(["a", "b"]), "a,b");
});

test("what can be no run's name is known", () => {
  assert.deepEqual(notRuns("a,../etc,b c,"), ["../etc", "b c"]);
  for (const text of [undefined, "", "-", "a,b.1"]) assert.deepEqual(notRuns(text), []);
});

test("a tick puts a run behind the others, or takes it away", () => {
  assert.deepEqual(toggled(["a"], "b", true), ["a", "b"]);
  assert.deepEqual(toggled(["a", "b"], "a", false), ["b"]);
  assert.deepEqual(toggled(["a", "b"], "a", true), ["b", "a"]);
});

test("a zoom has the digits that can be seen", () => {
  const zoom = { kind: "time", from: 1_767_225_600.123456, to: 1_767_225_700.98765 };
  assert.equal(formatZoom(zoom), "time:1767225600.12..1767225700.99");
  assert.deepEqual(parseZoom(formatZoom({ kind: "step", from: -5, to: 1e6 })), { kind: "step", from: -5, to: 1e6 });
  for (const bad of [undefined, "", "step", "step:1", "step:2..1", "step:a..b", "mass:1..2", "step:1..1"]) assert.equal(parseZoom(bad), null, bad);
});

test("only weights below 1 smooth", () => {
  assert.equal(parseSmoothing("0.99"), 0.99);
  for (const bad of ["1", "-0.1", "x", undefined, "NaN"]) assert.equal(parseSmoothing(bad), 0);
});

test("open panels are listed in one order", () => {
  assert.equal(formatOpen(new Set(["resources"]), "operations", true), "operations,resources");
  assert.equal(formatOpen(new Set(["resources"]), "resources", false), "");
});

test("a filter wants every word", () => {
  assert.ok(fitsFilter("val/Loss_total", "loss VAL"));
  assert.ok(fitsFilter("anything", "  "));
  assert.ok(!fitsFilter("loss", "loss acc"));
});
