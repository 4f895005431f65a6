import assert from "node:assert/strict";
import { test } from "node:test";
import { bytes, count, duration, moment, number, plural, title } from "../../Web/format.js";

test("durations show their two largest units", () => {
  assert.equal(duration(3.9), "3 s");
  assert.equal(duration(245), "4 min 05 s");
  assert.equal(duration(7620), "2 h 07 min");
  assert.equal(duration(3 * 86400 + 4 * 3600), "3 d 4 h");
  assert.equal(duration(NaN), "–");
  assert.equal(duration(-1), "–");
});

test("numbers keep four digits and use exponents only at the ends", () => {
  assert.equal(number(0.097694), "0.09769");
  assert.equal(number(12345), "12,345");
  assert.equal(number(0.0000123), "1.23e-5");
  assert.equal(number(12_345_678), "1.23e7");
  assert.equal(number(0), "0");
  assert.equal(number(null), "–");
});

test("what the wire spells as a string stays that string", () => {
  assert.equal(number("NaN"), "NaN");
  assert.equal(number("-Infinity"), "-Infinity");
});

test("counts are grouped, unknown ones a dash", () => {
  assert.equal(count(1234567), "1,234,567");
  assert.equal(count(undefined), "–");
  assert.equal(plural(1, "answer"), "1 answer");
  assert.equal(plural(1200, "answer"), "1,200 answers");
});

test("moments are local time to the minute", () => {
  const at = new Date(2026, 1, 3, 4, 5, 59);
  assert.equal(moment(at.getTime() / 1000), "2026-02-03 04:05");
  assert.equal(moment(null), "–");
});

test("a label's name reads as words", () => {
  assert.equal(title("biopsy_tool"), "Biopsy tool");
});

test("bytes come in the unit that suits them", () => {
  assert.equal(bytes(0), "0 bytes");
  assert.equal(bytes(1023), "1,023 bytes");
  assert.equal(bytes(1536), "1.5 KiB");
  assert.equal(bytes(3 * 2 ** 30), "3 GiB");
  assert.equal(bytes(undefined), "–");
});
