import assert from "node:assert/strict";
import { test } from "node:test";
import { Keymap } from "../../Web/keys.js";

const memory = (text = null) => ({ text, getItem() { return this.text; }, setItem(_, value) { this.text = value; }, removeItem() { this.text = null; } });

test("the usual keys and the arrows answer", () => {
  const keys = new Keymap(memory());
  assert.deepEqual(["1", "0", " ", "u", "U", "ArrowRight", "ArrowLeft"].map((key) => keys.action(key)),
    ["yes", "no", "skip", "undo", "undo", "yes", "no"]);
  assert.equal(keys.action("x"), null);
  assert.equal(keys.shown("skip"), "space");
});

test("a changed key stays after a reload, and takes its place from another action", () => {
  const storage = memory();
  const keys = new Keymap(storage);
  assert.equal(keys.change("yes", "J"), true);
  assert.equal(keys.change("no", "u"), true);
  const again = new Keymap(storage);
  assert.equal(again.action("j"), "yes");
  assert.equal(again.action("1"), null);
  assert.equal(again.action("u"), "no");
  assert.equal(again.action("0"), "undo");
  again.reset();
  assert.equal(new Keymap(storage).action("1"), "yes");
});

test("keys that mean something else can't be had", () => {
  const keys = new Keymap(memory());
  for (const key of ["?", "Escape", "Tab", "ArrowLeft", "f"]) assert.equal(keys.change("yes", key), false);
  assert.equal(keys.action("1"), "yes");
});

test("what is broken in the storage is not used", () => {
  assert.equal(new Keymap(memory("{")).action("1"), "yes");
  assert.equal(new Keymap(memory('{"yes":7,"other":"x"}')).action("1"), "yes");
});
