import { h } from "./dom.js";

const LARGEST_ZOOM = 32;
const SIZES = [256, 512, 1024, 1536, 2048];

/** The smallest of a few sizes that fills a box of this many CSS pixels; few sizes, so that caches hit. */
export function pictureSize(cssPixels, ratio) {
  const needed = cssPixels * ratio;
  return SIZES.find((size) => size >= needed) ?? SIZES.at(-1);
}

/** The zoom and offset after zooming by a factor around a point, measured from the box's centre. */
export function zoomAround({ zoom, x, y }, factor, point) {
  const next = Math.min(LARGEST_ZOOM, Math.max(1, zoom * factor));
  if (next === 1) return { zoom: 1, x: 0, y: 0 };
  const ratio = next / zoom;
  return { zoom: next, x: point.x - (point.x - x) * ratio, y: point.y - (point.y - y) * ratio };
}

/** One picture as large as its box, crisp when enlarged; wheel or +/− zoom, drag pans, double click fits again. */
export class Stage {
  #canvas = h("canvas", { role: "img", hidden: true });
  #note = h("p", { class: "stage-note muted" });
  #view = { zoom: 1, x: 0, y: 0 };
  #drag = null;
  // Known from the observer: asking the element on each key would lay the page out twice.
  #box = { width: 0, height: 0 };

  constructor({ onZoom = () => {} } = {}) {
    this.onZoom = onZoom;
    this.element = h("div", {
      class: "stage",
      tabindex: "-1",
      wheel: (event) => this.#wheel(event),
      dblclick: () => this.fit(),
      pointerdown: (event) => this.#grab(event),
      pointermove: (event) => this.#pan(event),
      pointerup: () => (this.#drag = null),
      pointercancel: () => (this.#drag = null),
    }, this.#canvas, this.#note);
    new ResizeObserver(([{ contentRect }]) => this.#resize(contentRect)).observe(this.element);
  }

  /** Draws a bitmap now; `keepView` leaves zoom and offset as they are. */
  show(bitmap, name, { keepView = false } = {}) {
    this.#canvas.width = bitmap.width;
    this.#canvas.height = bitmap.height;
    this.#canvas.getContext("2d").drawImage(bitmap, 0, 0);
    this.#canvas.setAttribute("aria-label", name);
    this.#canvas.hidden = false;
    this.#note.hidden = true;
    if (!keepView) this.#view = { zoom: 1, x: 0, y: 0 };
    this.#place();
  }

  /** A sentence in the picture's place. */
  say(text) {
    this.#canvas.hidden = true;
    this.#note.hidden = false;
    this.#note.textContent = text;
  }

  /** The size to ask the server for, so that the picture fills the box sharply. */
  get wantedSize() {
    const { width, height } = this.#box.width > 0 ? this.#box : this.element.getBoundingClientRect();
    return pictureSize(Math.max(width, height, 200), devicePixelRatio);
  }

  get zoomed() {
    return this.#view.zoom > 1;
  }

  /** Brightness and contrast as factors, 1 being the picture's own. */
  setLevels(brightness, contrast) {
    this.#canvas.style.filter = brightness === 1 && contrast === 1 ? "" : `brightness(${brightness}) contrast(${contrast})`;
  }

  zoom(factor) {
    this.#zoomTo(zoomAround(this.#view, factor, { x: 0, y: 0 }));
  }

  fit() {
    this.#zoomTo({ zoom: 1, x: 0, y: 0 });
  }

  #zoomTo(view) {
    this.#view = view;
    this.#place();
    this.onZoom();
  }

  #wheel(event) {
    event.preventDefault();
    const box = this.element.getBoundingClientRect();
    const point = { x: event.clientX - box.left - box.width / 2, y: event.clientY - box.top - box.height / 2 };
    this.#zoomTo(zoomAround(this.#view, 1.0015 ** -event.deltaY, point));
  }

  #grab(event) {
    if (!this.zoomed || event.button !== 0 || event.target !== this.#canvas) return;
    this.element.setPointerCapture(event.pointerId);
    this.#drag = { x: event.clientX - this.#view.x, y: event.clientY - this.#view.y };
  }

  #pan(event) {
    if (!this.#drag) return;
    this.#view = { ...this.#view, x: event.clientX - this.#drag.x, y: event.clientY - this.#drag.y };
    this.#place();
  }

  #resize({ width, height }) {
    this.#box = { width, height };
    this.#place();
  }

  #place() {
    const { width, height } = this.#canvas;
    const fit = Math.min(this.#box.width / width, this.#box.height / height);
    const scale = fit * this.#view.zoom;
    const style = this.#canvas.style;
    style.width = `${width * scale}px`;
    style.height = `${height * scale}px`;
    style.transform = `translate(${this.#view.x}px, ${this.#view.y}px)`;
    style.imageRendering = scale * devicePixelRatio > 1 ? "pixelated" : "auto";
    this.element.classList.toggle("zoomed", this.zoomed);
  }
}
