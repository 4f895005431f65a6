import { h, setText } from "../dom.js";
import { count, number } from "../format.js";
import { fitCanvas } from "../runs/canvas.js";
import { palette } from "../runs/palette.js";
import { columns, rangeOf } from "./columns.js";
import { stepAtShare } from "./steps.js";

const EDGE = 6;

/** The return so far as a line and the rewards as bars, along the steps; a press or a drag on it moves to a step. */
export class Curve {
  #tracks = [];
  #first = 0;
  #last = 0;
  #step = 0;
  #width = 0;
  #height = 0;

  constructor({ onSeek }) {
    this.canvas = h("canvas", { "aria-hidden": "true" });
    this.head = h("div", { class: "playhead", "aria-hidden": "true" });
    this.plot = h("div", {
      class: "curve", role: "slider", tabindex: "0", "aria-label": "Step",
      pointerdown: (event) => {
        if (event.button !== 0) return;
        this.plot.setPointerCapture(event.pointerId);
        this.#seek(event, onSeek);
      },
      pointermove: (event) => event.buttons === 1 && this.plot.hasPointerCapture(event.pointerId) && this.#seek(event, onSeek),
    }, this.canvas, this.head);
    this.legend = h("p", { class: "curve-legend muted" });
    this.element = h("div", { class: "seek" }, this.legend, this.plot);
    new ResizeObserver(([{ contentRect }]) => {
      this.#width = contentRect.width;
      this.#height = contentRect.height;
      this.paint();
    }).observe(this.plot);
  }

  /** Takes the episodes whose curves to draw; the first one's are drawn strong. */
  show(tracks, first, last) {
    this.#tracks = tracks;
    this.#first = first;
    this.#last = last;
    this.plot.setAttribute("aria-valuemin", String(first));
    this.plot.setAttribute("aria-valuemax", String(last));
    this.paint();
  }

  /** Moves the playhead. */
  place(step) {
    this.#step = step;
    const share = this.#last > this.#first ? (step - this.#first) / (this.#last - this.#first) : 0;
    this.head.style.transform = `translateX(${EDGE + share * (this.#width - 2 * EDGE - 1)}px)`;
  }

  /** Says where the playhead is; not at every step while it plays. */
  announce() {
    this.plot.setAttribute("aria-valuenow", String(this.#step));
    this.plot.setAttribute("aria-valuetext", `step ${count(this.#step)} of ${count(this.#last)}`);
  }

  paint() {
    if (this.#width === 0 || this.#tracks.length === 0) return;
    const context = fitCanvas(this.canvas, this.#width, this.#height);
    const colors = palette();
    const inner = this.#width - 2 * EDGE;
    const rewards = this.#tracks.map(({ indices, steps }) => columns(indices, steps.map(({ reward }) => Number(reward)), this.#first, this.#last, inner));
    const returns = this.#tracks.map(({ indices, returns: values }) => columns(indices, values, this.#first, this.#last, inner));
    const bars = rangeOf(rewards);
    const lines = rangeOf(returns);
    const y = ({ low, high }, value) => this.#height - EDGE - ((value - low) / (high - low)) * (this.#height - 2 * EDGE);
    context.fillStyle = colors.line;
    context.fillRect(EDGE, Math.round(y(lines, 0)), inner, 1);
    context.fillStyle = colors["line-strong"];
    context.globalAlpha = 0.55;
    const wide = Math.max(1, Math.min(8, inner / Math.max(1, this.#last - this.#first) - 1));
    for (const { x, low, high } of rewards[0]) {
      const [top, bottom] = [y(bars, Math.max(0, high)), y(bars, Math.min(0, low))];
      context.fillRect(EDGE + x - wide / 2, top, wide, bottom - top);
    }
    context.globalAlpha = 1;
    returns.forEach((row, index) => {
      context.beginPath();
      for (const column of row) context.lineTo(EDGE + column.x, y(lines, column.last));
      context.strokeStyle = index === 0 ? colors.accent : colors.hues[2];
      context.setLineDash(index === 0 ? [] : [5, 4]);
      context.lineWidth = 2;
      context.lineJoin = "round";
      context.stroke();
    });
    context.setLineDash([]);
    const text = ({ low, high }) => `${number(low)} … ${number(high)}`;
    const other = this.#tracks.length > 1 ? ` (dashed: ${this.#tracks[1].episode})` : "";
    setText(this.legend, `━ return ${text(lines)}${other}   ▮ reward ${text(bars)}`);
    this.place(this.#step);
  }

  #seek(event, onSeek) {
    const box = this.plot.getBoundingClientRect();
    onSeek(stepAtShare(this.#first, this.#last, (event.clientX - box.left - EDGE) / (box.width - 2 * EDGE)));
  }
}
