import assert from "node:assert/strict";
import { test } from "node:test";
import { Pictures } from "../../Web/pictures.js";
import { pictureSize, zoomAround } from "../../Web/stage.js";

function bitmaps() {
  const closed = [];
  const loads = [];
  const load = async (url) => {
    loads.push(url);
    return { close: () => closed.push(url) };
  };
  return { load, closed, loads };
}

test("wanted pictures are decoded ahead, each once", async () => {
  const { load, loads } = bitmaps();
  const pictures = new Pictures({ load, capacity: 8 });
  pictures.want(["a", "b", "c"]);
  await Promise.all(["a", "b", "c"].map((url) => pictures.whenReady(url)));
  pictures.want(["b", "c"]);
  assert.deepEqual(loads, ["a", "b", "c"]);
  assert.equal(pictures.get("b").state, "ready");
  assert.equal(pictures.decoded, 3);
});

test("the least recently wanted goes first, and is given back", async () => {
  const { load, closed } = bitmaps();
  const pictures = new Pictures({ load, capacity: 3 });
  for (const urls of [["a", "b", "c"], ["a", "c", "d"]]) {
    pictures.want(urls);
    await Promise.all(urls.map((url) => pictures.whenReady(url)));
  }
  assert.deepEqual(closed, ["b"]);
  assert.equal(pictures.decoded, 3);
});

test("no more than a few are fetched at a time, and what is no longer wanted is not fetched", async () => {
  const started = [];
  const finish = [];
  const pictures = new Pictures({
    load: (url) => {
      started.push(url);
      return new Promise((resolve) => finish.push(() => resolve({ close() {} })));
    },
    parallel: 2,
  });
  pictures.want(["a", "b", "c", "d"]);
  assert.deepEqual(started, ["a", "b"]);
  pictures.want(["e"]);
  finish.splice(0).forEach((done) => done());
  await pictures.whenReady("a");
  await null;
  assert.deepEqual(started, ["a", "b", "e"]);
});

test("a picture that is missing or can't be read is remembered with the reason, one that did not come is asked for again", async () => {
  let tries = 0;
  const kinds = { none: "not_found", torn: "run_damaged", down: "unreachable" };
  const pictures = new Pictures({
    load: async (url) => {
      tries += 1;
      throw Object.assign(new Error(`${url}: no`), { kind: kinds[url], final: url !== "down" });
    },
  });
  assert.deepEqual(await pictures.whenReady("none"), { state: "missing", message: "none: no" });
  await pictures.whenReady("none");
  assert.equal(tries, 1);
  assert.deepEqual(await pictures.whenReady("torn"), { state: "failed", message: "torn: no" });
  await pictures.whenReady("torn");
  assert.equal(tries, 2);
  assert.equal(await pictures.whenReady("down"), undefined);
  await pictures.whenReady("down");
  assert.equal(tries, 4);
});

test("few sizes are asked for, none larger than the largest", () => {
  assert.equal(pictureSize(700, 1), 1024);
  assert.equal(pictureSize(700, 2), 1536);
  assert.equal(pictureSize(9000, 2), 2048);
});

test("zooming keeps the point under the pointer, and ends at the fitted picture", () => {
  const view = zoomAround({ zoom: 1, x: 0, y: 0 }, 2, { x: 100, y: 50 });
  assert.deepEqual(view, { zoom: 2, x: -100, y: -50 });
  assert.deepEqual(zoomAround(view, 0.1, { x: 3, y: 3 }), { zoom: 1, x: 0, y: 0 });
  assert.equal(zoomAround(view, 1000, { x: 0, y: 0 }).zoom, 32);
});
