import { h } from "../dom.js";
import { count, number } from "../format.js";
import { fitCanvas } from "../runs/canvas.js";
import { palette } from "../runs/palette.js";
import { columns, rangeOf } from "../replay/columns.js";
import { decode, layoutOf } from "../replay/frames.js";
import { channelsOf, shades } from "../replay/observation.js";
import { isNumeric, statistics } from "./values.js";

const ROWS = 10;
const CELL = 60;
const JSON_LETTERS = 4000;
const PLOT = { width: 296, height: 72 };

/** Elements that show what a value is like. */
export function preview(read) {
  return { array: previewArray, table: previewTable, json: previewJSON }[read.kind](read).filter(Boolean);
}

function previewArray({ shape, dtype, values }) {
  if (values === null || values.length === 0) return [];
  const numbers = isNumeric({ dtype, values }) ? statisticList(statistics(values)) : null;
  if (shape.length === 0) return [h("p", { class: "scalar" }, String(values[0]))];
  if (shape.length === 1) return [numbers, plot(values)];
  const colours = layoutOf(dtype, shape);
  if (colours !== null && colours.channels > 1) return [numbers, picture(values, colours)];
  const channels = channelsOf(shape.length > 3 ? shape.slice(-3) : shape).slice(0, 4);
  return [numbers, h("div", { class: "planes" }, ...channels.map((channel) => plane(values, channel)))];
}

function previewTable({ columns: all, rows }) {
  const shown = all.slice(0, 12);
  const cell = (value) => (value === null || value === undefined ? "–" : typeof value === "number" ? number(value) : short(typeof value === "object" ? JSON.stringify(value) : String(value)));
  const table = h("table", { class: "rows small" },
    h("thead", {}, h("tr", {}, ...shown.map(({ name, type }) => h("th", { scope: "col", title: type }, name)))),
    h("tbody", {}, ...Array.from({ length: Math.min(ROWS, rows) }, (_, k) => h("tr", {}, ...shown.map(({ values }) => h("td", {}, cell(values[k])))))));
  const left = [all.length > shown.length ? `${count(all.length - shown.length)} more columns` : "", rows > ROWS ? `${count(rows - ROWS)} more rows` : ""].filter(Boolean);
  return [
    h("div", { class: "table-box", tabindex: "0", role: "region", "aria-label": "First rows" }, table),
    left.length > 0 ? h("p", { class: "muted" }, left.join(", ")) : null,
  ];
}

function previewJSON({ value }) {
  const text = JSON.stringify(value, null, 2) ?? "null";
  return [
    h("pre", { tabindex: "0", "aria-label": "JSON" }, text.slice(0, JSON_LETTERS)),
    text.length > JSON_LETTERS ? h("p", { class: "muted" }, `${count(text.length - JSON_LETTERS)} more letters`) : null,
  ];
}

function statisticList({ low, high, mean, deviation, other }) {
  const rows = [["least", low], ["greatest", high], ["mean", mean], ["deviation", deviation], ...(other > 0 ? [["not finite", other]] : [])];
  return h("dl", { class: "numbers" }, ...rows.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, number(value)))));
}

function plot(values) {
  const canvas = h("canvas", { class: "line", role: "img", "aria-label": `${count(values.length)} values along their index` });
  Object.assign(canvas.style, { width: `${PLOT.width}px`, height: `${PLOT.height}px` });
  const context = fitCanvas(canvas, PLOT.width, PLOT.height);
  const found = columns(Array.from(values, (_, k) => k), Array.from(values, Number), 0, Math.max(1, values.length - 1), PLOT.width - 2);
  const { low, high } = rangeOf([found]);
  const y = (value) => 3 + (1 - (value - low) / (high - low)) * (PLOT.height - 6);
  context.strokeStyle = palette().accent;
  context.lineWidth = 1.4;
  context.lineJoin = "round";
  context.beginPath();
  for (const column of found) {
    context.lineTo(1 + column.x, y(column.low));
    if (column.high !== column.low) context.lineTo(1 + column.x, y(column.high));
    context.lineTo(1 + column.x, y(column.last));
  }
  context.stroke();
  return canvas;
}

function picture(values, layout) {
  const pixels = new Uint32Array(layout.width * layout.height);
  decode(values, layout, pixels);
  return h("div", { class: "planes" }, drawn(pixels, layout, "a picture"));
}

function plane(values, channel) {
  return drawn(shades(values, channel).pixels, channel, "values, dark is least");
}

function drawn(pixels, { width, height }, what) {
  const canvas = h("canvas", { role: "img", width, height, "aria-label": `${height} × ${width}, ${what}` });
  canvas.getContext("2d").putImageData(new ImageData(new Uint8ClampedArray(pixels.buffer), width, height), 0, 0);
  return canvas;
}

function short(text) {
  return text.length > CELL ? `${text.slice(0, CELL - 1)}…` : text;
}
