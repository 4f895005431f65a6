import { callPaged, picture } from "../api.js";
import { debounce, h, isOnButton, isTyping, setText } from "../dom.js";
import { action, count, number } from "../format.js";
import { Pictures } from "../pictures.js";
import { wholeNumber } from "../route.js";
import { Stage } from "../stage.js";
import { empty, failure, loading } from "../states.js";
import { around, frameURL, positionOf, runningReturns, spread } from "./steps.js";

const PAGE = 1000;
const MOST = 20_000;
const SPEEDS = [1, 2, 5, 10, 20, 30, 60];
const THUMBNAIL = { size: 128, height: 64, most: 40 };

/** One episode, step by step: the frame, what happened beside it, and a strip to move along. */
export class Player {
  #steps = [];
  #returns = [];
  #position = 0;
  #key = "";
  #timer = 0;
  #speed = 10;
  #onKey = (event) => this.#press(event);

  constructor(shell) {
    this.shell = shell;
    this.pictures = new Pictures({ load: async (url) => createImageBitmap(await picture(url)) });
    this.stage = new Stage();
    this.#build();
  }

  get playing() {
    return this.#timer !== 0;
  }

  show(route) {
    this.route = route;
    const key = route.episode === undefined ? "" : JSON.stringify([route.run, route.episode]);
    this.element.hidden = key === "";
    document[key === "" ? "removeEventListener" : "addEventListener"]("keydown", this.#onKey);
    if (key !== this.#key) {
      this.#key = key;
      this.pause();
      this.#steps = [];
      if (key !== "") this.#load(key);
    } else if (this.#steps.length > 0) {
      this.#go(positionOf(this.#steps, wholeNumber(route.step, 0)));
    }
  }

  hide() {
    this.pause();
    this.#remember.cancel();
    document.removeEventListener("keydown", this.#onKey);
  }

  toggle() {
    if (this.playing) this.pause();
    else this.#play();
  }

  pause() {
    clearTimeout(this.#timer);
    this.#timer = 0;
    setText(this.playButton, "▶ Play");
  }

  #build() {
    this.hud = Object.fromEntries(["step", "action", "reward", "return", "ended"].map((name) => [name, h("dd", { "data-hud": name })]));
    this.playButton = h("button", { type: "button", class: "play", click: () => this.toggle() }, "▶ Play");
    this.speed = h("span", { class: "muted", role: "status" });
    this.strip = h("div", { class: "strip", "aria-hidden": "true" });
    this.seek = h("input", {
      type: "range", min: "0", value: "0", step: "1", "aria-label": "Step",
      input: () => this.#seek(Number(this.seek.value)),
    });
    this.note = h("p", { class: "muted note" });
    this.work = h("div", { class: "player-work" },
      h("div", { class: "player-main" }, this.stage.element,
        h("div", { class: "hud" },
          h("dl", {}, ...Object.entries(this.hud).flatMap(([name, value]) => [h("dt", {}, name), value])),
          h("div", { class: "play-row" }, this.playButton, this.speed))),
      h("div", { class: "seek" }, this.strip, this.seek), this.note);
    this.state = h("div", {});
    this.element = h("section", { class: "player", "aria-label": "Episode" }, this.work, this.state);
    this.strip.addEventListener("pointerdown", (event) => this.#scrub(event));
    this.strip.addEventListener("pointermove", (event) => event.buttons === 1 && this.#scrub(event));
    this.#showSpeed();
  }

  async #load(key) {
    this.#showState(loading("steps"));
    try {
      const { rows, more } = await callPaged("episodes.steps", { episode_id: this.route.episode, limit: PAGE }, "steps", MOST);
      if (key !== this.#key) return;
      this.#steps = rows;
      this.#returns = runningReturns(rows);
      this.note.textContent = more ? `The first ${count(rows.length)} steps; the episode has more.` : "";
      this.#begin();
    } catch (error) {
      if (key === this.#key) this.#showState(failure("The episode did not come", error, () => this.#load(key)));
    }
  }

  #begin() {
    if (this.#steps.length === 0) {
      this.#showState(empty("No steps", "Nothing was logged under this episode."));
      return;
    }
    this.#showState(null);
    this.seek.max = String(this.#steps.length - 1);
    this.strip.hidden = true;
    this.#go(positionOf(this.#steps, wholeNumber(this.route.step, 0)));
  }

  /** As many small frames as fit side by side; the shape of one tells how many that is. */
  #drawStrip(bitmap) {
    const width = Math.max(16, (THUMBNAIL.height * bitmap.width) / bitmap.height);
    this.strip.hidden = false;
    const room = Math.max(2, Math.floor(this.strip.clientWidth / width));
    const urls = spread(this.#steps.length, Math.min(room, THUMBNAIL.most))
      .map((position) => frameURL(this.#steps[position].frame_ref, THUMBNAIL.size));
    this.strip.replaceChildren(...urls.map((src) => (src === null
      ? h("span", { class: "gap" })
      : h("img", { src, alt: "", loading: "lazy", draggable: "false" }))));
  }

  #scrub(event) {
    const box = this.strip.getBoundingClientRect();
    const share = Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
    this.#seek(Math.round(share * (this.#steps.length - 1)));
  }

  #seek(position) {
    this.pause();
    this.#go(position);
  }

  #go(position) {
    this.#position = Math.min(this.#steps.length - 1, Math.max(0, position));
    const step = this.#steps[this.#position];
    this.seek.value = String(this.#position);
    this.seek.setAttribute("aria-valuetext", `step ${step.step_index}`);
    this.#tell(step);
    this.#prefetch();
    this.#draw(step);
    this.#remember();
  }

  #tell(step) {
    setText(this.hud.step, `${count(step.step_index)} of ${count(this.#steps.at(-1).step_index)}`);
    setText(this.hud.action, action(step.action));
    setText(this.hud.reward, number(step.reward));
    setText(this.hud.return, number(this.#returns[this.#position]));
    setText(this.hud.ended, step.terminated ? "terminated" : step.truncated ? "truncated" : "no");
  }

  #url(position) {
    return frameURL(this.#steps[position].frame_ref, this.stage.wantedSize);
  }

  #prefetch() {
    const positions = around(this.#position, this.#steps.length, 16, 8);
    this.pictures.want(positions.map((position) => this.#url(position)).filter((url) => url !== null));
  }

  async #draw(step) {
    const url = this.#url(this.#position);
    const name = `Frame of step ${step.step_index}`;
    this.element.dataset.step = "";
    const found = url === null ? { state: "missing" } : (this.pictures.get(url) ?? (await this.pictures.whenReady(url)));
    if (this.#steps[this.#position] !== step) return;
    if (found?.state === "ready") {
      this.stage.show(found.bitmap, name, { keepView: true });
      if (this.strip.hidden) this.#drawStrip(found.bitmap);
    } else {
      this.stage.say(found ? "No frame is stored for this step." : "The frame did not come.");
    }
    this.element.dataset.step = String(step.step_index);
  }

  #play() {
    if (this.#steps.length === 0) return;
    if (this.#position === this.#steps.length - 1) this.#go(0);
    setText(this.playButton, "❚❚ Stop");
    this.#tick(performance.now());
  }

  /** Moves on when its time has come and the next frame is decoded; a frame that is late delays, none is dropped. */
  #tick(due) {
    const next = due + 1000 / this.#speed;
    const timer = setTimeout(() => {
      const url = this.#url(Math.min(this.#position + 1, this.#steps.length - 1));
      if (url !== null && this.pictures.get(url) === undefined) {
        this.pictures.whenReady(url).then(() => this.#timer === timer && this.#tick(performance.now() - 1000 / this.#speed));
        return;
      }
      this.#go(this.#position + 1);
      if (this.#position === this.#steps.length - 1) this.pause();
      else this.#tick(Math.max(next, performance.now() - 100));
    }, Math.max(0, next - performance.now()));
    this.#timer = timer;
  }

  #press(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || this.#steps.length === 0) return;
    if (event.target !== this.seek && isTyping(event)) return;
    if (event.key === " " && (isOnButton(event) || event.repeat)) return;
    const act = this.#action(event);
    if (!act) return;
    event.preventDefault();
    act();
  }

  #action({ key, shiftKey }) {
    const far = shiftKey ? 10 : 1;
    const actions = {
      ArrowRight: () => this.#seek(this.#position + far),
      ArrowLeft: () => this.#seek(this.#position - far),
      Home: () => this.#seek(0),
      End: () => this.#seek(this.#steps.length - 1),
      " ": () => this.toggle(),
      "[": () => this.#changeSpeed(-1),
      "]": () => this.#changeSpeed(1),
      f: () => this.stage.fit(),
    };
    return actions[key];
  }

  #changeSpeed(by) {
    const index = SPEEDS.indexOf(this.#speed) + by;
    this.#speed = SPEEDS[Math.min(SPEEDS.length - 1, Math.max(0, index))];
    this.#showSpeed();
  }

  #showSpeed() {
    setText(this.speed, `${this.#speed} steps/s`);
  }

  #showState(element) {
    this.state.replaceChildren(...(element ? [element] : []));
    this.work.hidden = element !== null;
  }

  #remember = debounce(() => {
    if (this.#steps.length > 0) this.shell.remember({ step: this.#steps[this.#position].step_index });
  }, 300);
}
