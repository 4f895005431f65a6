import { call } from "../api.js";
import { debounce, h, setText } from "../dom.js";
import { ago, count, moment, plural } from "../format.js";
import { formatRoute } from "../route.js";
import { followRow, moveBetweenRows } from "../rows.js";
import { empty, failure, loading } from "../states.js";
import { fitsMetadata, inOrder, parseFilter } from "./filter.js";
import { metadataText } from "./words.js";

const PAGE = 100;
const SHOWN = 200;
const COMMAND = `import holdfast
from holdfast.lineage import BaseVariable, use

use(holdfast.Client("127.0.0.1:7411"))

class Raw(BaseVariable): pass

Raw.save([0.1, 0.2], subject=1)`;

/** The variables; of the chosen one the locations; of the chosen record's location the versions. */
export class Catalog {
  #variables = null;
  #shownVariables = SHOWN;
  #locations = null;
  #versions = null;
  #asked = 0;
  #key = null;
  #text = "";

  constructor(shell) {
    this.shell = shell;
    this.route = {};
    this.filter = h("input", { type: "search", spellcheck: "false", autocomplete: "off", input: debounce(() => this.#filter(), 200) });
    this.heading = h("div", { class: "catalog-head" });
    this.found = h("p", { class: "muted found", role: "status" });
    this.body = h("div", { class: "scroll", tabindex: "-1" }, loading("variables"));
    this.element = h("div", { class: "catalog" }, h("div", { class: "toolbar" }, this.filter), this.heading, this.found, this.body);
  }

  get #parsed() {
    return parseFilter(this.route.q, this.types);
  }

  /** `types` are those of the schema keys, `record` is the one that is looked at, as far as it is known. */
  show(route, types, record) {
    this.route = route;
    this.types = types;
    this.record = record;
    if (document.activeElement !== this.filter) this.filter.value = route.q ?? "";
    const text = route.variable === undefined ? "Filter variables" : "Filter locations: subject:1";
    this.filter.placeholder = text;
    this.filter.setAttribute("aria-label", text.split(":")[0]);
    const key = JSON.stringify(route.variable === undefined ? [] : [route.variable, this.#parsed.metadata]);
    if (key !== this.#key) {
      this.#key = key;
      this.#locations = null;
      this.#versions = null;
      this.#text = "";
      if (route.variable !== undefined) this.#load(undefined);
    }
    if (this.#variables === null) this.refresh();
    if (route.variable !== undefined) this.#loadVersions();
    this.#render();
  }

  /** Looks for new variables, and for new records of the chosen one as long as only its first page is open. */
  async refresh() {
    try {
      this.#variables = (await call("variables.list")).variables;
      this.#render();
    } catch (error) {
      if (this.#variables === null) this.body.replaceChildren(failure("The variables did not come", error, () => this.refresh()));
    }
    if (this.#locations !== null && this.#locations.rows.length <= PAGE) await this.#load(undefined);
  }

  #filter() {
    this.#shownVariables = SHOWN;
    this.shell.navigate({ ...this.route, q: this.filter.value.trim() || undefined }, { replace: true });
  }

  async #load(cursor) {
    const asked = (this.#asked += 1);
    const { variable } = this.route;
    const params = { variable, metadata: this.#parsed.metadata, values: false, limit: PAGE, ...(cursor === undefined ? {} : { cursor }) };
    try {
      const page = await call("variables.load_all", params);
      if (asked !== this.#asked) return;
      this.#locations = { rows: cursor === undefined ? page.records : [...this.#locations.rows, ...page.records], cursor: page.cursor ?? undefined };
      this.#render();
    } catch (error) {
      if (asked !== this.#asked || this.#locations !== null) return;
      this.#text = "";
      this.body.replaceChildren(failure("The locations did not come", error, () => this.#load(cursor)));
    }
  }

  /** The versions at the location of the record that is looked at. */
  async #loadVersions() {
    const { record } = this;
    if (!record?.metadata || record.variable !== this.route.variable) return;
    const key = JSON.stringify([record.variable, record.location, record.record_id]);
    if (this.#versions?.key === key) return;
    this.#versions = { key, rows: [] };
    const page = await call("variables.versions", { variable: record.variable, metadata: record.location, limit: PAGE }).catch(() => ({ versions: [] }));
    if (this.#versions.key !== key) return;
    this.#versions.rows = page.versions.filter(({ metadata }) => record.isAt(metadata));
    this.#render();
  }

  #render() {
    if (this.#variables === null) return;
    const { variable, q, record, vs } = this.route;
    const text = JSON.stringify([this.#variables, this.#locations, this.#versions, variable, q, record, vs, this.record?.record_id, this.#shownVariables]);
    if (text === this.#text) return;
    this.#text = text;
    const focused = this.body.contains(document.activeElement) ? document.activeElement.closest("tr")?.dataset.key : null;
    if (variable === undefined) this.#renderVariables();
    else this.#renderLocations();
    if (focused) this.body.querySelector(`tr[data-key="${CSS.escape(focused)}"] a`)?.focus({ preventScroll: true });
  }

  #renderVariables() {
    const words = (this.route.q ?? "").toLowerCase().split(/\s+/).filter(Boolean);
    const rows = this.#variables.filter(({ variable }) => words.every((word) => variable.toLowerCase().includes(word)));
    this.heading.replaceChildren();
    this.element.classList.toggle("is-empty", this.#variables.length === 0);
    setText(this.found, rows.length === this.#variables.length ? plural(rows.length, "variable") : `${count(rows.length)} of ${plural(this.#variables.length, "variable")}`);
    if (this.#variables.length === 0) {
      this.body.replaceChildren(empty("No variables yet", "Save values with their metadata, and what computes them as thunks; they show up here with where they come from.", COMMAND));
      return;
    }
    if (rows.length === 0) {
      this.body.replaceChildren(empty("No variable fits", `No variable has “${this.route.q}” in its name.`));
      return;
    }
    const more = rows.length > this.#shownVariables
      ? h("button", { type: "button", class: "further", click: () => { this.#shownVariables += SHOWN; this.#render(); } }, `Show more of ${plural(rows.length, "variable")}`)
      : null;
    const now = Date.now() / 1000;
    this.#table(["Variable", "Versions", "Saved"], rows.slice(0, this.#shownVariables).map((row) => ({
      key: row.variable,
      href: formatRoute({ room: "lineage", variable: row.variable }),
      name: row.variable,
      under: plural(row.locations, "location"),
      cells: [count(row.records), ago(row.last_saved_at, now)],
    })), more);
  }

  #renderLocations() {
    const { variable, record: chosen } = this.route;
    this.heading.replaceChildren(h("a", { href: formatRoute({ room: "lineage" }) }, "‹ All variables"), h("h2", {}, variable));
    if (this.#locations === null) {
      this.body.replaceChildren(loading("locations"));
      return;
    }
    const { text } = this.#parsed;
    const rows = this.#locations.rows.filter(({ metadata }) => fitsMetadata(metadata, text));
    const isMore = this.#locations.cursor !== undefined;
    const among = text.length > 0 && isMore ? ` among the first ${count(this.#locations.rows.length)}` : "";
    setText(this.found, isMore ? `${count(rows.length)}+ locations${among}` : plural(rows.length, "location"));
    if (this.#locations.rows.length === 0 && !this.#variables.some((each) => each.variable === variable)) {
      this.body.replaceChildren(empty("No locations", `There is no variable ${variable}. “All variables” above leads to those that are there.`));
      return;
    }
    if (rows.length === 0 && !isMore) {
      this.body.replaceChildren(empty("No location fits", "Filter by keys, such as subject:1, or by parts of their values."));
      return;
    }
    const now = Date.now() / 1000;
    const here = this.record;
    this.#table(["Location", "Saved"], rows.flatMap((row) => {
      const isHere = here?.isAt?.(row.metadata) && here.variable === variable;
      const line = {
        key: row.record_id, href: this.#recordAddress(row.record_id), name: metadataText(inOrder(row.metadata, Object.keys(this.types))) || row.record_id, isCurrent: row.record_id === chosen,
        cells: [ago(row.saved_at, now)],
      };
      const versions = isHere ? this.#versionLines(row.record_id) : [];
      return [{ ...line, isCurrent: line.isCurrent && versions.length === 0 }, ...versions];
    }), isMore ? h("button", { type: "button", class: "further", click: () => this.#load(this.#locations.cursor) }, "Show more locations") : null);
  }

  #versionLines(latest) {
    const versions = this.#versions?.rows ?? [];
    const seen = new Set();
    return versions.length < 2 ? [] : versions.filter(({ record_id: id }) => !seen.has(id) && seen.add(id)).map((version) => {
      const { record_id: id } = version;
      const isOther = id === this.route.vs;
      const isShown = id === (this.route.node ?? this.route.record);
      const compare = isShown ? null : h("a", {
        class: "compare", title: "What differs", "aria-label": isOther ? `Stop comparing with version ${id}` : `Compare with version ${id}`,
        href: formatRoute({ ...this.route, vs: isOther ? undefined : id }),
      }, isOther ? "✕" : "diff");
      return {
        key: `${id} version`, href: this.#recordAddress(id), name: moment(version.saved_at), under: id === latest ? `${id} · latest` : id,
        isCurrent: id === this.route.record, isVersion: true, cells: [compare],
      };
    });
  }

  #recordAddress(record) {
    const { variable, q, way, depth, view } = this.route;
    return formatRoute({ room: "lineage", variable, q, way, depth, view, record });
  }

  #table(heads, lines, more) {
    const head = heads.map((text, k) => h("th", { scope: "col", class: k === 0 ? null : "number" }, text));
    const row = ({ key, href, name, under, isCurrent, isVersion, cells }) => h("tr", { "data-key": key, class: `${isCurrent ? "chosen" : ""} ${isVersion ? "version" : ""}` },
      h("th", { scope: "row" }, h("a", { href, "aria-current": isCurrent ? "true" : null, title: name }, name), under ? h("span", { class: "under muted" }, under) : null),
      ...cells.map((cell) => h("td", { class: "number" }, cell)));
    const body = h("tbody", { keydown: moveBetweenRows, click: followRow }, ...lines.map(row));
    this.body.replaceChildren(h("table", { class: "rows" }, h("thead", {}, h("tr", {}, ...head)), body), ...(more ? [more] : []));
  }
}
