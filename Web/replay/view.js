import { h, setText } from "../dom.js";
import { count, number } from "../format.js";
import { actionTexts } from "./actions.js";
import { decode } from "./frames.js";
import { ending } from "./steps.js";
import { draggable } from "./zoom.js";

const FACTS = ["step", "action", "reward", "return", "ended"];

/** What is said in place of a frame that is stored and can't be had. */
export function complaint({ kind, message }) {
  const text = `This frame can't be shown: ${message.replace(/\.$/, "")}`;
  return kind === "run_damaged" ? `${text}; holdfast verify lists what is damaged.` : `${text}.`;
}

/** What is seen of one episode: its frame, as large as there is room, and what happened beside it. */
export class TrackView {
  #image = null;
  #pixels = null;
  #info = null;
  #scale = null;

  constructor() {
    this.canvas = h("canvas", { class: "frame", role: "img", hidden: true });
    this.note = h("p", { class: "muted frame-note" });
    this.title = h("p", { class: "track-title" });
    this.hud = Object.fromEntries(FACTS.map((name) => [name, h("dd", { "data-hud": name })]));
    this.info = h("pre", { "data-hud": "info", tabindex: "0", "aria-label": "info" });
    this.infoBox = h("div", { class: "info", hidden: true }, h("h3", { class: "muted" }, "info"), this.info);
    this.box = h("div", { class: "picture" }, this.canvas, this.note);
    draggable(this.box);
    this.element = h("div", { class: "track" },
      this.box,
      h("div", { class: "hud" }, this.title, h("dl", {}, ...FACTS.map((name) => h("div", {}, h("dt", {}, name), this.hud[name]))), this.infoBox));
    this.context = this.canvas.getContext("2d", { alpha: true });
  }

  /** Writes what is known of a step. */
  tell(track, position) {
    const step = track.steps[position];
    setText(this.hud.step, `${count(step.step_index)} of ${count(track.indices.at(-1))}`);
    this.#tellAction(actionTexts(step.action));
    setText(this.hud.reward, number(step.reward));
    setText(this.hud.return, number(track.returns[position]));
    const end = ending(step);
    setText(this.hud.ended, end === "open" ? "no" : end);
    if (step.info === this.#info) return;
    this.#info = step.info;
    this.infoBox.hidden = step.info === null || step.info === undefined;
    setText(this.info, this.infoBox.hidden ? "" : JSON.stringify(step.info, null, 1).replace(/^\{\n|\n\}$/g, "").replace(/^ /gm, ""));
  }

  /** A vector's numbers stand in cells of their own, so that they keep their places while they change. */
  #tellAction(texts) {
    const place = this.hud.action;
    place.classList.toggle("vector", texts.length > 1);
    while (place.childElementCount > texts.length) place.lastElementChild.remove();
    while (place.childElementCount < texts.length) place.append(h("span"));
    texts.forEach((text, k) => setText(place.children[k], text));
  }

  /** Draws a frame now; a missing one leaves what is there. Returns whether the step is dealt with. */
  draw(picture, step) {
    if (picture === undefined) return false;
    if (picture === null) {
      if (this.canvas.hidden) this.say("No frame is stored for this step.");
      return true;
    }
    if (picture.error) {
      this.say(complaint(picture.error));
      return true;
    }
    const { width, height } = picture.layout ?? picture.bitmap;
    if (this.canvas.width !== width || this.canvas.height !== height || this.#image === null) {
      Object.assign(this.canvas, { width, height });
      this.#image = new ImageData(width, height);
      this.#pixels = new Uint32Array(this.#image.data.buffer);
      this.#place();
    }
    if (picture.bitmap) {
      this.context.drawImage(picture.bitmap, 0, 0);
    } else {
      decode(picture.bytes, picture.layout, this.#pixels);
      this.context.putImageData(this.#image, 0, 0);
    }
    if (this.canvas.hidden) {
      this.canvas.hidden = false;
      this.note.hidden = true;
    }
    this.canvas.dataset.step = String(step);
    return true;
  }

  /** Shows each pixel of the frame as `scale` × `scale` pixels, or with null as large as there is room. */
  set scale(scale) {
    this.#scale = scale;
    this.#place();
  }

  /** The scale at which the frame fills its box. */
  get fit() {
    return Math.min(this.box.clientWidth / this.canvas.width, this.box.clientHeight / this.canvas.height);
  }

  #place() {
    const { canvas, box } = this;
    box.classList.toggle("scaled", this.#scale !== null);
    // What is larger than its box can be scrolled, by keys too.
    if (this.#scale === null) box.removeAttribute("tabindex");
    else box.setAttribute("tabindex", "0");
    canvas.style.width = this.#scale === null ? "" : `${canvas.width * this.#scale}px`;
    canvas.style.height = this.#scale === null ? "" : `${canvas.height * this.#scale}px`;
  }

  /** Names the picture; while it plays this would only keep screen readers busy. */
  name(step) {
    this.canvas.setAttribute("aria-label", `Frame of step ${step}`);
  }

  say(text) {
    this.canvas.hidden = true;
    this.note.hidden = false;
    setText(this.note, text);
  }
}
