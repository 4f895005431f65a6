import { call, callPaged } from "../api.js";
import { debounce, h, setText } from "../dom.js";
import { plural } from "../format.js";
import { poll } from "../poll.js";
import { parseSort } from "../route.js";
import { empty, failure, loading } from "../states.js";
import { assignHues } from "./colors.js";
import { RunPane } from "./run.js";
import { configKeys } from "./search.js";
import { Summaries } from "./summaries.js";
import { RunTable, runOrders, selectRuns } from "./table.js";
import { formatSelection, MOST_RUNS, parseSelection, toggled } from "./view.js";

const PAGE = 1000;
const MOST = 2000;
const ROWS = 100;
const CONFIG_COLUMNS = 3;
const COMMAND = 'let run = try await HoldfastClient(server: "127.0.0.1:7411").startRun("run-1")\nrun.log("loss", 0.5, step: 1)';

/** All runs on the left, the charts of the selected ones on the right. */
export class RunsRoom {
  keys = [
    ["↑ ↓", "Between the rows of a table"], ["enter", "Open what has the focus"], ["space", "Tick a run"],
    ["← →", "Along a chart (shift: ten)"], ["+ -", "Zoom into a chart, out of it"], ["0", "All of the chart"],
    ["home end", "First, last"],
  ];
  #runs = null;
  #more = false;
  #poll = null;
  #clock = null;
  #shownRows = ROWS;
  #listState = null;
  #keys = [];
  #listedText = "";
  #hues = new Map();
  #changed = new Set();
  #catchUp = 0;
  #others = new Map();

  constructor(shell) {
    this.shell = shell;
    this.route = {};
    this.pane = new RunPane(shell);
    this.summaries = new Summaries({ onChange: () => this.#render() });
    this.search = h("input", {
      type: "search", placeholder: "Search: name, tag, status, lr:0.001", "aria-label": "Search runs",
      input: debounce(() => this.#change({ q: this.search.value.trim() }), 150),
    });
    this.found = h("p", { class: "muted found", role: "status" });
    this.columns = h("details", { class: "drop columns" }, h("summary", {}, "Columns"));
    this.table = new RunTable({
      onSelect: (id, isOn) => this.#select(toggled(this.#selected, id, isOn)),
      onSelectAll: (isOn) => this.#select(isOn ? this.#listed().slice(0, Math.min(MOST_RUNS, this.#shownRows)).map(({ run_id: id }) => id) : []),
      onSort: (sort) => this.#change({ sort }),
      onSeen: (ids) => this.summaries.see(ids),
    });
    this.further = h("button", { type: "button", class: "further", hidden: true, click: () => this.#showMore() });
    this.list = h("div", { class: "scroll", tabindex: "-1" }, loading("runs"));
    this.element = h("section", { class: "runs-room", "aria-label": "Runs" },
      h("div", { class: "runs-list" }, h("div", { class: "toolbar" }, this.search, this.columns, this.found), this.list),
      this.pane.element);
    document.addEventListener("click", (event) => {
      if (this.columns.open && !this.columns.contains(event.target)) this.columns.open = false;
    });
  }

  show(route) {
    if (route.q !== this.route.q) this.#shownRows = ROWS;
    this.route = route;
    if (document.activeElement !== this.search) this.search.value = route.q ?? "";
    this.#render();
    this.#showPane();
    this.#poll ??= poll(() => this.refresh(), 10);
    this.#clock ??= poll(async () => this.#tick(), 1);
    if (this.#runs === null || this.#missing().length > 0) this.#poll.now();
    this.#clock.now();
  }

  hide() {
    this.#poll?.stop();
    this.#clock?.stop();
    this.#poll = null;
    this.#clock = null;
    this.#soon.cancel();
    this.pane.hide();
  }

  connectionChanged() {
    // What these logged meanwhile was not told.
    for (const { run_id: id, status } of this.#runs ?? []) if (status === "running") this.#changed.add(id);
    this.#poll?.now();
    this.pane.metricsChanged(null);
  }

  /** The server says that runs began, ended or went. */
  runsChanged() {
    this.#soon();
  }

  /** The server says that new values of runs are there. */
  metricsChanged(ids) {
    for (const id of ids) this.#changed.add(id);
    this.#catchUp ||= setTimeout(() => this.#readChanged(), 1000);
    this.pane.metricsChanged(ids);
    if (ids.some((id) => !this.#known(id))) this.#soon();
  }

  #readChanged() {
    this.#catchUp = 0;
    if (document.hidden) return;
    this.summaries.changed([...this.#changed]);
    this.#changed.clear();
  }

  /** Keeps the listed runs; returns whether anything is different. */
  #take(rows, more) {
    const text = JSON.stringify([rows, more]);
    if (text === this.#listedText) return false;
    this.#listedText = text;
    this.#runs = rows;
    this.#more = more;
    this.#keys = configKeys(rows);
    return true;
  }

  async refresh() {
    let isNew = false;
    try {
      const { rows, more } = await callPaged("runs.list", { limit: PAGE }, "runs", MOST);
      isNew = this.#take(rows, more);
    } catch (error) {
      if (this.#runs === null) this.#fail(error);
      return;
    }
    if (isNew) {
      this.#render();
      this.#showPane();
    }
    if (await this.#readOthers()) this.#showPane();
    this.#readChanged();
    this.summaries.know(this.#runs.map(({ run_id: id }) => id));
  }

  #soon = debounce(() => this.#poll?.now(), 200);

  #change(changes) {
    this.shell.navigate({ ...this.route, ...changes }, { replace: true });
  }

  #select(ids) {
    this.shell.navigate({ ...this.route, run: formatSelection(ids) });
  }

  /** The selected runs' ids; where the address names none, the newest run. */
  get #selected() {
    return parseSelection(this.route.run) ?? (this.#runs ?? []).slice(0, 1).map(({ run_id: id }) => id);
  }

  #known(id) {
    return this.#runs?.find(({ run_id: each }) => each === id) ?? this.#others.get(id);
  }

  #missing() {
    return this.#selected.filter((id) => !this.#known(id));
  }

  /** Selected runs that the list has not are asked for one by one; returns whether there are any. */
  async #readOthers() {
    let isAny = false;
    const listed = new Set(this.#runs.map(({ run_id: id }) => id));
    for (const id of this.#selected.filter((each) => !listed.has(each))) {
      try {
        this.#others.set(id, await call("runs.get", { run_id: id }));
        isAny = true;
      } catch (error) {
        this.#others.delete(id);
        this.pane.fail(id, error, () => this.#poll?.now());
      }
    }
    return isAny;
  }

  #tick() {
    this.table.tick();
    this.pane.tick(this.#runs ?? []);
  }

  #fail(error) {
    const heading = error.kind === "unreachable" ? "No server" : "The runs did not come";
    this.#say(failure(heading, error, () => this.#poll.now()), "failure");
  }

  /** The runs that fit the search, in order, each with its last loss. */
  #listed() {
    return selectRuns(this.#runs.map((run) => ({ ...run, loss: this.summaries.loss(run.run_id) })), this.route.q, this.#sort);
  }

  get #sort() {
    return parseSort(this.route.sort, runOrders(this.#keys.map(({ key }) => key)), "-started_at");
  }

  /** Hue and number of the selected runs. */
  #marks() {
    const ids = this.#selected;
    const order = (this.#runs ?? []).map(({ run_id: id }) => id).reverse();
    this.#hues = assignHues(order, ids, this.#hues);
    return new Map(ids.map((id, place) => [id, { hue: this.#hues.get(id), tag: ids.length > 1 ? String(place + 1) : "" }]));
  }

  #showPane() {
    if (this.#runs === null) return;
    const ids = this.#selected;
    if (this.route.run === undefined && ids.length > 0) {
      // So that the address says what is shown, also when it is passed on or a newer run begins.
      this.shell.remember({ run: ids[0] });
      this.route = { ...this.route, run: ids[0] };
    }
    const marks = this.#marks();
    this.pane.hint.hidden = ids.length > 0 || this.#runs.length === 0;
    this.pane.show(this.route, ids, ids.map((id) => this.#known(id)).filter(Boolean).map((run) => ({ ...run, ...marks.get(run.run_id) })));
  }

  #render() {
    if (this.#runs === null) return;
    const columns = this.#columns(this.#keys);
    const runs = this.#listed();
    setText(this.found, this.#foundText(runs.length));
    this.#renderColumns(this.#keys, columns);
    if (this.#runs.length === 0) {
      this.#say(empty("No runs yet", "Training code that logs to this server shows up here by itself. A run in an HDF5 file is brought in by holdfast import.", COMMAND), "none");
      return;
    }
    if (runs.length === 0) {
      this.#say(empty("No run fits", `No run holds “${this.route.q}” in its name, tags, status, agent or configuration.`), `none ${this.route.q}`);
      return;
    }
    const rows = runs.slice(0, this.#shownRows);
    this.table.update({ runs: rows, route: this.route, sort: this.#sort, marks: this.#marks(), columns, spark: (id) => this.summaries.spark(id) });
    this.further.hidden = rows.length === runs.length;
    const left = runs.length - rows.length;
    setText(this.further, left > ROWS ? `Show ${ROWS} more of ${plural(left, "run")}` : `Show the other ${plural(left, "run")}`);
    this.#say(null, "table");
  }

  /** The table, or a state in its place. */
  #say(element, state) {
    if (this.#listState === state) return;
    this.#listState = state;
    this.list.replaceChildren(...(element ? [element] : [this.table.element, this.further]));
  }

  #showMore() {
    this.#shownRows += ROWS;
    this.#render();
  }

  /** The keys of configurations that are columns: those in the address, or some of those that differ. */
  #columns(keys) {
    if (this.route.cols !== undefined) return this.route.cols.split(",").filter((key) => keys.some((each) => each.key === key));
    return keys.filter(({ varies }) => varies).slice(0, CONFIG_COLUMNS).map(({ key }) => key);
  }

  #renderColumns(keys, columns) {
    this.columns.hidden = keys.length === 0;
    const state = JSON.stringify([keys, columns]);
    if (this.columns.dataset.state === state) return;
    this.columns.dataset.state = state;
    const focused = document.activeElement?.dataset?.key;
    const boxes = keys.map(({ key }) => h("label", {},
      h("input", { type: "checkbox", "data-key": key, checked: columns.includes(key), change: ({ target }) => this.#change({ cols: toggled(columns, key, target.checked).join(",") || "-" }) }), key));
    this.columns.replaceChildren(this.columns.firstChild, h("div", { class: "menu" }, ...boxes));
    if (focused) this.columns.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus();
  }

  #foundText(n) {
    if (this.#runs.length === 0) return "";
    const all = plural(this.#runs.length, "run");
    if (this.#more) return `the ${all} listed first; there are more`;
    return n === this.#runs.length ? all : `${n} of ${all}`;
  }
}
