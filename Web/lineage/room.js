import { call, connection } from "../api.js";
import { debounce, h } from "../dom.js";
import { poll } from "../poll.js";
import { empty, failure, loading } from "../states.js";
import { Catalog } from "./catalog.js";
import { Details } from "./details.js";
import { isSameLocation, locationOf } from "./filter.js";
import { GraphPane } from "./pane.js";
import { mergeGraphs } from "./graph.js";

/** Variables, where and when they were saved, and what each record was made of. */
export class LineageRoom {
  keys = [
    ["← →", "To an input, to an output"], ["↑ ↓", "Between the boxes of a layer, between rows"], ["enter", "Part what is alike; show a record's own graph"],
    ["+ −", "Zoom (or the wheel); drag to move"], ["f", "Fit the graph"], ["esc", "Choose nothing"],
  ];
  #poll = null;
  #schema = null;
  #graph = null;
  #records = new Map();
  #asked = null;
  #failed = null;

  constructor(shell) {
    this.shell = shell;
    this.route = {};
    this.catalog = new Catalog(shell);
    this.details = new Details(shell, { onChoose: (id) => this.#choose(id) });
    this.comparison = h("div", { class: "comparison-box", hidden: true });
    this.pane = new GraphPane({ onChoose: (id) => this.#choose(id), onChange: (changes) => this.#change(changes) });
    this.state = h("div", { class: "lineage-state" });
    this.main = h("div", { class: "lineage-main" }, this.state, this.comparison, this.pane.element);
    this.element = h("section", { class: "lineage-room", "aria-label": "Lineage" }, this.catalog.element, this.main, this.details.element);
  }

  show(route) {
    this.route = route;
    this.element.classList.toggle("has-record", route.record !== undefined);
    this.element.classList.toggle("has-variable", route.variable !== undefined);
    this.#render();
    this.#poll ??= poll(() => this.catalog.refresh(), 15);
    if (this.#schema === null) this.#readSchema().then(() => this.element.isConnected && this.#render());
    if (route.record !== undefined) this.#load(route.record);
  }

  hide() {
    this.#poll?.stop();
    this.#poll = null;
    this.pane.stop();
    this.#asked = null;
  }

  connectionChanged() {
    if (!connection.live) return;
    this.#poll?.now();
    if (this.#failed !== null) {
      this.#failed = null;
      this.show(this.route);
    }
  }

  /** The schema keys, which never change once there are some. */
  async #readSchema() {
    if (this.#schema !== null) return;
    const { keys } = await call("variables.schema").catch(() => ({ keys: [] }));
    if (keys.length > 0) this.#schema = keys;
  }

  #change(changes) {
    this.shell.navigate({ ...this.route, ...changes }, { replace: true });
  }

  #choose(id) {
    this.#change({ node: id === null || id === this.route.record ? undefined : id, vs: undefined });
  }

  /** Fetches the graph around a record. */
  async #load(id) {
    if (this.#graph?.root === id || this.#asked === id || this.#failed?.id === id) return;
    this.#asked = id;
    try {
      const [upstream, downstream] = await Promise.all([call("lineage.upstream", { record_id: id }), call("lineage.downstream", { record_id: id }), this.#readSchema()]);
      if (this.#asked !== id || this.route.record !== id) return;
      this.#graph = { root: id, ...mergeGraphs(upstream, downstream, (this.#schema ?? []).map(({ name }) => name)) };
      this.#render();
    } catch (error) {
      if (this.#asked !== id) return;
      this.#failed = { id, element: failure("The graph did not come", error, () => {
        this.#failed = null;
        this.show(this.route);
      }) };
      this.#render();
    } finally {
      if (this.#asked === id) this.#asked = null;
    }
  }

  /** Fetches what is known of a record, without its value. */
  async #read(node) {
    if (node === null || node.metadata === null || this.#records.has(node.id)) return;
    if (this.#records.size > 500) this.#records.clear();
    this.#records.set(node.id, null);
    const record = await call("variables.load", { variable: node.variable, version: node.id, values: false }).catch(() => undefined);
    if (record === undefined) this.#records.delete(node.id);
    else this.#records.set(node.id, record);
    this.#soon();
  }

  #soon = debounce(() => this.element.isConnected && this.#render(), 0);

  #render() {
    const { record, node: chosen, vs } = this.route;
    const graph = this.#graph?.root === record ? this.#graph : null;
    const node = graph?.nodes.get(chosen ?? record) ?? null;
    const keys = this.#schema ?? [];
    const types = Object.fromEntries(keys.map(({ name, type }) => [name, type]));
    const known = node === null ? null : this.#records.get(node.id) ?? null;
    this.catalog.show(this.route, types, node === null ? undefined : this.#placed(node, keys.map(({ name }) => name)));
    this.details.show(this.route, node, known);
    this.#compare(node, vs);
    this.pane.element.hidden = graph === null || vs !== undefined;
    if (graph !== null) {
      this.#say(null);
      this.pane.show(graph, this.route);
      this.#read(node);
    } else {
      this.pane.stop();
      this.#say(this.#nothing());
    }
  }

  /** What compares two records is fetched with the first two. */
  async #compare(node, vs) {
    const isOpen = node !== null && vs !== undefined;
    this.comparison.hidden = !isOpen;
    if (!isOpen) return;
    const { comparison } = await import("./compare.js");
    comparison(this.comparison, this.route, node.variable, [node.id, vs]);
  }

  /** A record with its location, and a test whether other metadata are of the same. */
  #placed(node, keys) {
    const location = locationOf(node.metadata ?? {}, keys);
    return { record_id: node.id, variable: node.variable, metadata: node.metadata, location, isAt: (metadata) => isSameLocation(locationOf(metadata, keys), location) };
  }

  #nothing() {
    if (this.route.record !== undefined) return this.#failed?.id === this.route.record ? this.#failed.element : loading("the graph");
    if (this.route.variable !== undefined) return empty("No record is chosen", "Choose a location from the list: its latest record shows with all that it was made of, and what was made of it.");
    return empty("No variable is chosen", "Choose one from the list. A record shows as a graph: inputs at the left, outputs at the right.");
  }

  #say(element) {
    this.state.replaceChildren(...(element ? [element] : []));
    this.state.hidden = element === null;
  }
}
