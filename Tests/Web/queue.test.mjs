import assert from "node:assert/strict";
import { test } from "node:test";
import { Queue } from "../../Web/label/queue.js";

const images = (from, to) => Array.from({ length: to - from + 1 }, (_, i) => ({ id: from + i }));
const ids = (queue) => queue.upcoming.map(({ id }) => id);

test("the first image offered is the current one", () => {
  const queue = new Queue();
  assert.equal(queue.accept(images(1, 28), 0), 28);
  assert.equal(queue.current.id, 1);
  assert.equal(queue.upcoming.length, 27);
});

test("at least twenty images are upcoming before more are asked for", () => {
  const queue = new Queue();
  queue.accept(images(1, 28), 0);
  let asked = 0;
  while (queue.wanted === 0) {
    queue.advance();
    asked += 1;
  }
  assert.ok(asked > 0);
  assert.ok(queue.upcoming.length >= 20);
  assert.equal(queue.wanted + queue.upcoming.length, queue.target);
});

test("what is held can be named to the server", () => {
  const queue = new Queue();
  assert.deepEqual(queue.held, []);
  queue.accept(images(1, 3), 0);
  assert.deepEqual(queue.held, [1, 2, 3]);
});

test("an image that is held or was answered is not taken in again", () => {
  const queue = new Queue();
  queue.accept(images(1, 3), 0);
  queue.advance();
  assert.equal(queue.accept(images(1, 4), 0), 1);
  assert.equal(queue.current.id, 2);
  assert.deepEqual(ids(queue), [3, 4]);
});

test("an image taken back is current, the one it displaces is next", () => {
  const queue = new Queue();
  queue.accept(images(1, 4), 0);
  const [first] = [queue.current];
  queue.advance();
  queue.bringBack(first, 0);
  assert.equal(queue.current.id, 1);
  assert.deepEqual(ids(queue), [2, 3, 4]);
  queue.advance();
  assert.equal(queue.current.id, 2);
  assert.equal(queue.accept(images(1, 1), 0), 0, "answered once more, it stays away once more");
});

test("the last image leaves nothing behind", () => {
  const queue = new Queue();
  queue.accept(images(1, 1), 0);
  queue.advance();
  assert.equal(queue.current, null);
  queue.accept(images(2, 2), 0);
  assert.equal(queue.current.id, 2);
});

test("images whose lease runs out are let go, the current one stays", () => {
  const queue = new Queue({ leaseSeconds: 270 });
  queue.accept(images(1, 3), 0);
  queue.accept(images(4, 5), 200);
  queue.dropStale(271);
  assert.equal(queue.current.id, 1);
  assert.deepEqual(ids(queue), [4, 5]);
});

test("answers still on their way keep their images out", () => {
  const queue = new Queue();
  queue.exclude([2]);
  queue.accept(images(1, 3), 0);
  assert.deepEqual([queue.current.id, ...ids(queue)], [1, 3]);
});

test("what was answered is remembered within bounds", () => {
  const queue = new Queue({ target: 5, low: 2, remembered: 3 });
  for (let id = 1; id <= 5; id += 1) {
    queue.accept([{ id }], 0);
    queue.advance();
  }
  assert.equal(queue.accept(images(3, 5), 0), 0);
  assert.equal(queue.accept(images(1, 2), 0), 2);
});
