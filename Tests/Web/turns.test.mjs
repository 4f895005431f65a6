import assert from "node:assert/strict";
import { test } from "node:test";
import { turns } from "../../Web/runs/turns.js";

test("no more than so many run at once, in order, also after a failure", async () => {
  const turn = turns(2);
  const order = [];
  let running = 0;
  let most = 0;
  const work = (name) => turn(async () => {
    running += 1;
    most = Math.max(most, running);
    await new Promise((done) => setTimeout(done, 2));
    running -= 1;
    order.push(name);
    if (name === "b") throw new Error(name);
    return name;
  });
  const done = await Promise.allSettled(["a", "b", "c", "d", "e"].map(work));
  assert.equal(most, 2);
  assert.deepEqual(order, ["a", "b", "c", "d", "e"]);
  assert.deepEqual(done.map(({ value }) => value), ["a", undefined, "c", "d", "e"]);
});
