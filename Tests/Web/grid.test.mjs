import assert from "node:assert/strict";
import { test } from "node:test";
import { GridPage } from "../../Web/grid/page.js";

const page = (count = 10, columns = 4) => new GridPage(Array.from({ length: count }, (_, id) => ({ id })), columns);

test("the cursor stays on the page", () => {
  const grid = page();
  assert.equal(grid.move(-1, 0), false);
  assert.equal(grid.move(0, 1), true);
  assert.equal(grid.cursor, 4);
  assert.equal(grid.move(0, 1), true);
  assert.equal(grid.move(0, 1), false);
  assert.equal(grid.move(1, 0), true);
  assert.equal(grid.move(1, 0), false);
  assert.equal(grid.cursor, 9);
});

test("with shift everything on the way is marked", () => {
  const grid = page();
  grid.move(1, 0);
  grid.move(0, 1, { extend: true });
  assert.deepEqual([...grid.marked].sort(), [1, 2, 3, 4, 5]);
});

test("a press turns a mark over, a brush sets it", () => {
  const grid = page();
  grid.toggle(3);
  grid.toggle(3);
  assert.equal(grid.marked.size, 0);
  grid.paint(5, true);
  grid.paint(5, true);
  grid.paint(6, true);
  grid.paint(6, false);
  assert.deepEqual([...grid.marked], [5]);
});

test("marked is yes, the rest no, and each answer has an event of its own", () => {
  const grid = page(3);
  grid.images[2].opinion = true;
  grid.toggle(1);
  let events = 0;
  const answers = grid.answers("tool", () => `event ${(events += 1)}`);
  assert.deepEqual(answers, [
    { id: 0, labels: { tool: 0 }, event_id: "event 1" },
    { id: 1, labels: { tool: 1 }, event_id: "event 2" },
    { id: 2, labels: { tool: 0 }, event_id: "event 3", opinion: true },
  ]);
});

test("what can't be shown is neither marked nor answered", () => {
  const grid = page(5, 5);
  grid.mark(0, 2);
  grid.fail(1);
  grid.toggle(1);
  grid.paint(1, true);
  grid.mark(1, 3);
  assert.deepEqual([...grid.marked].sort(), [0, 2, 3]);
  const answers = grid.answers("tool", () => "event");
  assert.deepEqual(answers.map(({ id, labels }) => [id, labels.tool]), [[0, 1], [2, 1], [3, 1], [4, 0]]);
});
