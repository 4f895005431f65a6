import { h } from "./dom.js";
import { nextSort } from "./route.js";

/** A column's head: a button that sorts. */
export function headCell(column, sort, onSort) {
  const current = sort.name === column.name;
  const direction = sort.descending ? "descending" : "ascending";
  return h("th", { scope: "col", class: column.name === "run_id" || column.left ? null : "number", "aria-sort": current ? direction : null, "data-column": column.name },
    h("button", { type: "button", class: "quiet", click: () => onSort(nextSort(sort, column.name, column.descendingFirst)) },
      column.title, h("span", { "aria-hidden": "true" }, current ? (sort.descending ? " ↓" : " ↑") : "")));
}

/** Arrow up and down move the focus between the links of a table's rows. */
export function moveBetweenRows(event) {
  const step = { ArrowDown: "nextElementSibling", ArrowUp: "previousElementSibling" }[event.key];
  const link = step && event.target.closest("tr")?.[step]?.querySelector("a");
  if (!link) return;
  event.preventDefault();
  link.focus();
}

/** A press anywhere in a row follows its first link. */
export function followRow(event) {
  if (event.target.closest("a, button") === null) event.target.closest("tr")?.querySelector("a").click();
}
