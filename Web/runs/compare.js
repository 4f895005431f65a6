import { h } from "../dom.js";
import { plural } from "../format.js";
import { formatRoute } from "../route.js";
import { configKeys, configText, flatten } from "./search.js";
import { chip, lasting, statusMark } from "./table.js";
import { toggled } from "./view.js";

/** The header of several runs: which they are, and what their configurations have differently. */
export function comparison(ids, runs, route, open, onSelect) {
  const missing = ids.filter((id) => !runs.some(({ run_id: known }) => known === id));
  return [
    h("h2", {}, plural(ids.length, "run")),
    h("ul", { class: "legend" }, ...runs.map((run) => legend(run, route, () => onSelect(toggled(ids, run.run_id, false))))),
    missing.length > 0 ? h("p", { class: "muted" }, `Not found: ${missing.join(", ")}`) : null,
    differences(runs, open),
  ];
}

function legend(run, route, remove) {
  const { run_id: id } = run;
  return h("li", {}, chip(run.hue, run.tag),
    h("a", { href: formatRoute({ ...route, run: id }), "data-focus": `run ${id}` }, id), statusMark(run.status),
    h("span", { class: "muted" }, lasting(run)),
    h("button", { type: "button", class: "quiet remove", "aria-label": `Remove ${id} from the comparison`, "data-focus": `remove ${id}`, click: remove }, "✕"));
}

/** A row for each key that not all runs have alike. */
function differences(runs, open) {
  const keys = configKeys(runs);
  const varying = keys.filter(({ varies }) => varies).map(({ key }) => key);
  if (keys.length === 0) return null;
  if (varying.length === 0) return h("p", { class: "muted" }, "The configurations are the same");
  const configs = runs.map((run) => new Map(flatten(run.config)));
  const heads = runs.map((run) => h("th", { scope: "col", class: "number" }, chip(run.hue, run.tag), h("span", { class: "hidden-text" }, run.run_id)));
  const rows = varying.map((key) => h("tr", {}, h("th", { scope: "row" }, key), ...configs.map((config) => h("td", { class: "number" }, configText(config.get(key)) || "–"))));
  return h("details", { class: "config", open },
    h("summary", { "data-focus": "config" }, `Configurations differ in ${varying.length} of ${plural(keys.length, "key")}`),
    h("div", { class: "differences", tabindex: "0", role: "region", "aria-label": "Differences" },
      h("table", { class: "rows" }, h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "Key"), ...heads)), h("tbody", {}, ...rows))));
}
