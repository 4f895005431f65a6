import { h, setText } from "../dom.js";
import { number, plural } from "../format.js";
import { placeName } from "./axis.js";
import { byPhase, dashOf } from "./colors.js";
import { paintChart, paintOver } from "./paint.js";
import { palette } from "./palette.js";
import { extent, pointAt, valueRange } from "./series.js";

const LEAST_DRAG = 6;
const MOST_ROWS = 12;

/**
 * One metric over all selected runs. `onHover(chart, x)` is told where the pointer or the arrow keys are (null: away),
 * `onZoom(chart, range)` what stretch was chosen (null: all of it).
 */
export class Chart {
  #given = { lines: [], kind: "step", zoom: null, isLog: false, styles: new Map() };
  #lines = [];
  #frame = null;
  #cursor = null;
  #drag = null;
  #size = { width: 0, height: 0 };
  #pointerY = 0;

  constructor({ name, title, unit, hasZero = false, onHover, onZoom }) {
    this.hasZero = hasZero;
    this.title = title;
    this.unit = unit ?? "";
    this.onHover = onHover;
    this.onZoom = onZoom;
    this.base = h("canvas", { "aria-hidden": "true" });
    this.over = h("canvas", { "aria-hidden": "true" });
    this.tip = h("div", { class: "tip", hidden: true });
    this.message = h("div", { class: "plot-state", hidden: true });
    this.plot = h("div", {
      class: "plot", tabindex: "0", role: "slider", "aria-label": title, "aria-valuemin": "0", "aria-valuemax": "0", "aria-valuenow": "0",
      keydown: (event) => this.#key(event), blur: () => this.onHover(this, null),
    }, this.base, this.over, this.tip);
    this.readout = h("span", { class: "readout" });
    this.note = h("p", { class: "muted note", hidden: true });
    this.element = h("figure", { class: "chart", "data-metric": name },
      h("figcaption", {}, h("b", { title }, title), this.unit ? h("span", { class: "muted" }, this.unit) : null, this.readout),
      h("div", { class: "plot-box" }, this.plot, this.message), this.note);
    this.#listen();
  }

  get kind() {
    return this.#given.kind;
  }

  get hasLines() {
    return this.#lines.length > 0;
  }

  /** The width of the plot in the screen's pixels, for which it is worth to have points. */
  get pixels() {
    return this.#size.width * (devicePixelRatio || 1);
  }

  /** Shows lines in a view; whatever is not given stays. `styles` has hue, tag and place of each run that is to be seen. */
  update(given) {
    this.#given = { ...this.#given, ...given };
    const { lines, styles } = this.#given;
    this.#lines = lines.filter(({ run }) => styles.has(run)).map((line) => ({ ...line, ...styles.get(line.run) }));
    this.#lines.sort((a, b) => a.place - b.place || byPhase(a.phase, b.phase));
    this.paint();
    this.#describe();
  }

  /** A state in the place of the plot, or the plot itself. */
  say(element) {
    this.message.hidden = element === null;
    this.plot.classList.toggle("covered", element !== null);
    this.message.replaceChildren(...(element ? [element] : []));
  }

  /** Draws everything anew at the size that the plot has now. */
  paint() {
    const { width, height } = this.#size;
    if (width === 0 || height === 0 || !this.hasLines) return;
    const { zoom, isLog, kind } = this.#given;
    const window = zoom ?? extent(this.#lines) ?? { from: 0, to: 1 };
    const range = valueRange(this.#lines, window.from, window.to, isLog, this.hasZero) ?? { low: isLog ? 0.1 : 0, high: 1 };
    const hasTags = this.#given.styles.size > 1;
    this.#frame = paintChart(this.base, { width, height, lines: this.#lines, window, range, kind, isLog, hasTags }, palette());
    this.element.dataset.from = String(window.from);
    this.element.dataset.to = String(window.to);
    this.element.dataset.low = String(range.low);
    this.#paintOver();
  }

  /** Shows the values at an x; `isOwn` where the pointer is over this chart, which then names the runs too. */
  setCursor(x, isOwn) {
    if (x === null && this.#cursor === null) return;
    this.#cursor = x === null ? null : { x, isOwn };
    this.#paintOver();
  }

  #listen() {
    new ResizeObserver(([{ contentRect }]) => {
      const { width, height } = contentRect;
      if (width === this.#size.width && height === this.#size.height) return;
      this.#size = { width, height };
      this.paint();
    }).observe(this.plot);
    this.plot.addEventListener("pointerdown", (event) => this.#press(event));
    this.plot.addEventListener("pointermove", (event) => this.#move(event));
    this.plot.addEventListener("pointerup", () => this.#release());
    this.plot.addEventListener("pointercancel", () => this.#endDrag());
    this.plot.addEventListener("pointerleave", () => this.onHover(this, null));
    this.plot.addEventListener("dblclick", () => this.onZoom(this, null));
  }

  #place(event) {
    return event.clientX - this.plot.getBoundingClientRect().left;
  }

  #inside(at) {
    return Math.min(this.#frame.right, Math.max(this.#frame.left, at));
  }

  #press(event) {
    if (event.button !== 0 || !this.#frame || !this.hasLines) return;
    const at = this.#inside(this.#place(event));
    this.#drag = { start: at, from: at, to: at };
    this.plot.setPointerCapture(event.pointerId);
  }

  #move(event) {
    if (!this.#frame || !this.hasLines) return;
    const at = this.#inside(this.#place(event));
    this.#pointerY = event.clientY - this.plot.getBoundingClientRect().top;
    if (this.#drag) {
      this.#drag.from = Math.min(this.#drag.start, at);
      this.#drag.to = Math.max(this.#drag.start, at);
      this.#paintOver();
    }
    this.onHover(this, this.#snapped(this.#frame.fromX(at)));
  }

  #release() {
    const drag = this.#drag;
    this.#endDrag();
    if (drag && drag.to - drag.from >= LEAST_DRAG) this.onZoom(this, { from: this.#frame.fromX(drag.from), to: this.#frame.fromX(drag.to) });
  }

  #endDrag() {
    this.#drag = null;
    this.#paintOver();
  }

  /** The x of the point that is nearest on any line. */
  #snapped(x) {
    const { from, to } = this.#frame.window;
    const near = this.#lines.map((line) => pointAt(line, x, Infinity)?.x).filter((at) => at >= from && at <= to);
    return near.length === 0 ? x : near.reduce((best, at) => (Math.abs(at - x) < Math.abs(best - x) ? at : best));
  }

  #points() {
    const { window } = this.#frame;
    const tolerance = (window.to - window.from) * 0.01;
    return this.#lines
      .map((line) => ({ line, point: pointAt(line, this.#cursor.x, tolerance) }))
      .filter(({ point }) => point !== null);
  }

  #paintOver() {
    if (!this.#frame) return;
    const isSeen = this.#cursor !== null && this.#cursor.x >= this.#frame.window.from && this.#cursor.x <= this.#frame.window.to;
    const points = isSeen ? this.#points() : [];
    const drag = this.#drag && this.#drag.to - this.#drag.from >= LEAST_DRAG ? this.#drag : null;
    paintOver(this.over, { ...this.#size, frame: this.#frame, x: points.length > 0 ? this.#cursor.x : null, points, drag }, palette());
    this.#showTip(points);
  }

  #showTip(points) {
    this.tip.hidden = points.length === 0;
    if (points.length === 0) return;
    const { x, isOwn } = this.#cursor;
    this.tip.classList.toggle("own", isOwn);
    const rows = this.#nearest(points, isOwn).map((each) => this.#tipRow(each, isOwn));
    const more = points.length > rows.length ? [h("p", { class: "muted" }, `and ${plural(points.length - rows.length, "more line")}`)] : [];
    this.tip.replaceChildren(...(isOwn ? [h("p", { class: "muted" }, placeName(x, this.kind))] : []), ...rows, ...more);
    this.#placeTip(this.#frame.x(x), isOwn);
  }

  /** To the right of the cursor or to its left. Only the own one, which is wide, is measured: that costs a layout each. */
  #placeTip(at, isOwn) {
    const { width } = this.#size;
    const own = isOwn ? this.tip.offsetWidth : 0;
    const isRight = isOwn ? at + 12 + own <= width : at < width / 2;
    const isOver = isOwn && !isRight && at - 12 - own < 0;
    const place = isOver ? `${width - own}px` : isRight ? `${Math.round(at + 12)}px` : `calc(${Math.round(at - 12)}px - 100%)`;
    this.tip.style.transform = `translateX(${place})`;
  }

  /** As many as can be read: of very many lines those that are nearest to the pointer, in the order of their values. */
  #nearest(points, isOwn) {
    if (points.length <= MOST_ROWS) return points;
    if (!isOwn) return points.slice(0, MOST_ROWS / 2);
    const height = ({ line, point }) => this.#frame.y(line.smoothed ? point.smoothed : line.last[point.index]);
    const distance = (each) => (Number.isFinite(height(each)) ? Math.abs(height(each) - this.#pointerY) : Infinity);
    const near = [...points].sort((a, b) => distance(a) - distance(b)).slice(0, MOST_ROWS);
    return near.sort((a, b) => height(a) - height(b));
  }

  #tipRow({ line, point }, isOwn) {
    const many = this.#given.styles.size > 1;
    const name = [many && isOwn ? line.run : "", line.phase].filter(Boolean).join(" · ");
    const band = point.low < point.high ? ` ${number(point.low)} … ${number(point.high)}` : "";
    const value = line.smoothed && point.smoothed !== null && Number.isFinite(point.smoothed)
      ? [h("b", {}, number(point.smoothed)), h("span", { class: "muted" }, ` ${number(point.value)}`)]
      : [h("b", {}, number(point.value))];
    return h("p", { class: "tip-row", "data-run": line.run },
      h("span", { class: `chip hue-${line.hue}` }, many ? line.tag : ""),
      name ? h("span", { class: "tip-name" }, name) : null,
      h("span", {}, ...value, isOwn && !line.smoothed ? h("span", { class: "muted" }, band) : ""));
  }

  /** The last values, the phases, what is not drawn. */
  #describe() {
    const lines = this.#lines;
    const runs = new Set(lines.map(({ run }) => run));
    setText(this.readout, runs.size === 1 ? lines.map((line) => labelled(line, lastValue(line))).join(" · ") : "");
    const phases = [...new Set(lines.map(({ phase }) => phase))].filter(Boolean);
    if (runs.size > 1 && phases.length > 1) this.readout.replaceChildren(...phases.map((phase) => h("span", { class: `phase ${phaseClass(phase)}` }, phase)));
    const notes = this.#notes();
    this.note.hidden = notes === "";
    setText(this.note, notes);
    this.element.dataset.points = String(lines.reduce((sum, { count: n }) => sum + n, 0));
    this.element.dataset.lines = String(lines.length);
    this.#announce();
  }

  #notes() {
    const lost = this.#lines.flatMap(({ marks }) => marks.map(({ value }) => value));
    const kinds = [...new Set(lost)].join(", ");
    const notes = lost.length > 0 ? [`✕ ${plural(lost.length, "place")} with ${kinds}`] : [];
    const negative = this.#given.isLog ? this.#lines.reduce((sum, { low }) => sum + low.reduce((n, value) => n + (value <= 0 ? 1 : 0), 0), 0) : 0;
    if (negative > 0) notes.push("values of 0 and below have no place on a log axis");
    return notes.join(" · ");
  }

  #announce() {
    const { from, to } = this.#frame?.window ?? { from: 0, to: 0 };
    const x = this.#cursor?.x ?? to;
    const points = this.#frame && this.#cursor ? this.#points() : [];
    const values = points.map(({ line, point }) => `${line.run} ${line.phase} ${number(point.value)}`);
    const text = points.length > 0 ? `${placeName(x, this.kind)}: ${values.join(", ")}` : `${plural(this.#lines.length, "line")}, to ${placeName(to, this.kind)}`;
    this.plot.setAttribute("aria-valuemin", String(from));
    this.plot.setAttribute("aria-valuemax", String(to));
    this.plot.setAttribute("aria-valuenow", String(x));
    this.plot.setAttribute("aria-valuetext", text);
  }

  #key(event) {
    if (!this.#frame || !this.hasLines || event.ctrlKey || event.metaKey || event.altKey) return;
    if (this.#drag && event.key === "Escape") {
      this.#endDrag();
      return;
    }
    const act = this.#action(event);
    if (!act) return;
    event.preventDefault();
    event.stopPropagation();
    act();
  }

  #action({ key, shiftKey }) {
    const { from, to } = this.#frame.window;
    const far = shiftKey ? 10 : 1;
    const here = this.#cursor?.x ?? to;
    const zoom = (by) => () => this.onZoom(this, { from: here - (here - from) * by, to: here + (to - here) * by });
    const actions = {
      ArrowLeft: () => this.#walk(here, -far), ArrowRight: () => this.#walk(here, far),
      Home: () => this.#walk(from, 0), End: () => this.#walk(to, 0),
      "+": zoom(0.5), "=": zoom(0.5), "-": zoom(2), 0: () => this.onZoom(this, null), Escape: () => this.onZoom(this, null),
    };
    return actions[key];
  }

  /** Moves by so many points of the line that has most of them. */
  #walk(x, by) {
    const { x: places } = this.#lines.reduce((best, line) => (line.x.length > best.x.length ? line : best));
    const { from, to } = this.#frame.window;
    const inside = places.filter((place) => place >= from && place <= to);
    if (inside.length === 0) return;
    const nearest = inside.reduce((best, place, index) => (Math.abs(place - x) < Math.abs(inside[best] - x) ? index : best), 0);
    const place = inside[Math.min(inside.length - 1, Math.max(0, nearest + by))];
    this.setCursor(place, true);
    this.#announce();
    this.onHover(this, place);
  }
}

function lastValue({ marks, last }) {
  const end = last.length - 1;
  return marks.find(({ index }) => index === end)?.value ?? last[end];
}

function labelled({ phase }, value) {
  return phase === "" ? number(value) : `${phase} ${number(value)}`;
}

function phaseClass(phase) {
  return dashOf(phase).length === 0 ? "solid" : "dashed";
}
