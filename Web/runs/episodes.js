import { call } from "../api.js";
import { h } from "../dom.js";
import { count, moment, number } from "../format.js";
import { formatRoute, parseSort } from "../route.js";
import { followRow, headCell, moveBetweenRows } from "../rows.js";
import { empty, failure, loading } from "../states.js";
import { ending } from "../replay/steps.js";

const PAGE = 100;
const COLUMNS = [
  { name: "episode", title: "Episode", left: true },
  { name: "started_at", title: "Started", descendingFirst: true },
  { name: "total_reward", title: "Reward", descendingFirst: true },
  { name: "steps", title: "Steps", descendingFirst: true },
];
const ORDERS = ["started_at", "total_reward", "steps"];

/** The episodes of a run in the server's order, page after page. */
export class Episodes {
  #asked = 0;
  #rows = [];
  #cursor;
  #key = "";

  constructor(shell) {
    this.shell = shell;
    this.body = h("div", { class: "episodes-body" });
    this.element = h("section", { class: "episodes" }, h("h3", {}, "Episodes"), this.body);
  }

  show(route) {
    this.route = route;
    const { run, episodes } = route;
    const key = JSON.stringify([run, episodes]);
    if (key === this.#key) return;
    this.#key = key;
    this.#rows = [];
    this.body.replaceChildren(loading("episodes"));
    this.#load(undefined);
  }

  /** Looks for new episodes, as long as only the first page is open. */
  async refresh() {
    if (this.#rows.length <= PAGE) await this.#load(undefined);
  }

  get #sort() {
    return parseSort(this.route.episodes, ORDERS, "-started_at");
  }

  async #load(cursor) {
    this.#asked += 1;
    const asked = this.#asked;
    const { name, descending } = this.#sort;
    try {
      const params = { run_id: this.route.run, order: name, descending, limit: PAGE };
      const page = await call("episodes.list", cursor === undefined ? params : { ...params, cursor });
      if (asked !== this.#asked) return;
      this.#rows = cursor === undefined ? page.episodes : [...this.#rows, ...page.episodes];
      this.#cursor = page.cursor ?? undefined;
      this.#render();
    } catch (error) {
      if (asked !== this.#asked || (cursor === undefined && this.#rows.length > 0)) return;
      this.body.replaceChildren(failure("The episodes did not come", error, () => this.#load(cursor)));
    }
  }

  #render() {
    if (this.#rows.length === 0) {
      this.body.replaceChildren(empty("No episodes", "This run has logged no steps so far."));
      return;
    }
    const sort = this.#sort;
    const onSort = (episodes) => this.shell.navigate({ ...this.route, episodes }, { replace: true });
    const head = COLUMNS.map((column) => (ORDERS.includes(column.name)
      ? headCell(column, sort, onSort)
      : h("th", { scope: "col" }, column.title)));
    const focused = this.body.contains(document.activeElement) ? document.activeElement.closest("tr")?.dataset.episode : null;
    const body = h("tbody", { keydown: moveBetweenRows, click: followRow }, ...this.#rows.map((episode) => this.#row(episode)));
    const more = h("button", { type: "button", click: () => this.#load(this.#cursor) }, "Show more episodes");
    this.body.replaceChildren(
      h("table", { class: "rows" }, h("thead", {}, h("tr", {}, ...head)), body),
      ...(this.#cursor === undefined ? [] : [more]));
    if (focused) body.querySelector(`tr[data-episode="${CSS.escape(focused)}"] a`)?.focus({ preventScroll: true });
  }

  #row(episode) {
    const route = { room: "replay", run: this.route.run, episodes: this.route.episodes, episode: episode.episode_id };
    return h("tr", { "data-episode": episode.episode_id },
      h("th", { scope: "row" }, h("a", { href: formatRoute(route) }, episode.episode_id),
        h("span", { class: "under muted" }, ending(episode))),
      h("td", { class: "number" }, moment(episode.started_at)),
      h("td", { class: "number" }, number(episode.total_reward)),
      h("td", { class: "number" }, count(episode.steps)));
  }
}
