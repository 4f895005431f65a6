import assert from "node:assert/strict";
import { test } from "node:test";
import { columns, rangeOf } from "../../Web/replay/columns.js";
import { decode, Frames, layoutOf, nextBatch, parseBatch, stretches } from "../../Web/replay/frames.js";
import { valuesOf } from "../../Web/arrays.js";
import { actionTexts, addActions } from "../../Web/replay/actions.js";
import { channelsOf, shades } from "../../Web/replay/observation.js";
import { nextScale, parseScale } from "../../Web/replay/zoom.js";
import { parseRoute } from "../../Web/route.js";
import { addReturns, advance, around, ending, frameAddress, frameURL, mergeIndices, nextSpeed, parseSpeed, placeAt, positionOf, stepAtShare } from "../../Web/replay/steps.js";

test("a reference names a picture", () => {
  assert.equal(frameURL("h5://run-1/frames/17"), "/frames/run-1/frames/17.png");
  assert.equal(frameURL("h5://r/observations.rgb/0", 96), "/frames/r/observations.rgb/0.png?size=96");
});

test("what is no reference names none", () => {
  for (const bad of [null, undefined, "", "h5://r/frames/01", "h5://r/frames/-1", "h5://../frames/1", "x h5://r/frames/1", "h5://r/frames/1?x"]) {
    assert.equal(frameURL(bad), null);
  }
});

test("returns run up, page after page", () => {
  const returns = addReturns([], [{ reward: 1 }, { reward: -0.5 }, { reward: 0 }]);
  assert.deepEqual(addReturns(returns, [{ reward: 2 }]), [1, 0.5, 0.5, 2.5]);
  assert.ok(Number.isNaN(addReturns([], [{ reward: "NaN" }])[0]));
});

test("a step index is found where it is, or beside its gap", () => {
  const indices = [0, 1, 5];
  assert.equal(positionOf(indices, 1), 1);
  assert.equal(positionOf(indices, 3), 2);
  assert.equal(positionOf(indices, 99), 2);
  assert.equal(positionOf([], 3), 0);
  assert.deepEqual([-1, 0, 1, 3, 5, 99].map((index) => placeAt(indices, index)), [0, 0, 1, 1, 2, 2]);
});

test("two episodes share one row of steps", () => {
  assert.deepEqual(mergeIndices([0, 1, 4], [1, 2]), [0, 1, 2, 4]);
  assert.deepEqual(mergeIndices([], [3]), [3]);
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

test("speeds go up and down and stop at the ends", () => {
  assert.equal(nextSpeed(1, 1), 2);
  assert.equal(nextSpeed(0.25, -1), 0.25);
  assert.equal(nextSpeed(16, 1), 16);
  assert.equal(parseSpeed("0.5"), 0.5);
  assert.equal(parseSpeed("3"), 1);
  assert.equal(parseSpeed(undefined), 1);
});

test("at the screen's own rate every paint is one step, early or late by a little", () => {
  let carry = 0;
  for (const milliseconds of [16.7, 15.2, 18.1, 16.6, 16.7, 14.9, 18.4]) {
    const next = advance(carry, milliseconds, 60);
    assert.equal(next.steps, 1);
    carry = next.carry;
  }
});

test("a second of paints is as many steps as the speed says", () => {
  for (const rate of [7.5, 15, 30, 60, 120, 480]) {
    let [carry, steps] = [0, 0];
    for (let k = 0; k < 60; k += 1) {
      const next = advance(carry, 1000 / 60, rate);
      carry = next.carry;
      steps += next.steps;
    }
    assert.ok(Math.abs(steps - rate) <= 1, `${steps} at ${rate}`);
  }
});

test("a place on the seek bar is a step", () => {
  assert.equal(stepAtShare(0, 100, 0.5), 50);
  assert.equal(stepAtShare(10, 20, -1), 10);
  assert.equal(stepAtShare(10, 20, 7), 20);
});

test("headers tell what a batch is", () => {
  const headers = new Headers({ "x-dtype": "uint8", "x-shape": "2,4,3,3", "x-steps": "10,12" });
  assert.deepEqual(parseBatch(headers, 72), { steps: [10, 12], layout: { height: 4, width: 3, channels: 3, isPlanar: false, size: 36 } });
  assert.equal(parseBatch(headers, 71), null);
  headers.set("x-dtype", "float32");
  assert.equal(parseBatch(headers, 72), null);
  assert.deepEqual(parseBatch(new Headers({ "x-steps": "", "x-shape": "0" }), 0), { steps: [], layout: null });
});

test("gray, colour, colour with alpha and planes are drawn, others are not", () => {
  assert.equal(layoutOf("uint8", [4, 3]).channels, 1);
  assert.equal(layoutOf("uint8", [4, 3, 4]).channels, 4);
  assert.deepEqual(layoutOf("uint8", [3, 84, 80]), { height: 84, width: 80, channels: 3, isPlanar: true, size: 20160 });
  for (const shape of [[5], [4, 84, 84], [2, 2, 2, 2], [0, 3]]) assert.equal(layoutOf("uint8", shape), null);
  assert.equal(layoutOf("uint16", [4, 3]), null);
});

test("frames are decoded to the pixels of a canvas", () => {
  const pixels = (shape, bytes) => {
    const layout = layoutOf("uint8", shape);
    const image = new Uint32Array(layout.width * layout.height);
    decode(Uint8Array.from(bytes), layout, image);
    return [...new Uint8Array(image.buffer)];
  };
  assert.deepEqual(pixels([1, 2], [7, 255]), [7, 7, 7, 255, 255, 255, 255, 255]);
  assert.deepEqual(pixels([1, 2, 3], [1, 2, 3, 4, 5, 6]), [1, 2, 3, 255, 4, 5, 6, 255]);
  assert.deepEqual(pixels([1, 1, 4], [1, 2, 3, 200]), [1, 2, 3, 200]);
  assert.deepEqual(pixels([3, 2, 2], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]).slice(0, 8), [1, 5, 9, 255, 2, 6, 10, 255]);
});

test("what lies ahead comes first, round the end in a loop, then what is behind", () => {
  const window = { position: 90, length: 100, ahead: 30, behind: 5 };
  assert.deepEqual(stretches({ ...window, isLoop: false }), [{ from: 90, to: 100 }, { from: 85, to: 90 }]);
  assert.deepEqual(stretches({ ...window, isLoop: true }), [{ from: 90, to: 100 }, { from: 0, to: 20 }, { from: 85, to: 90 }]);
  assert.deepEqual(stretches({ position: 0, length: 1, ahead: 9, behind: 9, isLoop: true }), [{ from: 0, to: 1 }]);
});

test("a batch begins at the first gap and ends before what is there", () => {
  const endOf = (position) => (position < 4 ? 4 : position >= 8 && position < 12 ? 12 : position);
  assert.deepEqual(nextBatch([{ from: 0, to: 20 }], 100, endOf), { from: 4, to: 8 });
  assert.deepEqual(nextBatch([{ from: 0, to: 20 }], 2, endOf), { from: 4, to: 6 });
  assert.deepEqual(nextBatch([{ from: 0, to: 4 }, { from: 8, to: 14 }], 9, endOf), { from: 12, to: 14 });
  assert.equal(nextBatch([{ from: 0, to: 4 }], 9, endOf), null);
});

function store({ length = 400, size = 100, budget = 4000, batch = 500, hole = -1 } = {}) {
  const asked = [];
  const layout = { height: 10, width: 10, channels: 1, isPlanar: false, size };
  const failures = [];
  const frames = new Frames({
    budget, batch,
    stepAt: (position) => position * 2,
    onFail: (error) => failures.push(error),
    load: async (from, to, signal) => {
      asked.push([from, to]);
      await new Promise((done) => setImmediate(done));
      signal.throwIfAborted();
      const steps = [];
      for (let each = from; each < to; each += 1) if (each !== hole) steps.push(each * 2);
      const bytes = new Uint8Array(steps.length * size);
      steps.forEach((step, row) => bytes.fill(step / 2, row * size, (row + 1) * size));
      return { bytes: bytes.buffer, steps, layout };
    },
  });
  return { frames, asked, length, failures };
}

const settled = async () => {
  for (let k = 0; k < 200; k += 1) await new Promise((done) => setImmediate(done));
};

test("frames ahead are fetched, each once, in batches of a few bytes", async () => {
  const { frames, asked, length } = store();
  frames.want(0, length);
  await settled();
  for (let position = 0; position < 20; position += 1) assert.equal(frames.get(position)[0], position);
  const all = asked.flatMap(([from, to]) => Array.from({ length: to - from }, (_, k) => from + k));
  assert.equal(new Set(all).size, all.length);
  assert.ok(asked.slice(1).every(([from, to]) => to - from <= 5));
  assert.equal(frames.get(300), undefined);
});

test("the cache keeps to its budget, and to what is around the playhead", async () => {
  const { frames, length } = store();
  for (let position = 0; position < length; position += 7) {
    frames.want(position, length);
    await settled();
    assert.ok(frames.bytes <= 4000, `${frames.bytes} bytes`);
    assert.equal(frames.get(position)[0], position % 256);
  }
});

test("a jump gives up what is on its way, and gets what is needed", async () => {
  const { frames, asked, length } = store();
  frames.want(0, length);
  frames.want(200, length);
  await settled();
  assert.deepEqual(asked.slice(0, 2).map(([from]) => from), [0, 200]);
  assert.equal(frames.get(200)[0], 200);
  assert.equal(frames.get(0), undefined);
});

test("a step without a frame is known to have none", async () => {
  const { frames, length } = store({ hole: 3 });
  frames.want(0, length);
  await settled();
  assert.equal(frames.get(3), null);
  assert.equal(frames.get(4)[0], 4);
});

test("a curve keeps the least and the greatest of each pixel", () => {
  const row = columns([0, 1, 2, 3], [1, -5, 7, NaN], 0, 3, 2);
  assert.deepEqual(row, [{ x: 0, low: -5, high: 1, last: -5 }, { x: 1, low: 7, high: 7, last: 7 }]);
  assert.deepEqual(rangeOf([row]), { low: -5, high: 7 });
  assert.deepEqual(rangeOf([[]]), { low: -1, high: 1 });
});

test("an observation falls into its channels", () => {
  assert.deepEqual(channelsOf([4]), [{ width: 4, height: 1, start: 0, stride: 1 }]);
  assert.deepEqual(channelsOf([2, 8, 9])[1], { width: 9, height: 8, start: 72, stride: 1 });
  assert.deepEqual(channelsOf([8, 9, 3])[2], { width: 9, height: 8, start: 2, stride: 3 });
  assert.equal(channelsOf([64, 84, 84]).length, 16);
  const { pixels, low, high } = shades(Float32Array.of(-1, 0, 1, NaN), { width: 4, height: 1, start: 0, stride: 1 });
  assert.deepEqual([low, high], [-1, 1]);
  assert.deepEqual([...new Uint8Array(pixels.buffer)].filter((_, k) => k % 4 === 0), [0, 128, 255, 0]);
  assert.deepEqual([...valuesOf({ dtype: "uint8", base64: "AQL/" })], [1, 2, 255]);
  assert.equal(valuesOf({ dtype: "float16", base64: "" }), null);
});

function base64(numbers) {
  return Buffer.from(numbers.buffer).toString("base64");
}

test("float and vector actions come from their array, integers from the steps", () => {
  const steps = () => [{ action: null }, { action: null }];
  const scalars = steps();
  addActions(scalars, { dtype: "float32", shape: [2], base64: base64(new Float32Array([0.5, -1])) });
  assert.deepEqual(scalars.map(({ action }) => action), [0.5, -1]);
  const vectors = steps();
  addActions(vectors, { dtype: "int64", shape: [2, 3], base64: base64(new BigInt64Array([1n, 2n, 3n, 4n, 5n, 6n])) });
  assert.deepEqual(actionTexts(vectors[1].action), ["4", "5", "6"]);
  const integers = [{ action: 3 }, { action: null }];
  addActions(integers, { dtype: "int32", shape: [2], base64: base64(new Int32Array([3, 0])) });
  assert.deepEqual(integers.map(({ action }) => action), [3, null]);
  addActions(integers, undefined);
  assert.equal(integers[0].action, 3);
});

test("an action is told by its numbers, a long one by the first of them", () => {
  assert.deepEqual(actionTexts(null), ["–"]);
  assert.deepEqual(actionTexts(1234), ["1234"]);
  assert.deepEqual(actionTexts(0.123456), ["0.1235"]);
  assert.deepEqual(actionTexts(new Float32Array([NaN, -0.25])), ["NaN", "-0.25"]);
  const long = actionTexts(new Float64Array(17));
  assert.equal(long.length, 8);
  assert.equal(long[7], "… of 17");
});

test("a frame grows and shrinks by whole multiples, beginning at what is seen", () => {
  assert.equal(nextScale(null, 1, 2.4), 3);
  assert.equal(nextScale(null, -1, 2.4), 2);
  assert.equal(nextScale(2, 1, 9), 3);
  assert.equal(nextScale(16, 1, 9), 16);
  assert.equal(nextScale(1, -1, 9), 1);
  assert.equal(nextScale(null, -1, 0.4), 1);
  assert.equal(parseScale("2"), 2);
  for (const other of [undefined, "5", "x", "0"]) assert.equal(parseScale(other), null);
});

test("a run's frame leads to its step, another array to nothing", () => {
  const reference = "h5://run-1/frames/17";
  assert.equal(parseRoute(frameAddress(reference).slice(1)).ref, reference);
  for (const other of [null, undefined, "", "h5://images/uint8_4x4/0", "h5://r/observations/1", "h5://r/frames/x"]) assert.equal(frameAddress(other), null);
});
