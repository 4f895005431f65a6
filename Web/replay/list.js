import { call } from "../api.js";
import { debounce, h, setText } from "../dom.js";
import { ago, count, number } from "../format.js";
import { formatRoute, parseSort } from "../route.js";
import { followRow, headCell, moveBetweenRows } from "../rows.js";
import { empty, failure, loading } from "../states.js";
import { ending } from "./steps.js";

const PAGE = 100;
const SEARCHED = 5000;
const COLUMNS = [
  { name: "started_at", title: "Episode", left: true, descendingFirst: true },
  { name: "total_reward", title: "Reward", descendingFirst: true },
  { name: "steps", title: "Steps", descendingFirst: true },
];
const ORDERS = COLUMNS.map(({ name }) => name);
const COMMAND = 'let run = try await HoldfastClient(server: "127.0.0.1:7411").startRun("run-1")\nrun.logStep(episode: "e1", index: 0, action: 1, reward: 0.5, frame: pixels)';

/** The episodes of all runs or of one, in the server's order, page after page; a search goes through them. */
export class EpisodeList {
  #rows = [];
  #cursor;
  #asked = 0;
  #key = null;
  #text = "";
  #knownRuns = "";
  #isRunUnknown = false;

  constructor(shell) {
    this.shell = shell;
    this.route = {};
    this.runs = h("datalist", { id: "replay-runs" });
    this.run = h("input", {
      type: "search", placeholder: "All runs", "aria-label": "Run", list: "replay-runs", spellcheck: "false", autocomplete: "off",
      input: debounce(() => this.#change({ run: this.run.value.trim() || undefined }), 250),
      focus: () => this.#suggest(),
    });
    this.search = h("input", {
      type: "search", placeholder: "Search episodes", "aria-label": "Search episodes",
      input: debounce(() => this.#change({ q: this.search.value.trim() || undefined }), 150),
    });
    this.found = h("p", { class: "muted found", role: "status" });
    this.body = h("div", { class: "scroll", tabindex: "-1" });
    this.element = h("div", { class: "replay-list" }, h("div", { class: "toolbar" }, this.run, this.runs, this.search), this.found, this.body);
  }

  show(route) {
    this.route = route;
    for (const [input, value] of [[this.run, route.run], [this.search, route.q]]) if (document.activeElement !== input) input.value = value ?? "";
    const key = JSON.stringify([route.run, route.episodes]);
    if (key === this.#key) {
      this.#render();
      return;
    }
    this.#key = key;
    this.#rows = [];
    this.#cursor = undefined;
    this.#text = "";
    this.body.replaceChildren(loading("episodes"));
    this.#load(undefined);
  }

  /** Looks for new episodes, as long as only the first page is open. */
  async refresh() {
    if (this.#key !== null && this.#rows.length <= PAGE) await this.#load(undefined);
  }

  get #sort() {
    return parseSort(this.route.episodes, ORDERS, "-started_at");
  }

  #change(changes) {
    this.shell.navigate({ ...this.shell.route, ...changes }, { replace: true });
  }

  async #suggest() {
    const page = await call("runs.list", { limit: 200 }).catch(() => ({ runs: [] }));
    const ids = page.runs.map(({ run_id: id }) => id);
    if (ids.join() === this.#knownRuns) return;
    this.#knownRuns = ids.join();
    this.runs.replaceChildren(...ids.map((value) => h("option", { value })));
  }

  async #load(cursor) {
    const asked = (this.#asked += 1);
    const { name, descending } = this.#sort;
    const params = { order: name, descending, limit: cursor === undefined ? PAGE : 1000 };
    if (this.route.run !== undefined) params.run_id = this.route.run;
    if (cursor !== undefined) params.cursor = cursor;
    try {
      const page = await call("episodes.list", params);
      const isRunUnknown = page.episodes.length === 0 && params.run_id !== undefined && (await isUnknown(params.run_id));
      if (asked !== this.#asked) return;
      this.#isRunUnknown = isRunUnknown;
      this.#rows = cursor === undefined ? page.episodes : [...this.#rows, ...page.episodes];
      this.#cursor = page.cursor ?? undefined;
      this.#render();
    } catch (error) {
      if (asked !== this.#asked || (cursor === undefined && this.#rows.length > 0)) return;
      this.#text = "";
      this.body.replaceChildren(failure("The episodes did not come", error, () => this.#load(cursor)));
    }
  }

  #render() {
    const words = (this.route.q ?? "").toLowerCase().split(/\s+/).filter(Boolean);
    const fits = ({ episode_id: id, run_id: run }) => words.every((word) => id.toLowerCase().includes(word) || run.toLowerCase().includes(word));
    const rows = this.#rows.filter(fits);
    const isSearching = words.length > 0 && this.#cursor !== undefined && this.#rows.length < SEARCHED;
    if (isSearching) this.#load(this.#cursor);
    const text = JSON.stringify([rows, this.#cursor, this.#isRunUnknown, this.route.run, this.route.q, this.route.episodes, this.route.episode, this.route.vs, this.route.speed, this.route.loop]);
    if (text === this.#text) return;
    this.#text = text;
    setText(this.found, `${count(rows.length)}${this.#cursor === undefined ? "" : "+"} ${rows.length === 1 ? "episode" : "episodes"}${words.length > 0 && this.#cursor !== undefined ? ` among the first ${count(this.#rows.length)}` : ""}`);
    if (rows.length === 0) {
      this.body.replaceChildren(this.#nothing(isSearching));
      return;
    }
    const onSort = (episodes) => this.#change({ episodes });
    const sort = this.#sort;
    const focused = this.body.contains(document.activeElement) ? document.activeElement.closest("tr")?.dataset.episode : null;
    const body = h("tbody", { keydown: moveBetweenRows, click: followRow }, ...rows.slice(0, SEARCHED).map((row) => this.#row(row)));
    const more = h("button", { type: "button", class: "further", click: () => this.#load(this.#cursor) }, "Show more episodes");
    this.body.replaceChildren(
      h("table", { class: "rows" }, h("thead", {}, h("tr", {}, ...COLUMNS.map((column) => headCell(column, sort, onSort)), h("th", { scope: "col" }, h("span", { class: "hidden-text" }, "Compare")))), body),
      ...(this.#cursor === undefined || isSearching ? [] : [more]));
    if (focused) body.querySelector(`tr[data-episode="${CSS.escape(focused)}"] a`)?.focus({ preventScroll: true });
  }

  #nothing(isSearching) {
    if (isSearching) return loading("episodes");
    if (this.#rows.length > 0) return empty("No episode fits", "Search for parts of an episode's or a run's name.");
    if (this.#isRunUnknown) return empty("No episodes", `There is no run ${this.route.run}. Choose another above, or empty the field for all runs.`);
    if (this.route.run !== undefined) return empty("No episodes", `The run ${this.route.run} has logged no steps so far.`);
    return empty("No episodes yet", "Log the steps of an episode, with frames where there are some.", COMMAND);
  }

  #row(episode) {
    const { episode_id: id } = episode;
    const isChosen = id === this.route.episode;
    const isOther = id === this.route.vs;
    const route = { ...this.route, room: "replay", follow: undefined };
    const compare = this.route.episode === undefined || isChosen ? null : h("a", {
      class: "compare", href: formatRoute({ ...route, vs: isOther ? undefined : id }), "aria-label": isOther ? `Stop comparing with ${id}` : `Compare with ${id}`, title: "Side by side",
    }, isOther ? "✕" : "vs");
    return h("tr", { "data-episode": id, class: isChosen ? "chosen" : null },
      h("th", { scope: "row" }, h("a", { class: "id", title: id, href: formatRoute({ ...route, episode: id, step: undefined, vs: undefined }), "aria-current": isChosen ? "true" : null }, ...ends(id)),
        h("span", { class: "under muted" }, `${ending(episode)} · ${ago(episode.started_at, Date.now() / 1000)}`)),
      h("td", { class: "number" }, number(episode.total_reward)),
      h("td", { class: "number" }, count(episode.steps)),
      h("td", {}, compare));
  }
}

/** Whether the server has no run of this name; one of which that can't be said has just no episodes. */
async function isUnknown(run) {
  return call("runs.get", { run_id: run }).then(() => false, ({ kind }) => kind === "not_found");
}

/** A name in two parts, of which the second is never cut off: the end is what tells the episodes of a run apart. */
function ends(id) {
  const letters = [...id];
  return [letters.slice(0, -8), letters.slice(-8)].map((part) => h("span", {}, part.join("")));
}
