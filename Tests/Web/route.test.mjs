import assert from "node:assert/strict";
import { test } from "node:test";
import { formatRoute, loginAddress, nextSort, parseRoute, parseSort, safeReturn, wholeNumber } from "../../Web/route.js";

test("a state survives the way through the address", () => {
  const route = { room: "runs", q: "lr=1e-3 & more", run: "r.1", episode: "a/b c", step: "17" };
  assert.deepEqual(parseRoute(new URL(formatRoute(route), "http://localhost").search), route);
});

test("what is not set and what is not known is left out", () => {
  assert.equal(formatRoute({ room: "label", label: undefined, image: null, other: 1 }), "/?room=label");
  assert.equal(formatRoute({}), "/");
  assert.deepEqual(parseRoute("?room=runs&evil=1&run="), { room: "runs" });
});

test("a step of zero stands in the address", () => {
  assert.equal(formatRoute({ room: "runs", step: 0 }), "/?room=runs&step=0");
});

test("lists and ranges stay readable", () => {
  assert.equal(formatRoute({ room: "runs", run: "a,b", zoom: "step:1..2" }), "/?room=runs&run=a,b&zoom=step:1..2");
});

test("only whole numbers are numbers", () => {
  assert.equal(wholeNumber("17", 0), 17);
  for (const bad of ["-1", "1.5", "1e3", "", undefined, "9".repeat(30)]) assert.equal(wholeNumber(bad, 4), 4);
});

test("an unknown order falls back", () => {
  assert.deepEqual(parseSort("-steps", ["steps"], "steps"), { name: "steps", descending: true });
  assert.deepEqual(parseSort("-nonsense", ["steps"], "-steps"), { name: "steps", descending: true });
  assert.deepEqual(parseSort(undefined, ["steps"], "steps"), { name: "steps", descending: false });
});

test("pressing a column turns it around, another one starts at its better end", () => {
  assert.equal(nextSort({ name: "steps", descending: true }, "steps", true), "steps");
  assert.equal(nextSort({ name: "steps", descending: false }, "steps", true), "-steps");
  assert.equal(nextSort({ name: "steps", descending: true }, "run_id", false), "run_id");
});

test("the login page sends back to this server only", () => {
  assert.equal(safeReturn("/?room=runs"), "/?room=runs");
  for (const bad of ["//evil.example", "/\\evil.example", "https://evil.example", "javascript:alert(1)", "/\t/evil", null]) {
    assert.equal(safeReturn(bad), "/");
  }
});

test("the login page leads back, and says why only to who was signed in", () => {
  for (const wasSignedIn of [true, false]) {
    const query = new URL(loginAddress("/?room=runs&run=a b", wasSignedIn), "http://localhost").searchParams;
    assert.equal(query.get("next"), "/?room=runs&run=a b");
    assert.equal(query.has("ended"), wasSignedIn);
  }
});
