import assert from "node:assert/strict";
import { test } from "node:test";
import { logTicks, placeName, placeText, ticks, timeTicks, valueText } from "../../Web/runs/axis.js";

const texts = ({ marks, step }) => marks.map((value) => valueText(value, step));
const places = (kind, { marks, step }) => marks.map((value) => placeText(value, kind, step));

test("ticks are round numbers inside the range", () => {
  assert.deepEqual(ticks(0, 100, 5).marks, [0, 20, 40, 60, 80, 100]);
  assert.deepEqual(ticks(0.13, 0.31, 3).marks, [0.15, 0.2, 0.25, 0.3]);
  assert.deepEqual(ticks(-1, 1, 4).marks, [-1, -0.5, 0, 0.5, 1]);
  assert.deepEqual(ticks(3, 3, 4).marks, [3]);
});

test("far from zero, neighbours still have different texts", () => {
  const found = texts(ticks(0.99991, 0.99996, 4));
  assert.equal(new Set(found).size, found.length);
  const large = texts(ticks(123_456_000, 123_457_000, 4));
  assert.equal(new Set(large).size, large.length);
});

test("values have the digits that their distance needs", () => {
  assert.deepEqual(texts(ticks(0, 1, 5)), ["0", "0.2", "0.4", "0.6", "0.8", "1.0"]);
  assert.deepEqual(texts(ticks(0, 4000, 4)), ["0", "1,000", "2,000", "3,000", "4,000"]);
  assert.deepEqual(texts(ticks(0, 4e-6, 4)), ["0", "1e-6", "2e-6", "3e-6", "4e-6"]);
});

test("a log axis has powers of ten, and what lies between where there is room", () => {
  assert.deepEqual(texts(logTicks(1e-5, 10, 7)), ["1e-5", "1e-4", "0.001", "0.01", "0.1", "1", "10"]);
  assert.deepEqual(logTicks(1e-12, 1e12, 5).marks, [1e-12, 1e-7, 1e-2, 1e3, 1e8]);
  assert.deepEqual(logTicks(0.1, 1, 4).marks, [0.1, 0.2, 0.5, 1]);
  assert.ok(logTicks(0.21, 0.29, 4).marks.length >= 3);
});

test("steps are counted in thousands and millions", () => {
  assert.deepEqual(places("step", ticks(0, 40_000, 4)), ["0", "10k", "20k", "30k", "40k"]);
  assert.deepEqual(places("step", ticks(0, 2e6, 4)), ["0", "500k", "1M", "1.5M", "2M"]);
  assert.deepEqual(places("step", ticks(1_000_000, 1_000_400, 4)), ["1M", "1.0001M", "1.0002M", "1.0003M", "1.0004M"]);
});

test("time since the start falls on whole minutes and hours", () => {
  assert.deepEqual(places("relative", timeTicks(0, 3600, 4)), ["0", "15m", "30m", "45m", "1h"]);
  assert.deepEqual(places("relative", timeTicks(0, 9000, 5)), ["0", "30m", "1h", "1h 30m", "2h", "2h 30m"]);
  assert.deepEqual(places("relative", timeTicks(0, 400_000, 4)), ["0", "1d", "2d", "3d", "4d"]);
  assert.deepEqual(places("relative", timeTicks(0, 0.4, 4)), ["0", "0.1 s", "0.2 s", "0.3 s", "0.4 s"]);
});

test("the clock's time falls on local hours, days have their date", () => {
  const noon = new Date(2026, 0, 5, 12).getTime() / 1000;
  const offset = new Date(2026, 0, 5, 12).getTimezoneOffset() * 60;
  assert.deepEqual(places("time", timeTicks(noon, noon + 3 * 3600, 3, offset)), ["12:00", "13:00", "14:00", "15:00"]);
  assert.deepEqual(places("time", timeTicks(noon, noon + 3 * 86_400, 3, offset)), ["Jan 6", "Jan 7", "Jan 8"]);
  assert.equal(placeText(noon + 61, "time", 5), "12:01:01");
  assert.equal(placeName(noon + 61, "time"), "Jan 5, 12:01:01");
});

test("a place is named in full", () => {
  assert.equal(placeName(12_345, "step"), "step 12,345");
  assert.equal(placeName(3, "epoch"), "epoch 3");
  assert.equal(placeName(1.257, "relative"), "1.26 s");
  assert.equal(placeName(3700, "relative"), "1 h 01 min");
});
