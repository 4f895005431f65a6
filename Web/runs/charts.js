import { h, svg } from "../dom.js";
import { count, number } from "../format.js";
import { bounds, groupSeries, nearest, thin, ticks } from "./series.js";

const WIDTH = 360;
const HEIGHT = 160;
const EDGE = { left: 64, right: 8, top: 8, bottom: 20 };
const MOST_POINTS = 2000;

/** A small line chart for each metric of a run. */
export function metricCharts(rows) {
  return groupSeries(rows).map(({ name, lines }) => chart(name, lines));
}

function chart(name, lines) {
  const box = bounds(lines);
  const readout = h("span", { class: "readout" }, lastValues(lines));
  const caption = h("figcaption", {}, h("b", {}, name), readout);
  if (box === null) return h("figure", { class: "chart" }, caption, h("p", { class: "muted" }, notFinite(lines)));
  const scale = scales(box);
  const cursor = svg("line", { class: "cursor", y1: EDGE.top, y2: HEIGHT - EDGE.bottom, visibility: "hidden" });
  const picture = svg("svg", {
    viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
    role: "img",
    "aria-label": `${name}: ${lastValues(lines)}, from ${number(box.y0)} to ${number(box.y1)}`,
  }, ...axes(box, scale), ...lines.map((line, index) => path(line, index, scale)), cursor);

  picture.addEventListener("pointermove", (event) => {
    const rect = picture.getBoundingClientRect();
    const x = scale.fromX(((event.clientX - rect.left) / rect.width) * WIDTH);
    point(lines, x, scale, cursor, readout);
  });
  picture.addEventListener("pointerleave", () => {
    cursor.setAttribute("visibility", "hidden");
    readout.textContent = lastValues(lines);
  });
  const lost = lines.reduce((sum, { nonFinite }) => sum + nonFinite, 0);
  return h("figure", { class: "chart", "data-metric": name }, caption, picture,
    lines.length > 1 ? legend(lines) : null,
    lost > 0 ? h("p", { class: "muted note" }, notFinite(lines)) : null);
}

function scales(box) {
  const width = WIDTH - EDGE.left - EDGE.right;
  const height = HEIGHT - EDGE.top - EDGE.bottom;
  return {
    x: (value) => EDGE.left + ((value - box.x0) / (box.x1 - box.x0)) * width,
    y: (value) => EDGE.top + (1 - (value - box.y0) / (box.y1 - box.y0)) * height,
    fromX: (at) => box.x0 + ((at - EDGE.left) / width) * (box.x1 - box.x0),
  };
}

function path({ points }, index, scale) {
  const kept = thin(points, MOST_POINTS);
  if (kept.length === 1) {
    return svg("circle", { class: `series-${(index % 5) + 1} dot`, cx: scale.x(kept[0][0]), cy: scale.y(kept[0][1]), r: 2.5 });
  }
  const steps = kept.map(([x, y], i) => `${i === 0 ? "M" : "L"}${scale.x(x).toFixed(1)} ${scale.y(y).toFixed(1)}`);
  return svg("path", { class: `series-${(index % 5) + 1}`, d: steps.join("") });
}

function axes(box, scale) {
  const marks = [];
  for (const value of ticks(box.y0, box.y1, 5)) {
    const y = scale.y(value);
    marks.push(svg("line", { class: "grid", x1: EDGE.left, x2: WIDTH - EDGE.right, y1: y, y2: y }));
    marks.push(svg("text", { x: EDGE.left - 6, y: y + 4, "text-anchor": "end" }, number(value)));
  }
  for (const value of ticks(box.x0, box.x1, 5)) {
    marks.push(svg("text", { x: scale.x(value), y: HEIGHT - 4, "text-anchor": "middle" }, number(value)));
  }
  return marks;
}

function point(lines, x, scale, cursor, readout) {
  const found = lines.map((line) => ({ line, at: nearest(line.points, x) })).filter(({ at }) => at !== null);
  if (found.length === 0) return;
  const here = found[0].at[0];
  cursor.setAttribute("x1", scale.x(here));
  cursor.setAttribute("x2", scale.x(here));
  cursor.setAttribute("visibility", "visible");
  readout.textContent = `${number(here)}: ${found.map(({ line, at }) => labelled(line, at[1])).join(" · ")}`;
}

function lastValues(lines) {
  const ends = lines.filter(({ points }) => points.length > 0);
  return ends.map((line) => labelled(line, line.points.at(-1)[1])).join(" · ");
}

function labelled({ phase }, value) {
  return phase === "" ? number(value) : `${phase} ${number(value)}`;
}

function legend(lines) {
  return h("p", { class: "legend" }, ...lines.map(({ phase }, index) =>
    h("span", { class: `key series-${(index % 5) + 1}` }, phase || "no phase")));
}

function notFinite(lines) {
  const lost = lines.reduce((sum, { nonFinite }) => sum + nonFinite, 0);
  return `${count(lost)} not a finite number`;
}
