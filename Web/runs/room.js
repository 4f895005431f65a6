import { callPaged } from "../api.js";
import { debounce, h } from "../dom.js";
import { plural } from "../format.js";
import { poll } from "../poll.js";
import { parseSort } from "../route.js";
import { empty, failure, loading } from "../states.js";
import { RunPane } from "./run.js";
import { RUN_ORDERS, runsTable, selectRuns } from "./table.js";

const PAGE = 200;
const MOST = 2000;
const IMPORT = "holdfast import path/to/run.h5";

/** All runs on the left, the chosen one on the right. */
export class RunsRoom {
  keys = [
    ["↑ ↓", "Between the rows of a table"], ["enter", "Open what has the focus"], ["← →", "Step back, step on (shift: ten)"],
    ["space", "Play, stop"], ["[ ]", "Slower, faster"], ["home end", "First step, last step"],
  ];
  #runs = null;
  #more = false;
  #poll = null;
  #shown = "";

  constructor(shell) {
    this.shell = shell;
    this.route = {};
    this.pane = new RunPane(shell);
    this.search = h("input", {
      type: "search", placeholder: "Search runs, tags, agents", "aria-label": "Search runs",
      input: debounce(() => shell.navigate({ ...this.route, q: this.search.value.trim() }, { replace: true }), 150),
    });
    this.found = h("p", { class: "muted found", role: "status" });
    this.list = h("div", { class: "scroll", tabindex: "-1" }, loading("runs"));
    this.element = h("section", { class: "runs-room", "aria-label": "Runs" },
      h("div", { class: "runs-list" }, h("div", { class: "toolbar" }, this.search, this.found), this.list),
      this.pane.element);
  }

  show(route) {
    this.route = route;
    this.element.classList.toggle("has-run", route.run !== undefined);
    this.element.classList.toggle("has-episode", route.episode !== undefined);
    if (document.activeElement !== this.search) this.search.value = route.q ?? "";
    this.#render();
    this.pane.show(route);
    this.#poll ??= poll(() => this.refresh(), 5);
    this.#poll.now();
  }

  hide() {
    this.#poll?.stop();
    this.#poll = null;
    this.pane.hide();
  }

  connectionChanged() {
    this.#poll?.now();
  }

  async refresh() {
    try {
      const { rows, more } = await callPaged("runs.list", { limit: PAGE }, "runs", MOST);
      this.#runs = rows;
      this.#more = more;
      this.#render();
    } catch (error) {
      if (this.#runs === null) this.#fail(error);
    }
    await this.pane.refresh(this.#runs?.find(({ run_id }) => run_id === this.route.run));
  }

  #fail(error) {
    this.#shown = "";
    const heading = error.kind === "unreachable" ? "No server" : "The runs did not come";
    this.list.replaceChildren(failure(heading, error, () => this.#poll.now()));
  }

  #render() {
    if (this.#runs === null) return;
    const sort = parseSort(this.route.sort, RUN_ORDERS, "-started_at");
    const runs = selectRuns([...this.#runs], this.route.q, sort);
    const minute = runs.some(({ status }) => status === "running") ? Math.floor(Date.now() / 5000) : 0;
    const state = JSON.stringify([runs, this.route.run, this.route.q, sort, minute]);
    if (state === this.#shown) return;
    this.#shown = state;
    this.found.textContent = this.#foundText(runs.length);
    const focused = this.list.contains(document.activeElement) ? focusKey(document.activeElement) : null;
    this.list.replaceChildren(this.#content(runs, sort));
    if (focused) this.list.querySelector(focused)?.focus({ preventScroll: true });
  }

  #content(runs, sort) {
    if (this.#runs.length === 0) {
      return empty("No runs yet", "Training code that logs to this server shows up here by itself. A run that lies in an HDF5 file is brought in:", IMPORT);
    }
    if (runs.length === 0) return empty("No run fits", `No run holds “${this.route.q}” in its name, tags, status or agent.`);
    return runsTable(runs, this.route, sort, this.shell);
  }

  #foundText(n) {
    if (this.#runs.length === 0) return "";
    const all = plural(this.#runs.length, "run");
    if (this.#more) return `the ${all} listed first; there are more`;
    return n === this.#runs.length ? all : `${n} of ${all}`;
  }
}

/** A selector for what has the focus, to find it again after a table was drawn anew. */
function focusKey(element) {
  const run = element.closest("tr[data-run]")?.dataset.run;
  if (run) return `tr[data-run="${CSS.escape(run)}"] a`;
  const head = element.closest("th");
  return head ? `thead th:nth-child(${[...head.parentNode.children].indexOf(head) + 1}) button` : null;
}

