import { call, thumbnailURL } from "../api.js";
import { h } from "../dom.js";
import { bytes, count, moment, plural } from "../format.js";
import { frameURL } from "../replay/steps.js";
import { formatRoute } from "../route.js";
import { failure, loading } from "../states.js";
import { linkOfReference, linksOf } from "./links.js";
import { kindText, readValue } from "./values.js";
import { functionParts, why } from "./why.js";
import { bareID, constantText, shortID } from "./words.js";

/** A value that takes more is fetched when it is asked for. */
const FETCHED = 4 << 20;
const PICTURE = 320;

/** All that is known of a node of the graph: of a record where it is, what made it, what it leads to, and its value. */
export class Details {
  #id = null;
  #values = new Map();

  /** `onChoose(id)` hears of an input that is followed. */
  constructor(shell, { onChoose }) {
    this.shell = shell;
    this.on = { onChoose };
    this.element = h("aside", { class: "details scroll", "aria-label": "Record", tabindex: "0", hidden: true });
  }

  /** `node` is the graph's, `record` what variables.load answers without the value, null where it was deleted. */
  show(route, node, record) {
    this.route = route;
    const key = node === null ? null : JSON.stringify([node.id, record?.saved_at, route.record]);
    this.element.hidden = node === null;
    if (key === this.#id) return;
    this.#id = key;
    if (node === null) return;
    const parts = node.details === null ? this.#record(node, record) : this.#thing(node);
    this.element.replaceChildren(...parts.filter(Boolean));
    this.element.scrollTop = 0;
  }

  #record(node, record) {
    const { lineage } = node;
    return [
      this.#head(node),
      Object.keys(node.metadata ?? {}).length === 0 ? null : section("Where", list(Object.entries(node.metadata).map(([name, value]) => [name, String(value)]))),
      section("Record", list([
        ["record", h("code", {}, node.id)],
        record ? ["content", h("code", { title: "SHA-256 of the content" }, record.content_hash)] : null,
        record ? ["size", bytes(record.bytes)] : null,
        record && record.schema_version !== 1 ? ["schema version", String(record.schema_version)] : null,
        node.at === null ? null : [lineage ? "computed" : "saved", moment(node.at)],
      ])),
      lineage ? this.#made(lineage, node.id) : section("Made by", h("p", { class: "muted" }, "It was saved as it is: no function is recorded.")),
      this.#links(linksOf([[node.metadata], [lineage?.constants], [lineage?.inputs.map(({ name, record_id: id }) => ({ [name]: id }))]])),
      record && !node.isEvicted ? this.#value(node.id, record) : section("Value", h("p", { class: "muted" }, node.isEvicted ? "It was evicted; what made it can make it again." : "It was deleted, or is not kept; its lineage stays.")),
    ];
  }

  /** What is no record: a snapshot, an image, a frame, an episode, a run. */
  #thing(node) {
    const link = linkOfReference(node.id);
    const picture = frameURL(node.id, PICTURE) ?? (node.id.startsWith("image:") ? thumbnailURL(bareID(node.id), PICTURE) : null);
    return [
      this.#head(node),
      picture === null ? null : h("img", { src: picture, alt: `The ${node.variable}`, error: ({ target }) => target.remove() }),
      section("What is known", list([["reference", h("code", {}, node.id)], ...Object.entries(node.details).map(([name, value]) => [name, constantText(value)])])),
      this.#links(link === null ? [] : [link]),
    ];
  }

  #head(node) {
    const isRoot = node.id === this.route.record;
    const variable = node.details === null ? node.variable : undefined;
    return h("header", {}, h("h2", {}, node.variable),
      isRoot ? null : h("a", { class: "button", href: formatRoute({ ...this.route, variable, q: undefined, record: node.id, node: undefined, vs: undefined }) }, "Show its graph"));
  }

  #made(lineage, id) {
    const given = lineage.constants.filter((each) => each !== null && typeof each === "object" && "name" in each && "value" in each);
    const plain = lineage.constants.filter((each) => each === null || typeof each !== "object" || !("name" in each));
    return section("Made by",
      h("p", { class: "function" }, "ƒ ", h("b", {}, lineage.function_name), (lineage.output_num ?? 0) > 0 ? ` output ${lineage.output_num}` : ""),
      list([
        ["function", h("code", { title: "The function's hash" }, lineage.function_hash)],
        lineage.lineage_hash ? ["invocation", h("code", { title: "Function, inputs and constants" }, lineage.lineage_hash)] : null,
        lineage.run_id ? ["run", h("a", { href: formatRoute({ room: "runs", run: lineage.run_id }) }, lineage.run_id)] : null,
        lineage.user_id ? ["by", lineage.user_id] : null,
        lineage.host ? ["host", lineage.host] : null,
        lineage.started_at ? ["began", moment(lineage.started_at)] : null,
      ]),
      lineage.inputs.length > 0 ? h("h4", {}, plural(lineage.inputs.length, "input")) : null,
      this.#inputs(lineage.inputs),
      given.length + plain.length > 0 ? h("h4", {}, "Constants") : null,
      list([...given.map(({ name, value }) => [name, constantText(value)]), ...plain.map((value, k) => [String(k + 1), constantText(value)])]),
      functionParts(id),
      why(id));
  }

  #inputs(inputs) {
    const shown = inputs.slice(0, 50);
    const row = ({ name, record_id: id, type }) => [name, h("button", { type: "button", class: "quiet link", click: () => this.on.onChoose(id) }, type, h("span", { class: "muted" }, ` ${shortID(id)}`))];
    return list([...shown.map(row), inputs.length > shown.length ? ["…", `${count(inputs.length - shown.length)} more`] : null]);
  }

  #links(links) {
    this.links = h("ul", { class: "links" }, ...links.map((link) => this.#link(link)));
    this.linkSection = section("Leads to", this.links);
    this.linkSection.hidden = links.length === 0;
    return this.linkSection;
  }

  #link({ text, href, snapshot }) {
    if (snapshot === undefined) return h("li", {}, h("a", { href }, text));
    const item = h("li", {}, `snapshot ${snapshot.slice(0, 12)}… `);
    call("snapshots.get", { snapshot_id: snapshot, limit: 5 }).then(({ snapshot: found, images }) => {
      item.append(h("span", { class: "muted" }, `${plural(found.train, "image")} to train on, ${count(found.val)} to validate on; ${moment(found.created_at)}`), " ",
        ...images.flatMap(({ id, filename }) => [h("a", { href: formatRoute({ room: "label", image: id }) }, filename), " "]));
    }, () => item.append(h("span", { class: "muted" }, "is not there")));
    return item;
  }

  #value(id, record) {
    const body = h("div", { class: "value" });
    // What the panel leads to by then may be another record's.
    const place = { body, links: this.links, linkSection: this.linkSection };
    if (this.#values.has(id)) this.#showValue(place, this.#values.get(id));
    else if ((record.bytes ?? 0) <= FETCHED) this.#fetch(id, record.variable, place);
    else {
      body.append(h("p", { class: "muted" }, `It takes ${bytes(record.bytes)}.`),
        h("button", { type: "button", click: () => this.#fetch(id, record.variable, place) }, "Fetch it"));
    }
    return section("Value", body);
  }

  async #fetch(id, variable, place) {
    place.body.replaceChildren(loading("the value"));
    try {
      // What shows values is fetched with the first of them.
      const [{ value }, { preview }] = await Promise.all([call("variables.load", { variable, version: id }), import("./preview.js")]);
      if (this.#values.size > 8) this.#values.delete(this.#values.keys().next().value);
      this.#values.set(id, { read: readValue(value), preview });
      this.#showValue(place, this.#values.get(id));
    } catch (error) {
      place.body.replaceChildren(error.kind === "result_too_large"
        ? h("p", { class: "muted" }, "It is larger than what a browser can be sent; load it in a program.")
        : failure("The value did not come", error, () => this.#fetch(id, variable, place)));
    }
  }

  #showValue({ body, links, linkSection }, { read, preview }) {
    body.replaceChildren(h("p", {}, kindText(read)), ...preview(read));
    if (read.kind !== "json") return;
    const known = new Set(Array.from(links.querySelectorAll("a"), (link) => link.getAttribute("href")));
    for (const link of linksOf([[read.value]])) if (!known.has(link.href)) links.append(this.#link(link));
    linkSection.hidden = links.childElementCount === 0;
  }
}

function section(heading, ...body) {
  return h("section", {}, h("h3", {}, heading), ...body);
}

function list(rows) {
  const shown = rows.filter(Boolean);
  return shown.length === 0 ? null : h("dl", {}, ...shown.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value))));
}
