import assert from "node:assert/strict";
import { test } from "node:test";
import { Track } from "../../Web/replay/track.js";
import { complaint } from "../../Web/replay/view.js";

const refusal = (status, kind, message) => new Response(JSON.stringify({ error: { kind, message } }), { status });

/** A track of so many steps, each with a frame; `answer(path)` is what the server says. Tells what was asked for, too. */
function trackOf(count, answer) {
  const asked = [];
  globalThis.fetch = async (url) => {
    asked.push(url);
    return answer(url);
  };
  globalThis.createImageBitmap = async (blob) => ({ text: await blob.text(), close() {} });
  const track = new Track({ episode: "e", budget: 1 << 20, onSteps: () => {}, onFrames: () => {} });
  for (let step = 0; step < count; step += 1) {
    track.steps.push({ step_index: step, frame_ref: `h5://r/frames/${step}` });
    track.indices.push(step);
  }
  return { track, asked };
}

const settled = async () => {
  for (let k = 0; k < 300; k += 1) await new Promise((done) => setImmediate(done));
};

test("of damaged frames each says so, the others show, and none is asked for twice", async (context) => {
  const { track, asked } = trackOf(6, (url) => {
    if (url.startsWith("/episodes/") || url === "/frames/r/frames/2.png") return refusal(500, "run_damaged", "the file is damaged");
    return new Response(url);
  });
  context.after(() => track.close());
  track.want(0);
  await settled();
  assert.equal(track.picture(1).bitmap.text, "/frames/r/frames/1.png");
  assert.equal(track.picture(2).error.message, "the file is damaged");
  for (let k = 0; k < 5; k += 1) track.want(2);
  await settled();
  assert.equal(asked.length, 7);
  assert.equal(new Set(asked).size, 7);
});

test("a frame that a batch leaves out says why it is not there", async (context) => {
  const { track } = trackOf(2, (url) => (url.startsWith("/episodes/") ? new Response("", { headers: { "x-steps": "" } }) : refusal(404, "not_found", "the file is gone")));
  context.after(() => track.close());
  track.want(0);
  await settled();
  assert.equal(complaint(track.picture(0).error), "This frame can't be shown: the file is gone.");
});

test("a reference that names no picture, and a step without a frame", async (context) => {
  const { track } = trackOf(3, () => refusal(500, "run_damaged", "bad"));
  context.after(() => track.close());
  track.steps[1].frame_ref = "elsewhere";
  track.steps[2].frame_ref = null;
  track.want(0);
  await settled();
  assert.match(track.picture(1).error.message, /“elsewhere” names no picture/);
  assert.equal(track.picture(2), null);
});

test("a picture that may come later is asked for again, after a pause", async (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  let isAway = true;
  const { track, asked } = trackOf(1, (url) => {
    if (url.startsWith("/episodes/")) return refusal(500, "run_damaged", "bad");
    return isAway ? refusal(503, "unavailable", "later") : new Response(url);
  });
  context.after(() => track.close());
  track.want(0);
  await settled();
  for (let k = 0; k < 5; k += 1) track.want(0);
  await settled();
  assert.equal(asked.length, 2);
  assert.equal(track.picture(0), undefined);
  isAway = false;
  context.mock.timers.tick(1000);
  await settled();
  assert.equal(track.picture(0).bitmap.text, "/frames/r/frames/0.png");
});

test("what is damaged leads to the command that lists it", () => {
  assert.equal(complaint({ kind: "run_damaged", message: "The file is damaged." }), "This frame can't be shown: The file is damaged; holdfast verify lists what is damaged.");
});
