import { call } from "../api.js";
import { h } from "../dom.js";
import { count, moment, number, plural } from "../format.js";
import { formatRoute } from "../route.js";
import { failure, loading } from "../states.js";
import { diffValues, LISTED } from "./diff.js";
import { kindText, readValue } from "./values.js";
import { metadataText } from "./words.js";

/** Shows in a box what differs between two records: shape, type, statistics, and the first differences. */
export async function comparison(box, route, variable, ids) {
  const key = JSON.stringify([ids, route]);
  if (box.dataset.key === key) return;
  box.dataset.key = key;
  const show = (...parts) => box.dataset.key === key && box.replaceChildren(
    h("section", { class: "comparison scroll", "aria-label": "Comparison", tabindex: "0" }, h("div", { class: "comparison-body" }, ...parts)));
  show(loading("both values"));
  try {
    show(...view(await Promise.all(ids.map((version) => call("variables.load", { variable, version }))), route));
  } catch (error) {
    show(closing(route), failure("The values did not come", error, () => {
      delete box.dataset.key;
      comparison(box, route, variable, ids);
    }));
  }
}

function closing(route) {
  return h("a", { class: "button", href: formatRoute({ ...route, vs: undefined }) }, "Back to the graph");
}

function view(records, route) {
  const [left, right] = records.map(({ value }) => readValue(value));
  const isSame = records[0].content_hash === records[1].content_hash;
  const { facts, first, count: different, of } = diffValues(left, right);
  const verdict = isSame ? "The contents are the same, bit for bit."
    : different === null ? "They can't be held against each other element by element."
      : different === 0 ? "No element differs; the contents differ in how they are kept."
        : `${plural(different, "element")} of ${count(of)} ${different === 1 ? "differs" : "differ"}${of > 0 ? ` (${percent(different / of)})` : ""}.`;
  return [
    h("header", {}, h("h2", {}, records[0].variable), h("p", { class: "verdict" }, isSame ? "= " : "≠ ", verdict), h("span", { class: "spacer" }), closing(route)),
    table(["", ...records.map(recordHead)], [
      ["value", kindText(left), kindText(right)],
      ...changedMetadata(records),
      ...facts.map(([name, a, b]) => [name, text(a), text(b)]),
    ], true),
    first.length === 0 ? null : h("h3", {}, different > first.length ? `The first ${Math.min(LISTED, first.length)} differences` : "Differences"),
    first.length === 0 ? null : table(["Where", "Left", "Right"], first.map(({ where, left: a, right: b }) => [where, text(a), text(b)]), false),
  ].filter(Boolean);
}

function recordHead(record) {
  return h("span", {}, h("b", {}, moment(record.saved_at)), h("span", { class: "muted under" }, [record.record_id, metadataText(record.metadata)].filter(Boolean).join(" · ")));
}

/** The metadata in which the two differ. */
function changedMetadata([a, b]) {
  const names = [...new Set([...Object.keys(a.metadata), ...Object.keys(b.metadata)])];
  return names.filter((name) => a.metadata[name] !== b.metadata[name]).map((name) => [name, text(a.metadata[name]), text(b.metadata[name])]);
}

function table(heads, rows, marks) {
  return h("div", { class: "table-box", tabindex: "0", role: "region", "aria-label": marks ? "Both values" : "First differences" }, h("table", { class: "rows diff" },
    h("thead", {}, h("tr", {}, ...heads.map((head) => h("th", { scope: "col" }, head || h("span", { class: "hidden-text" }, "What"))))),
    h("tbody", {}, ...rows.map(([name, a, b]) => h("tr", { class: marks && a !== b && a !== "" ? "differs" : null },
      h("th", { scope: "row" }, name), h("td", {}, a), h("td", {}, b))))));
}

function text(value) {
  if (value === undefined || value === null) return "–";
  if (typeof value === "number") return Number.isFinite(value) ? number(value) : String(value);
  const plain = typeof value === "string" ? value : typeof value === "object" ? JSON.stringify(value) : String(value);
  return plain.length > 300 ? `${plain.slice(0, 299)}…` : plain;
}

function percent(share) {
  return share < 0.001 ? "less than 0.1 %" : `${number(100 * share)} %`;
}
