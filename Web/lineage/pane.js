import { h, setText } from "../dom.js";
import { count, plural } from "../format.js";
import { wholeNumber } from "../route.js";
import { HUES } from "../runs/colors.js";
import { GraphCanvas } from "./canvas.js";
import { layout } from "./layout.js";
import { Listing } from "./listing.js";
import { portion, WAYS } from "./portion.js";

const DEPTHS = [1, 2, 3, 5, 10];
const DIRECTIONS = { both: "both", up: "upstream", down: "downstream" };
const FORMATS = [["prov-json", "PROV-JSON"], ["openlineage", "OpenLineage"], ["mermaid", "Mermaid"], ["dot", "Graphviz DOT"]];

/** The graph or the table of it, and how much of it is shown. */
export class GraphPane {
  #parted = new Set();
  #root = null;
  #key = null;
  #shown = null;

  constructor({ onChoose, onChange }) {
    this.onChange = onChange;
    this.onChoose = onChoose;
    this.canvas = new GraphCanvas({ onChoose: (id) => this.#pick(id), onOpen: (id) => this.#open(id) });
    this.listing = new Listing({ onChoose: (id) => this.#pick(id) });
    const option = ([value, text]) => h("option", { value }, text);
    this.way = h("select", { "aria-label": "Direction", change: () => onChange({ way: this.way.value === "both" ? undefined : this.way.value }) },
      ...[["both", "Inputs and outputs"], ["up", "What it was made of"], ["down", "What was made of it"]].map(option));
    this.depth = h("select", { "aria-label": "Steps", change: () => onChange({ depth: this.depth.value || undefined }) },
      ...[["", "All steps"], ...DEPTHS.map((steps) => [steps, plural(steps, "step")])].map(option));
    this.alike = h("button", { type: "button", "aria-pressed": "false", title: "Records of the same variable, made by the same function of alike inputs, as one box", click: () => this.#toggleAlike() }, "Group alike");
    this.view = h("button", { type: "button", "aria-pressed": "false", click: () => onChange({ view: this.isTable ? undefined : "table" }) }, "Table");
    this.found = h("p", { class: "muted found", role: "status" });
    const zoom = (text, name, click) => h("button", { type: "button", "aria-label": name, title: name, click }, text);
    this.zoom = h("span", { class: "group" },
      zoom("−", "Smaller (-)", () => this.canvas.zoom(1 / 1.4)),
      zoom("Fit", "Fit the graph (f)", () => this.canvas.fit()),
      zoom("+", "Larger (+)", () => this.canvas.zoom(1.4)));
    this.files = h("details", { class: "drop" }, h("summary", {}, "Download"), h("div", { class: "menu" }));
    const [summary] = this.files.children;
    document.addEventListener("click", (event) => summary.contains(event.target) || (this.files.open = false));
    this.files.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      this.files.open = false;
      summary.focus();
    });
    this.element = h("div", { class: "pane" },
      h("div", { class: "toolbar" }, this.way, this.depth, this.alike, this.view, this.found, this.files, this.zoom), this.canvas.element, this.listing.element);
  }

  get isTable() {
    return this.route?.view === "table";
  }

  show(graph, route) {
    this.route = route;
    if (graph.root !== this.#root) this.#parted.clear();
    const way = Object.hasOwn(WAYS, route.way ?? "") ? route.way : "both";
    const depth = wholeNumber(route.depth, Infinity) || Infinity;
    this.way.value = way;
    this.depth.value = DEPTHS.includes(depth) ? String(depth) : "";
    const key = JSON.stringify([graph.root, way, depth, route.alike, [...this.#parted]]);
    const chosen = route.node ?? graph.root;
    if (key !== this.#key || graph !== this.graph) {
      const alike = route.alike === undefined ? null : route.alike === "1";
      const shown = portion(graph, { root: graph.root, way, depth, alike, parted: this.#parted });
      this.alike.setAttribute("aria-pressed", String(shown.isGrouped));
      this.#arrange(graph, shown, key, chosen);
      this.#offerFiles(graph.root, way, depth);
    } else {
      this.canvas.choose(this.#leader(chosen));
    }
    const isTable = this.isTable;
    this.view.setAttribute("aria-pressed", String(isTable));
    this.canvas.element.hidden = isTable;
    this.zoom.hidden = isTable;
    this.listing.element.hidden = !isTable;
    if (isTable) this.listing.show({ ...this.#shown, chosen: this.#leader(chosen), root: graph.root });
    this.canvas.start();
  }

  /** Links, so that the browser itself takes what the server sends; of as much of the graph as is shown. */
  #offerFiles(root, way, depth) {
    const part = `direction=${DIRECTIONS[way]}${Number.isFinite(depth) ? `&depth=${depth}` : ""}`;
    const links = FORMATS.map(([format, name]) => h("a", { href: `/exports/lineage/${encodeURIComponent(root)}?format=${format}&${part}`, download: true }, name));
    this.files.lastElementChild.replaceChildren(...links);
  }

  stop() {
    this.canvas.stop();
  }

  #arrange(graph, { nodes, edges, records, isLess }, key, chosen) {
    const keepView = this.#root === graph.root && this.#shown !== null;
    this.graph = graph;
    this.#root = graph.root;
    this.#key = key;
    this.#shown = { nodes, drawn: layout({ nodes, edges }) };
    const variables = [...new Set([...graph.nodes.values()].map(({ variable }) => variable))];
    const hues = new Map(variables.map((variable, k) => [variable, (k % HUES) + 1]));
    this.canvas.show({ ...this.#shown, hues, root: graph.root, chosen: this.#leader(chosen), keepView });
    const left = graph.nodes.size - records;
    const parts = [plural(records, "record")];
    if (nodes.size < records) parts.push(`in ${plural(nodes.size, "box", "boxes")}`);
    if (left > 0) parts.push(`${count(left)} further ones not shown${isLess ? " (too many)" : ""}`);
    if (graph.isCut) parts.push("there are more than the server told");
    setText(this.found, parts.join(", "));
    this.found.title = parts.join(", ");
  }

  /** The box that a record is in. */
  #leader(id) {
    if (this.#shown.nodes.has(id)) return id;
    for (const node of this.#shown.nodes.values()) if (node.members?.includes(id)) return node.id;
    return null;
  }

  #pick(id) {
    this.onChoose(id);
  }

  /** Parts what is alike; else shows the record's own graph. */
  #open(id) {
    const node = this.#shown.nodes.get(id);
    if (node === undefined) return;
    if (node.members !== null) {
      for (const member of node.members) this.#parted.add(member);
      this.show(this.graph, this.route);
    } else if (id !== this.#root) {
      this.onChange({ variable: node.variable, record: id, node: undefined });
    }
  }

  #toggleAlike() {
    this.#parted.clear();
    this.onChange({ alike: this.alike.getAttribute("aria-pressed") === "true" ? "0" : "1" });
  }
}
