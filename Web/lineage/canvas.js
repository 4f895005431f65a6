import { h } from "../dom.js";
import { fitCanvas } from "../runs/canvas.js";
import { palette, onThemeChange } from "../runs/palette.js";
import { filling, fitted, held, showing, zoomed } from "./camera.js";
import { neighbours, related } from "./graph.js";
import { BOX } from "./layout.js";
import { paint } from "./paint.js";
import { functionText, whereOf } from "./words.js";

/** A graph that fits at less than this shows a part of itself instead. */
const LEGIBLE = 0.45;
const READABLE = 0.75;
const MOVED = 4;

/**
 * The graph on a canvas: drag pans, the wheel or two fingers zoom, arrows go from box to box. `onChoose(id)` hears of a box
 * that is chosen, `onOpen(id)` of one that is opened (enter, double click).
 */
export class GraphCanvas {
  #box = { width: 0, height: 0 };
  #camera = { scale: 1, x: 0, y: 0 };
  #shown = null;
  #state = { root: null, chosen: null, pointed: null, lit: null };
  #request = 0;
  #pointers = new Map();
  #press = null;
  #isFitted = true;
  #stopTheme = null;

  constructor({ onChoose, onOpen }) {
    this.on = { onChoose, onOpen };
    this.canvas = h("canvas", { "aria-hidden": "true" });
    this.said = h("p", { class: "hidden-text", role: "status" });
    this.element = h("div", {
      class: "graph", tabindex: "0", role: "group", "aria-roledescription": "graph", "aria-label": "Graph of records; arrows go from box to box",
      pointerdown: (event) => this.#down(event), pointermove: (event) => this.#move(event),
      pointerup: (event) => this.#up(event), pointercancel: (event) => this.#drop(event), pointerleave: () => this.#point(null),
      wheel: (event) => this.#wheel(event), dblclick: (event) => this.#open(this.#at(event)), keydown: (event) => this.#key(event),
    }, this.canvas, this.said);
    new ResizeObserver(([{ contentRect }]) => this.#resize(contentRect)).observe(this.element);
  }

  /** Takes a placed graph; `keepView` where it is the one that was shown before, only larger or smaller. */
  show({ nodes, drawn, hues, root, chosen, keepView }) {
    const anchor = keepView ? this.#shown?.drawn.places.get(chosen ?? root) : undefined;
    const [inputs, outputs] = neighbours(nodes, drawn.edges);
    this.#shown = { nodes, drawn, hues, inputs, outputs };
    this.#state = { root, chosen, pointed: null, lit: null };
    const place = drawn.places.get(chosen ?? root);
    if (anchor && place) {
      // What one looks at stays where it is while the rest moves.
      this.#camera = { ...this.#camera, x: this.#camera.x + (anchor.x - place.x) * this.#camera.scale, y: this.#camera.y + (anchor.y - place.y) * this.#camera.scale };
    } else {
      this.#isFitted = true;
    }
    this.#arrange();
    this.choose(chosen);
  }

  /** Marks a box and what belongs to it. */
  choose(id) {
    if (this.#shown === null) return;
    this.#state.chosen = this.#shown.nodes.has(id) ? id : null;
    this.#light();
    if (this.#state.chosen !== null && !this.#isFitted) this.#reveal(this.#state.chosen);
    this.#soon();
  }

  start() {
    this.#stopTheme ??= onThemeChange(() => this.#soon());
    this.#soon();
  }

  stop() {
    this.#stopTheme?.();
    this.#stopTheme = null;
  }

  fit() {
    this.#isFitted = true;
    this.#arrange();
  }

  zoom(factor) {
    this.#set(zoomed(this.#camera, factor, { x: this.#box.width / 2, y: this.#box.height / 2 }));
  }

  #resize({ width, height }) {
    this.#box = { width, height };
    this.#arrange();
  }

  #arrange() {
    if (this.#shown === null || this.#box.width === 0) return;
    const { drawn } = this.#shown;
    if (this.#isFitted) {
      this.#camera = fitted(drawn, this.#box);
      const spot = drawn.places.get(this.#state.chosen ?? this.#state.root);
      // Too much to be read as a whole: then what is asked about, as large as can be read.
      if (spot && this.#camera.scale < LEGIBLE) this.#camera = filling(showing(this.#camera, { ...spot, ...BOX }, this.#box, READABLE), drawn, this.#box);
    }
    this.#soon();
  }

  #set(camera) {
    this.#isFitted = false;
    this.#camera = held(camera, this.#shown.drawn, this.#box);
    this.#soon();
  }

  #reveal(id) {
    const spot = this.#shown.drawn.places.get(id);
    this.#set(showing(this.#camera, { ...spot, ...BOX }, this.#box, Math.min(this.#camera.scale, READABLE)));
  }

  #soon() {
    if (this.#request !== 0 || this.#shown === null || this.#box.width === 0) return;
    this.#request = requestAnimationFrame(() => {
      this.#request = 0;
      const context = fitCanvas(this.canvas, this.#box.width, this.#box.height);
      paint(context, { box: this.#box, camera: this.#camera, ...this.#shown, state: this.#state, colors: palette() });
      this.element.dataset.painted = String(this.#shown.nodes.size);
    });
  }

  #light() {
    const id = this.#state.pointed ?? this.#state.chosen;
    const { inputs, outputs } = this.#shown;
    const isAlone = id === null || (inputs.get(id).length === 0 && outputs.get(id).length === 0);
    const lit = isAlone ? null : related(id, inputs, outputs);
    // Where all belongs to it, nothing needs to stand out.
    this.#state.lit = lit?.size === inputs.size ? null : lit;
  }

  #point(id) {
    if (this.#shown === null || id === this.#state.pointed) return;
    this.#state.pointed = id;
    this.element.classList.toggle("pointed", id !== null);
    this.element.title = id === null ? "" : `${this.#shown.nodes.get(id).variable}\n${whereOf(this.#shown.nodes.get(id))}\n${functionText(this.#shown.nodes.get(id))}`;
    this.#light();
    this.#soon();
  }

  /** The id of the box under the pointer. */
  #at(event) {
    if (this.#shown === null) return null;
    const point = this.#local(event);
    const { scale, x, y } = this.#camera;
    const [px, py] = [(point.x - x) / scale, (point.y - y) / scale];
    for (const [id, spot] of this.#shown.drawn.places) {
      if (px >= spot.x && px <= spot.x + BOX.width && py >= spot.y && py <= spot.y + BOX.height) return id;
    }
    return null;
  }

  #local(event) {
    const box = this.element.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  }

  #down(event) {
    if (event.button !== 0 || this.#shown === null) return;
    this.element.setPointerCapture(event.pointerId);
    this.#pointers.set(event.pointerId, this.#local(event));
    this.#press = { from: this.#local(event), isMoved: this.#pointers.size > 1, id: this.#at(event) };
  }

  #move(event) {
    if (!this.#pointers.has(event.pointerId)) {
      this.#point(this.#at(event));
      return;
    }
    const before = new Map(this.#pointers);
    const point = this.#local(event);
    this.#pointers.set(event.pointerId, point);
    const isFar = Math.hypot(point.x - this.#press.from.x, point.y - this.#press.from.y) > MOVED;
    if (!this.#press.isMoved && !isFar) return;
    this.#press.isMoved = true;
    const old = before.get(event.pointerId);
    let camera = { ...this.#camera, x: this.#camera.x + (point.x - old.x) / this.#pointers.size, y: this.#camera.y + (point.y - old.y) / this.#pointers.size };
    if (this.#pointers.size === 2) {
      const span = (points) => Math.hypot(points[0].x - points[1].x, points[0].y - points[1].y);
      const [a, b] = this.#pointers.values();
      camera = zoomed(camera, span([a, b]) / Math.max(1, span([...before.values()])), { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 });
    }
    this.#set(camera);
  }

  #up(event) {
    const press = this.#press;
    if (!this.#drop(event) || press === null || press.isMoved) return;
    this.#choose(press.id);
  }

  #drop(event) {
    const isOurs = this.#pointers.delete(event.pointerId);
    if (this.#pointers.size === 0) this.#press = null;
    return isOurs;
  }

  #wheel(event) {
    if (this.#shown === null) return;
    event.preventDefault();
    this.#set(zoomed(this.#camera, 1.0015 ** -event.deltaY, this.#local(event)));
  }

  #choose(id) {
    if (id === this.#state.chosen) return;
    this.choose(id);
    this.#say(id);
    this.on.onChoose(id);
  }

  #open(id) {
    if (id !== null) this.on.onOpen(id);
  }

  #say(id) {
    const node = this.#shown.nodes.get(id);
    const { inputs, outputs } = this.#shown;
    const parts = node ? [node.variable, whereOf(node), functionText(node), `${inputs.get(id).length} inputs`, `${outputs.get(id).length} outputs`] : [];
    this.said.textContent = parts.join(", ");
  }

  #key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target !== this.element || this.#shown === null) return;
    const act = {
      ArrowLeft: () => this.#step(this.#shown.inputs), ArrowRight: () => this.#step(this.#shown.outputs),
      ArrowUp: () => this.#beside(-1), ArrowDown: () => this.#beside(1),
      Enter: () => this.#open(this.#state.chosen), Escape: () => this.#choose(null),
      "+": () => this.zoom(1.25), "=": () => this.zoom(1.25), "-": () => this.zoom(1 / 1.25), f: () => this.fit(),
    }[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  }

  /** To the input, or the output, that is nearest in height. */
  #step(next) {
    const { places } = this.#shown.drawn;
    const id = this.#state.chosen ?? this.#state.root;
    const at = places.get(id);
    const others = next.get(id) ?? [];
    const nearest = others.toSorted((a, b) => Math.abs(places.get(a).y - at.y) - Math.abs(places.get(b).y - at.y))[0];
    if (nearest !== undefined || this.#state.chosen === null) this.#choose(nearest ?? id);
  }

  /** To the box above or below in the same layer. */
  #beside(by) {
    const { places } = this.#shown.drawn;
    const id = this.#state.chosen ?? this.#state.root;
    const { layer } = places.get(id);
    const row = [...places].filter(([, spot]) => spot.layer === layer).sort(([, a], [, b]) => a.order - b.order).map(([each]) => each);
    const next = row[row.indexOf(id) + by];
    if (next !== undefined) this.#choose(next);
    else if (this.#state.chosen === null) this.#choose(id);
  }
}
