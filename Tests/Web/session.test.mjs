import assert from "node:assert/strict";
import { test } from "node:test";
import { LabelSession } from "../../Web/label/session.js";

const memory = (text = null) => ({ text, getItem() { return this.text; }, setItem(_, value) { this.text = value; } });

test("a reload finds the image, even when the address lags behind", () => {
  const storage = memory();
  new LabelSession(storage).keep("tool", { id: 8 }, "7");
  const again = new LabelSession(storage);
  assert.deepEqual(again.resume("tool", "7"), { id: 8 });
  assert.deepEqual(again.resume("tool", "8"), { id: 8 });
  assert.deepEqual(again.resume("tool", undefined), { id: 8 });
});

test("a pasted link and another label start afresh", () => {
  const storage = memory();
  new LabelSession(storage).keep("tool", { id: 8 }, "8");
  assert.equal(new LabelSession(storage).resume("tool", "3"), null);
  assert.equal(new LabelSession(storage).resume("view", "8"), null);
});

test("answers come off in reverse, and their number is bounded", () => {
  const storage = memory();
  const session = new LabelSession(storage);
  for (let id = 1; id <= 60; id += 1) session.push({ image: { id } });
  session.keep("tool", { id: 61 }, "61");
  const again = new LabelSession(storage);
  assert.equal(again.last.image.id, 60);
  const taken = [];
  for (let answer = again.pop(); answer; answer = again.pop()) taken.push(answer.image.id);
  assert.deepEqual(taken, Array.from({ length: 50 }, (_, i) => 60 - i));
});

test("damaged and refused storage is survived", () => {
  const session = new LabelSession(memory("{"));
  assert.equal(session.last, null);
  const full = { getItem: () => null, setItem() { throw new Error("QuotaExceededError"); } };
  const kept = new LabelSession(full);
  kept.keep("tool", { id: 1 }, "1");
  assert.deepEqual(kept.resume("tool", "1"), { id: 1 });
});

test("in another database the same ids are other images: it starts afresh there", () => {
  const storage = memory();
  const before = new LabelSession(storage, () => "a");
  before.keep("tool", { id: 8 }, "8");
  before.push({ image: { id: 7 } });
  assert.deepEqual(new LabelSession(storage, () => "a").resume("tool", "8"), { id: 8 });
  const other = new LabelSession(storage, () => "b");
  assert.equal(other.resume("tool", "8"), null);
  assert.equal(other.last, null);
  assert.equal(other.pop(), null);
});
