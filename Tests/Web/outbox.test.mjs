import assert from "node:assert/strict";
import { test } from "node:test";
import { Outbox, backoff } from "../../Web/outbox.js";

/** A storage as browsers have it, which can be made to refuse. */
class MemoryStorage {
  #items = new Map();
  full = false;
  get length() {
    return this.#items.size;
  }
  key(index) {
    return [...this.#items.keys()][index] ?? null;
  }
  getItem(key) {
    return this.#items.get(key) ?? null;
  }
  setItem(key, value) {
    if (this.full) throw new Error("QuotaExceededError");
    this.#items.set(key, value);
  }
  removeItem(key) {
    this.#items.delete(key);
  }
}

const never = () => new Promise(() => {});
const failing = (final) => Object.assign(new Error("no"), { final });

function emptied(outbox) {
  return new Promise((resolve) => {
    outbox.addEventListener("change", () => outbox.size === 0 && resolve());
  });
}

test("writes are sent in order, one at a time, each with an event_id of its own", async () => {
  const sent = [];
  let running = 0;
  const send = async (method, params) => {
    assert.equal(++running, 1);
    await null;
    sent.push([method, params]);
    running -= 1;
  };
  const outbox = new Outbox({ storage: new MemoryStorage(), send });
  const done = emptied(outbox);
  for (let id = 1; id <= 20; id += 1) outbox.add("labels.set", { id });
  await done;
  assert.deepEqual(sent.map(([, { id }]) => id), Array.from({ length: 20 }, (_, i) => i + 1));
  assert.equal(new Set(sent.map(([, params]) => params.event_id)).size, 20);
});

test("what fails for the server's state is sent again with the same event_id, what follows waits", async () => {
  const sent = [];
  let failures = 3;
  const send = async (method, params) => {
    sent.push(params);
    if (failures-- > 0) throw failing(false);
  };
  const outbox = new Outbox({ storage: new MemoryStorage(), send, delay: () => 0 });
  const done = emptied(outbox);
  outbox.add("labels.set", { id: 1 });
  outbox.add("labels.set", { id: 2 });
  await done;
  assert.deepEqual(sent.map(({ id }) => id), [1, 1, 1, 1, 2]);
  assert.equal(new Set(sent.slice(0, 4).map(({ event_id }) => event_id)).size, 1);
});

test("a final refusal is told and does not hold up the rest", async () => {
  const outbox = new Outbox({
    storage: new MemoryStorage(),
    send: async (method, { id }) => {
      if (id === 1) throw failing(true);
    },
  });
  const refused = [];
  outbox.addEventListener("refused", ({ detail }) => refused.push(detail.entry.params.id));
  const done = emptied(outbox);
  outbox.add("labels.set", { id: 1 });
  outbox.add("labels.set", { id: 2 });
  await done;
  assert.deepEqual(refused, [1]);
});

test("a reload finds what was not acknowledged, in order, and nothing else", async () => {
  const storage = new MemoryStorage();
  storage.setItem("another.key", "kept");
  storage.setItem("holdfast.outbox.000-broken", "{");
  const before = new Outbox({ storage, send: never });
  for (let id = 1; id <= 12; id += 1) before.add("labels.set", { id });
  const sent = [];
  const after = new Outbox({ storage, send: async (method, params) => sent.push(params) });
  assert.equal(after.size, 12);
  await after.drain();
  assert.deepEqual(sent, before.entries.map(({ params }) => params));
  assert.equal(storage.length, 1);
});

test("a note is kept with its entry and not sent", async () => {
  const storage = new MemoryStorage();
  new Outbox({ storage, send: never }).add("labels.undo", { id: 1 }, { tool: 1 });
  const sent = [];
  const outbox = new Outbox({ storage, send: async (method, params) => sent.push(params) });
  assert.deepEqual(outbox.entries[0].note, { tool: 1 });
  await outbox.drain();
  assert.deepEqual(Object.keys(sent[0]).sort(), ["event_id", "id"]);
});

test("a full storage is told, and the write is sent all the same", async () => {
  const storage = new MemoryStorage();
  storage.full = true;
  const sent = [];
  const outbox = new Outbox({ storage, send: async (method, { id }) => sent.push(id) });
  const done = emptied(outbox);
  outbox.add("labels.set", { id: 1 });
  assert.equal(outbox.durable, false);
  await done;
  assert.deepEqual(sent, [1]);
});

test("asking to drain ends a pause at once", async () => {
  let down = true;
  const outbox = new Outbox({
    storage: new MemoryStorage(),
    send: async () => {
      if (down) throw failing(false);
    },
    delay: () => 3_600_000,
  });
  const stalled = new Promise((resolve) => outbox.addEventListener("stalled", resolve));
  const done = emptied(outbox);
  outbox.add("labels.set", { id: 1 });
  await stalled;
  await null;
  down = false;
  const again = setInterval(() => outbox.drain(), 5);
  await done;
  clearInterval(again);
  assert.equal(outbox.size, 0);
});

test("waiting grows to a cap and never goes below a floor", () => {
  assert.equal(backoff(1, () => 0), 200);
  assert.equal(backoff(1, () => 1), 1000);
  assert.equal(backoff(30, () => 1), 10_000);
});
