import assert from "node:assert/strict";
import { test } from "node:test";
import { Outbox, backoff, imagesOf } from "../../Web/outbox.js";

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

const forbidden = () => Object.assign(new Error("it needs a token with role ingest"), { kind: "forbidden", final: false });

/** A server whose token may do what `may` says. */
function guarded(may) {
  const asked = [];
  return { asked, send: async (method, { id, seq }) => {
    asked.push(id ?? seq);
    if (!may(method, id)) throw forbidden();
  } };
}

test("what the token may not do is set aside, kept for the next visit, and holds up nothing else", async () => {
  const storage = new MemoryStorage();
  const { asked, send } = guarded((method) => method === "labels.set");
  const outbox = new Outbox({ storage, send });
  outbox.add("images.insert", { producer: "p", seq: 91, images: [{}] });
  for (const id of [1, 2, 3]) outbox.add("labels.set", { id });
  await emptied(outbox);
  assert.deepEqual(asked, [91, 1, 2, 3]);
  assert.deepEqual(outbox.aside, { count: 1, error: forbidden() });
  assert.equal(outbox.entries.length, 1);
  const after = guarded(() => true);
  const again = new Outbox({ storage, send: after.send });
  await again.drain();
  assert.deepEqual(after.asked, [91]);
  assert.equal(again.aside, null);
  assert.equal(storage.length, 0);
});

test("nothing overtakes what was set aside for the same image or producer", async () => {
  const { asked, send } = guarded((method, id) => method !== "images.insert" && id !== 1);
  const outbox = new Outbox({ storage: new MemoryStorage(), send });
  outbox.add("images.insert", { producer: "p", seq: 91, images: [{}] });
  outbox.add("images.insert", { producer: "p", seq: 92, images: [{}] });
  outbox.add("labels.set", { id: 1 });
  outbox.add("labels.set_many", { sets: [{ id: 1 }, { id: 2 }] });
  outbox.add("labels.undo", { id: 2 });
  outbox.add("labels.set", { id: 3 });
  await emptied(outbox);
  assert.deepEqual(asked, [91, 1, 3]);
  assert.equal(outbox.aside.count, 5);
});

test("a write that succeeds after a while lets what was set aside try again, in its order", async () => {
  let may = false;
  const { asked, send } = guarded((method) => may || method === "labels.set");
  const outbox = new Outbox({ storage: new MemoryStorage(), send, patience: 0 });
  outbox.add("images.insert", { producer: "p", seq: 91 });
  outbox.add("images.insert", { producer: "p", seq: 92 });
  outbox.add("labels.set", { id: 1 });
  await emptied(outbox);
  await outbox.drain();
  assert.equal(outbox.aside.count, 2);
  may = true;
  outbox.add("labels.set", { id: 2 });
  await outbox.drain();
  await emptied(outbox);
  assert.equal(outbox.entries.length, 0);
  assert.deepEqual(asked.slice(-3), [2, 91, 92]);
});

test("writes are sent with the database they were made for, and wait while another one is served", async () => {
  const storage = new MemoryStorage();
  const keep = new Outbox({ storage, send: never, database: () => "a" });
  keep.add("labels.set", { id: 1 });
  keep.add("labels.set", { id: 2 });
  const sent = [];
  const send = async (method, { id }, database) => sent.push([id, database]);
  const other = new Outbox({ storage, send, database: () => "b" });
  assert.deepEqual([other.foreign, other.size, other.entries.length], [2, 0, 0]);
  other.add("labels.set", { id: 1 });
  await emptied(other);
  assert.deepEqual(sent, [[1, "b"]]);
  assert.equal(storage.length, 2);
  const back = new Outbox({ storage, send, database: () => "a" });
  assert.equal(back.foreign, 0);
  await back.drain();
  assert.deepEqual(sent.slice(1), [[1, "a"], [2, "a"]]);
  assert.equal(storage.length, 0);
});

test("what the server refuses as another database's stays, and holds up nothing", async () => {
  const storage = new MemoryStorage();
  new Outbox({ storage, send: never, database: () => "a" }).add("labels.set", { id: 1 });
  const sent = [];
  let served = null;
  const send = async (method, { id }, database) => {
    served = "b";
    if ((database ?? served) !== served) throw Object.assign(new Error("another database"), { kind: "other_database", final: true });
    sent.push(id);
  };
  const outbox = new Outbox({ storage, send, database: () => served, patience: 0 });
  outbox.add("labels.set", { id: 2 });
  await emptied(outbox);
  assert.deepEqual(sent, [2]);
  assert.deepEqual([outbox.foreign, outbox.aside, storage.length], [1, null, 1]);
});

test("a write of an earlier version, which names no database, is sent as it was", async () => {
  const storage = new MemoryStorage();
  new Outbox({ storage, send: never }).add("labels.set", { id: 1 });
  const sent = [];
  const outbox = new Outbox({ storage, send: async (method, { id }, database) => sent.push([id, database]), database: () => "b" });
  await outbox.drain();
  assert.deepEqual(sent, [[1, undefined]]);
});

test("the images of a write are those it names, and none of those it brings", () => {
  assert.deepEqual(imagesOf({ params: { id: 7 } }), [7]);
  assert.deepEqual(imagesOf({ params: { sets: [{ id: 1 }, { id: 2 }] } }), [1, 2]);
  assert.deepEqual(imagesOf({ params: { producer: "p", seq: 1, images: [{ filename: "a" }] } }), []);
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
