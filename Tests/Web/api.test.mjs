import assert from "node:assert/strict";
import { test } from "node:test";

const DATABASE = "holdfast-database";

/** A fresh copy of the module, a page's life of its own, before a server that answers with `answers`, one after the other. */
async function page(...answers) {
  const asked = [];
  globalThis.fetch = async (url, { headers }) => {
    asked.push(headers[DATABASE]);
    const { database, error } = answers[Math.min(asked.length, answers.length) - 1];
    const body = JSON.stringify(error ? { error } : { result: {} });
    return new Response(body, { headers: database ? { [DATABASE]: database } : {} });
  };
  const api = await import(`../../Web/api.js?${Math.random()}`);
  const said = [];
  for (const name of ["database", "other_database"]) api.connection.addEventListener(name, () => said.push(name));
  return { ...api, asked, said };
}

test("the first database that is told is named in every later request", async () => {
  const { call, connection, sized, asked, said } = await page({ database: "a" });
  assert.equal(sized("/thumbnails/1.png", 96), "/thumbnails/1.png?size=96");
  for (let k = 0; k < 3; k += 1) await call("server.ping");
  assert.deepEqual(asked, [undefined, "a", "a"]);
  assert.equal(connection.database, "a");
  assert.deepEqual(said, ["database"]);
  assert.equal(sized("/thumbnails/1.png", 96), "/thumbnails/1.png?size=96&database=a");
  assert.equal(sized("/thumbnails/1.png"), "/thumbnails/1.png?database=a");
});

test("a request for another database names that one, and its refusal tells which one is served", async () => {
  const refusal = { code: -32000, message: "another database", data: { kind: "other_database", final: true } };
  const { call, connection, asked, said } = await page({ database: "b", error: refusal });
  await assert.rejects(call("labels.set", {}, "a"), { kind: "other_database" });
  assert.deepEqual(asked, ["a"]);
  assert.equal(connection.database, "b");
  assert.deepEqual(said, ["database"]);
});

test("another database than the page's is told", async () => {
  const { call, connection, said } = await page({ database: "a" }, { database: "b" });
  await call("server.ping");
  await call("server.ping");
  assert.deepEqual(said, ["database", "other_database"]);
  assert.equal(connection.database, "a");
});

test("a server that tells no database is asked as before", async () => {
  const { call, asked, said } = await page({});
  await call("server.ping");
  await call("server.ping");
  assert.deepEqual(asked, [undefined, undefined]);
  assert.deepEqual(said, []);
});
