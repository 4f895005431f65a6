import { call, connection } from "../api.js";
import { debounce, h, isOnButton, isTyping, setText } from "../dom.js";
import { number } from "../format.js";
import { poll } from "../poll.js";
import { formatRoute, wholeNumber } from "../route.js";
import { onThemeChange } from "../runs/palette.js";
import { empty, failure, loading } from "../states.js";
import { Curve } from "./curve.js";
import { FrameLabeling } from "./labeling.js";
import { multiples } from "./observation.js";
import { advance, BASE, mergeIndices, nextSpeed, parseSpeed, placeAt, positionOf } from "./steps.js";
import { Track } from "./track.js";
import { TrackView } from "./view.js";
import { nextScale, parseScale, ZoomButtons } from "./zoom.js";

const BUDGET = 128 << 20;
const REMEMBER = 1000;
const OBSERVE = 150;
const OBSERVE_PLAYING = 300;

/** Plays an episode, or two side by side: frames, what happened beside them, and the curve to move along. */
export class Player {
  #tracks = [];
  #views = [new TrackView(), new TrackView()];
  #indices = [];
  #position = 0;
  #wanted = 0;
  #key = "";
  #request = 0;
  #last = 0;
  #carry = 0;
  #remembered = 0;
  #speed = 1;
  #isLoop = false;
  #isFollowing = false;
  #drawn = [null, null];
  #hasBegun = false;
  #poll = null;
  #stopTheme = null;
  #scale = null;
  #observed = 0;
  #isObserving = false;
  #lastObserved = 0;
  #onKey = (event) => this.#press(event);
  #onFrame = (now) => this.#frame(now);

  constructor(shell) {
    this.shell = shell;
    this.route = {};
    this.curve = new Curve({ onSeek: (step) => this.#seek(positionOf(this.#indices, step)) });
    const button = (text, name, keys, click) => h("button", { type: "button", "aria-label": name, title: `${name} (${keys})`, click }, text);
    this.playButton = h("button", { type: "button", class: "primary play", title: "Play, stop (space)", click: () => this.toggle() }, "▶ Play");
    this.speedText = h("span", { class: "speed", role: "status" });
    this.loopButton = h("button", { type: "button", "aria-pressed": "false", title: "Loop (l)", click: () => this.#change({ loop: this.#isLoop ? undefined : "1" }) }, "Loop");
    this.followButton = h("button", { type: "button", "aria-pressed": "false", title: "Stay at the newest step (w)", click: () => this.#follow(!this.#isFollowing) }, "Follow");
    this.labelButton = h("button", { type: "button", title: "Put this frame among the images to label", click: () => this.#label() }, "Label this frame");
    this.labeling = new FrameLabeling(shell.outbox);
    this.zoom = new ZoomButtons({ onScale: (scale) => this.#change({ zoom: scale ?? undefined }) });
    this.controls = h("div", { class: "controls", role: "group", "aria-label": "Playback" },
      h("span", { class: "group" },
        button("|◀", "First step", "Home", () => this.#seek(0)),
        button("−10", "Ten steps back", "shift ←", () => this.#seek(this.#position - 10)),
        button("◀", "Step back", "←", () => this.#seek(this.#position - 1)),
        this.playButton,
        button("▶", "Step on", "→", () => this.#seek(this.#position + 1)),
        button("+10", "Ten steps on", "shift →", () => this.#seek(this.#position + 10)),
        button("▶|", "Last step", "End", () => this.#seek(Infinity))),
      h("span", { class: "group" },
        button("−", "Slower", "[", () => this.#changeSpeed(-1)), this.speedText, button("+", "Faster", "]", () => this.#changeSpeed(1))),
      h("span", { class: "group" }, this.loopButton, this.followButton), this.labelButton, this.labeling.said);
    this.heading = h("h2", {});
    this.stopCompare = h("button", { type: "button", hidden: true, click: () => this.#change({ vs: undefined }) }, "Stop comparing");
    this.tracks = h("div", { class: "tracks" });
    this.observation = h("div", { class: "multiples", role: "group", "aria-label": "Observation", hidden: true });
    this.work = h("div", { class: "player-work" }, h("div", { class: "seen" }, this.tracks, this.observation), this.curve.element, this.controls);
    this.state = h("div", { class: "player-state" });
    this.element = h("section", { class: "player", "aria-label": "Episode" },
      h("header", { class: "player-head" }, this.heading, h("span", { class: "spacer" }), this.zoom.element, this.stopCompare), this.state, this.work);
  }

  get isPlaying() {
    return this.#request !== 0;
  }

  show(route) {
    this.route = route;
    this.#speed = parseSpeed(route.speed);
    this.#isLoop = route.loop === "1";
    this.#isFollowing = route.follow === "1";
    this.#scale = parseScale(route.zoom);
    this.#showSwitches();
    document.addEventListener("keydown", this.#onKey);
    this.#stopTheme ??= onThemeChange(() => this.curve.paint());
    const names = [route.episode, route.vs].filter((name, index, all) => name !== undefined && all.indexOf(name) === index);
    const key = JSON.stringify(names);
    if (key !== this.#key) {
      this.#key = key;
      this.#open(names);
    } else if (this.#indices.length > 0) {
      const position = route.step === undefined ? this.#position : placeAt(this.#indices, wholeNumber(route.step, 0));
      if (position !== this.#position) this.#go(position);
    }
    this.#poll ??= poll(() => this.#refresh(), 1);
  }

  hide() {
    this.pause();
    this.#poll?.stop();
    this.#poll = null;
    this.#stopTheme?.();
    this.#stopTheme = null;
    this.#settleSoon.cancel();
    this.#rememberSoon.cancel();
    document.removeEventListener("keydown", this.#onKey);
  }

  toggle() {
    if (this.isPlaying) this.pause();
    else this.#play();
  }

  pause() {
    if (!this.isPlaying) return;
    cancelAnimationFrame(this.#request);
    this.#request = 0;
    setText(this.playButton, "▶ Play");
    this.#settle();
  }

  #open(names) {
    this.pause();
    for (const track of this.#tracks) track.close();
    this.#hasBegun = false;
    this.#indices = [];
    this.#drawn = [null, null];
    this.labeling.clear();
    this.observation.hidden = true;
    this.element.dataset.step = "";
    this.#tracks = names.map((episode, index) => new Track({
      episode,
      budget: BUDGET / names.length,
      onSteps: () => this.#stepsCame(),
      onFrames: () => this.#draw(),
    }));
    this.#views.forEach((view) => view.say(""));
    this.tracks.replaceChildren(...this.#tracks.map((_, index) => this.#views[index].element));
    this.tracks.classList.toggle("two", names.length > 1);
    this.stopCompare.hidden = names.length < 2;
    this.#views.forEach((view, index) => setText(view.title, names.length > 1 ? names[index] : ""));
    setText(this.heading, names[0] ?? "");
    if (names.length > 0) this.#load(this.#key);
  }

  async #load(key) {
    this.#showState(loading("steps"));
    const tracks = this.#tracks;
    try {
      await Promise.all(tracks.map((track) => track.load()));
      if (key !== this.#key) return;
      if (this.#indices.length === 0) this.#showState(empty("No steps", "Nothing was logged under this episode so far.", 'run.logStep(episode: "e1", index: 0, action: 1, reward: 0.5)'));
      else if (!this.#hasBegun) this.#begin();
    } catch (error) {
      if (key === this.#key) this.#showState(failure("The episode did not come", error, () => this.#open(JSON.parse(this.#key))));
    }
  }

  #stepsCame() {
    const [first, second] = this.#tracks;
    if (first.info === null || first.steps.length === 0) return;
    const step = this.#indices[this.#position];
    const wasAtEnd = this.#position === this.#indices.length - 1;
    this.#indices = second ? mergeIndices(first.indices, second.indices) : first.indices;
    this.#showHeading();
    if (!this.#hasBegun) {
      const wanted = wholeNumber(this.route.step, 0);
      // Where the address names a step that has not come, the rest is waited for.
      if (this.#tracks.some((track) => track.steps.length === 0) || (wanted > this.#indices.at(-1) && this.#tracks.some(({ more }) => more))) return;
      this.#begin();
      return;
    }
    this.#showCurve();
    if (second) this.#position = placeAt(this.#indices, step);
    if (this.#isFollowing && !this.isPlaying) this.#go(this.#indices.length - 1);
    else if (wasAtEnd || this.#tracks.length > 1) this.#go(this.#position);
  }

  #begin() {
    this.#hasBegun = true;
    this.#showState(null);
    this.#showHeading();
    this.#showCurve();
    this.#go(this.#isFollowing ? this.#indices.length - 1 : placeAt(this.#indices, wholeNumber(this.route.step, 0)));
    this.#settle();
  }

  #showHeading() {
    const [{ info, more, steps }] = this.#tracks;
    const run = h("a", { href: formatRoute({ room: "runs", run: info.run_id }) }, info.run_id);
    const facts = [`total reward ${number(info.total_reward)}`, `${info.steps} steps`];
    if (this.#tracks[0].isLive) facts.push("● running");
    if (more) facts.push(`the first ${steps.length} are here`);
    this.heading.replaceChildren(run, " › ", this.#tracks[0].episode, h("span", { class: "muted facts" }, ` ${facts.join(" · ")}`));
    this.followButton.hidden = !this.#tracks.some(({ isLive }) => isLive) && !this.#isFollowing;
  }

  #showCurve() {
    this.curve.show(this.#tracks, this.#indices[0], this.#indices.at(-1));
  }

  async #refresh() {
    if (!this.#hasBegun) return;
    await Promise.all(this.#tracks.map((track) => track.refresh())).catch(() => {});
  }

  #place(track) {
    return placeAt(track.indices, this.#indices[this.#position]);
  }

  #go(position) {
    this.#position = Math.min(this.#indices.length - 1, Math.max(0, position));
    const step = this.#indices[this.#position];
    this.curve.place(step);
    this.#tracks.forEach((track, index) => {
      const place = this.#place(track);
      this.#views[index].tell(track, place);
      track.want(place, this.#isLoop && this.isPlaying);
    });
    this.#draw();
    if (this.isPlaying) {
      if (performance.now() - this.#remembered > REMEMBER) this.#remember();
      if (performance.now() - this.#lastObserved > OBSERVE_PLAYING && !this.#isObserving) this.#observe();
    } else {
      this.#settleSoon();
      this.#rememberSoon();
    }
  }

  /** Draws the frames of the playhead that are there and are not drawn yet. */
  #draw() {
    if (!this.#hasBegun) return;
    let isDone = true;
    this.#tracks.forEach((track, index) => {
      const place = this.#place(track);
      if (this.#drawn[index] === track.indices[place]) return;
      if (this.#views[index].draw(track.picture(place), track.indices[place])) this.#drawn[index] = track.indices[place];
      else isDone = false;
    });
    if (isDone) this.element.dataset.step = String(this.#indices[this.#position]);
  }

  #isReady(position) {
    const step = this.#indices[position];
    return this.#tracks.every((track) => track.picture(placeAt(track.indices, step)) !== undefined);
  }

  #play() {
    if (!this.#hasBegun) return;
    if (this.#isFollowing) this.#follow(false);
    if (this.#position === this.#indices.length - 1) this.#go(0);
    setText(this.playButton, "❚❚ Stop");
    this.#carry = 0;
    this.#last = performance.now();
    this.#remembered = this.#last;
    this.#request = requestAnimationFrame(this.#onFrame);
  }

  /** As far as time has gone and frames have come; what is late keeps the last frame, and nothing is skipped to catch up. */
  #frame(now) {
    this.#request = requestAnimationFrame(this.#onFrame);
    const { steps, carry } = advance(this.#carry, Math.min(100, Math.max(0, now - this.#last)), BASE * this.#speed);
    this.#last = now;
    this.#carry = carry;
    if (steps === 0) return;
    const end = this.#indices.length - 1;
    if (this.#position === end) {
      if (this.#isLoop && this.#isReady(0)) this.#go(0);
      else if (!this.#isLoop && !this.#tracks.some(({ isLive }) => isLive)) this.pause();
      else this.#waitHere();
      return;
    }
    let target = Math.min(end, this.#position + steps);
    while (target > this.#position && !this.#isReady(target)) target -= 1;
    if (target > this.#position) this.#go(target);
    else this.#waitHere();
  }

  #waitHere() {
    this.#carry = 0;
    const end = this.#indices.length - 1;
    const step = this.#indices[this.#position < end ? this.#position + 1 : this.#isLoop ? 0 : end];
    this.#tracks.forEach((track) => track.want(placeAt(track.indices, step), this.#isLoop));
  }

  #seek(position) {
    if (!this.#hasBegun) return;
    if (this.#isFollowing) this.#follow(false);
    this.pause();
    this.#go(position);
  }

  #follow(isOn) {
    this.#change({ follow: isOn ? "1" : undefined });
    if (isOn && this.#hasBegun) {
      this.pause();
      this.#go(this.#indices.length - 1);
      this.#poll?.now();
    }
  }

  #changeSpeed(by) {
    const speed = nextSpeed(this.#speed, by);
    this.#change({ speed: speed === 1 ? undefined : String(speed) });
  }

  /** Changes what the address says, without a new entry in the history. */
  #change(changes) {
    const step = this.#hasBegun ? this.#indices[this.#position] : this.route.step;
    this.shell.navigate({ ...this.route, step, ...changes }, { replace: true });
  }

  #showSwitches() {
    setText(this.speedText, `${this.#speed}×`);
    this.speedText.title = `${BASE * this.#speed} steps a second`;
    this.loopButton.setAttribute("aria-pressed", String(this.#isLoop));
    this.followButton.setAttribute("aria-pressed", String(this.#isFollowing));
    this.zoom.show(this.#scale);
    for (const view of this.#views) view.scale = this.#scale;
  }

  #zoom(by) {
    this.#change({ zoom: String(nextScale(this.#scale, by, this.#views[0].fit)) });
  }

  #press(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event) || !this.#hasBegun) return;
    if (event.key === " " && (isOnButton(event) || event.repeat)) return;
    const act = this.#action(event);
    if (!act) return;
    event.preventDefault();
    act();
  }

  #action({ key, shiftKey }) {
    const far = shiftKey ? 10 : 1;
    return {
      ArrowRight: () => this.#seek(this.#position + far),
      ArrowLeft: () => this.#seek(this.#position - far),
      Home: () => this.#seek(0),
      End: () => this.#seek(Infinity),
      " ": () => this.toggle(),
      "[": () => this.#changeSpeed(-1),
      "]": () => this.#changeSpeed(1),
      "+": () => this.#zoom(1),
      "=": () => this.#zoom(1),
      "-": () => this.#zoom(-1),
      f: () => this.#change({ zoom: undefined }),
      l: () => this.loopButton.click(),
      w: () => this.followButton.hidden || this.followButton.click(),
    }[key];
  }

  #showState(element) {
    this.state.replaceChildren(...(element ? [element] : []));
    this.work.hidden = element !== null;
  }

  /** What may wait until the playhead rests: names for screen readers, observations. */
  #settle() {
    if (!this.#hasBegun || this.isPlaying) return;
    this.curve.announce();
    this.#tracks.forEach((track, index) => this.#views[index].name(track.indices[this.#place(track)]));
    this.#rememberSoon();
    this.#observe();
  }

  async #observe() {
    const [track] = this.#tracks;
    const step = track.steps[this.#place(track)];
    const asked = (this.#observed += 1);
    this.#lastObserved = performance.now();
    if ((step.obs_ref ?? null) === null || connection.live === false) {
      this.#showObservation([]);
      return;
    }
    const range = { from: step.step_index, to: step.step_index + 1 };
    this.#isObserving = true;
    const found = await call("episodes.steps", { episode_id: track.episode, ...range, arrays: ["observation"], array_encoding: "base64" }).catch(() => null);
    this.#isObserving = false;
    if (asked !== this.#observed || track !== this.#tracks[0]) return;
    this.#showObservation(found?.observation ? multiples(found.observation, number) : []);
  }

  #showObservation(parts) {
    this.observation.replaceChildren(...parts);
    this.observation.hidden = parts.length === 0;
  }

  #settleSoon = debounce(() => this.#settle(), OBSERVE);

  #remember() {
    this.#remembered = performance.now();
    if (!this.#hasBegun) return;
    this.route = { ...this.route, step: String(this.#indices[this.#position]) };
    this.shell.remember({ step: this.route.step });
  }

  #rememberSoon = debounce(() => this.#remember(), 300);

  #label() {
    const [track] = this.#tracks;
    if (this.#hasBegun) this.labeling.add(track.info.run_id, track.episode, track.steps[this.#place(track)]);
  }
}
