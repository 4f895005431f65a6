import { h } from "../dom.js";
import { moment } from "../format.js";
import { moveBetweenRows } from "../rows.js";
import { functionText, whereOf } from "./words.js";

const SHOWN = 500;

/** The graph as a table, for those who read it row by row: from the first inputs to the last outputs. */
export class Listing {
  #shown = SHOWN;

  constructor({ onChoose }) {
    this.on = { onChoose };
    this.element = h("div", { class: "listing scroll", tabindex: "0", role: "region", "aria-label": "Records of the graph", hidden: true });
  }

  show({ nodes, drawn, chosen, root }) {
    const placed = [...nodes.values()].sort((a, b) => drawn.places.get(a.id).layer - drawn.places.get(b.id).layer || drawn.places.get(a.id).y - drawn.places.get(b.id).y);
    const inputs = new Map(placed.map(({ id }) => [id, []]));
    for (const edge of drawn.edges) inputs.get(edge.to).push(`${edge.names.slice(0, 3).join(", ")}: ${nodes.get(edge.from).variable}`);
    const row = (node) => h("tr", { class: node.id === chosen ? "chosen" : null, click: (event) => event.target.closest("a, button") === null && this.on.onChoose(node.id) },
      h("th", { scope: "row" }, h("button", { type: "button", class: "quiet link", "aria-current": node.id === chosen ? "true" : null, click: () => this.on.onChoose(node.id) }, node.variable),
        h("span", { class: "under muted" }, node.id === root ? "what is asked about" : steps(node.distance))),
      h("td", {}, whereOf(node)), h("td", {}, functionText(node)),
      h("td", {}, inputs.get(node.id).slice(0, 4).join("; ") + (inputs.get(node.id).length > 4 ? `; and ${inputs.get(node.id).length - 4} more` : "")),
      h("td", { class: "number" }, node.at === null ? "–" : moment(node.at)));
    const more = placed.length > this.#shown
      ? h("button", { type: "button", class: "further", click: () => { this.#shown += SHOWN; this.show({ nodes, drawn, chosen, root }); } }, "Show more records")
      : null;
    this.element.replaceChildren(h("table", { class: "rows" },
      h("thead", {}, h("tr", {}, ...["Record", "Where", "Made by", "Of", "When"].map((text, k) => h("th", { scope: "col", class: k === 4 ? "number" : null }, text)))),
      h("tbody", { keydown: moveBetweenRows }, ...placed.slice(0, this.#shown).map(row))), ...(more ? [more] : []));
  }
}

function steps(distance) {
  const far = Math.abs(distance);
  return `${far} ${far === 1 ? "step" : "steps"} ${distance < 0 ? "before" : "behind"}`;
}
