import { call, frames, picture } from "../api.js";
import { Pictures } from "../pictures.js";
import { addActions } from "./actions.js";
import { Frames, parseBatch } from "./frames.js";
import { addReturns, around, frameURL } from "./steps.js";

const FIRST_PAGE = 1000;
const PAGE = 10_000;
const MOST = 200_000;
/** After a picture that may come later, nothing is asked for so many milliseconds. */
const PAUSE = 1000;

/** One episode: its steps, page after page, and the frames around the playhead. */
export class Track {
  info = null;
  steps = [];
  indices = [];
  returns = [];
  /** True where the episode has more steps than are loaded here. */
  more = false;
  #closed = false;
  #asking = false;
  #pictures = null;
  /** Why pictures never come, by their addresses. */
  #failures = new Map();
  #wanted = null;
  #pause = 0;

  /** `onSteps` hears of new steps, `onFrames` of new frames. */
  constructor({ episode, budget, onSteps, onFrames }) {
    this.episode = episode;
    this.onSteps = onSteps;
    this.onFrames = onFrames;
    this.frames = new Frames({
      budget,
      load: (from, to, signal) => this.#fetch(from, to, signal),
      stepAt: (position) => this.indices[position],
      onReady: onFrames,
      onFail: () => this.#fallBack(),
    });
  }

  /** Whether more steps may come. */
  get isLive() {
    return this.info !== null && !this.info.finished && !this.info.terminated && !this.info.truncated;
  }

  async load() {
    this.info = await call("episodes.get", { episode_id: this.episode });
    await this.#readOn(FIRST_PAGE);
  }

  /** Looks whether the episode has gone on. */
  async refresh() {
    if (this.#closed || this.#asking || !this.isLive) return;
    const info = await call("episodes.get", { episode_id: this.episode });
    if (this.#closed) return;
    const isNew = JSON.stringify(info) !== JSON.stringify(this.info);
    this.info = info;
    if (info.steps > this.steps.length) await this.#readOn(PAGE);
    else if (isNew) this.onSteps();
  }

  close() {
    this.#closed = true;
    this.frames.close();
    clearTimeout(this.#pause);
    this.#pictures?.want([]);
  }

  /** A position's frame, `{bytes, layout}`, `{bitmap}` or `{error}`; null where there is none, undefined where it has not come. */
  picture(position) {
    const reference = this.steps[position]?.frame_ref ?? null;
    if (reference === null) return null;
    if (this.#pictures === null) {
      const bytes = this.frames.get(position);
      return bytes ? { bytes, layout: this.frames.layout } : bytes;
    }
    const url = frameURL(reference);
    if (url === null) return { error: new Error(`“${reference}” names no picture of this server`) };
    if (this.#failures.has(url)) return { error: this.#failures.get(url) };
    const found = this.#pictures.get(url);
    return found?.state === "ready" ? { bitmap: found.bitmap } : undefined;
  }

  /** Gets frames ready around a position. */
  want(position, isLoop) {
    this.#wanted = [position, isLoop];
    if (this.#pictures === null) {
      this.frames.want(position, this.steps.length, isLoop);
      return;
    }
    if (this.#pause !== 0) return;
    const urls = around(position, this.steps.length, 24, 4).map((each) => frameURL(this.steps[each].frame_ref)).filter((url) => url !== null && !this.#failures.has(url));
    this.#pictures.want(urls);
    for (const url of urls) {
      if (this.#pictures.get(url) === undefined) this.#pictures.whenReady(url).then(() => this.#closed || this.onFrames());
    }
  }

  async #readOn(limit) {
    this.#asking = true;
    try {
      do {
        const from = this.steps.length === 0 ? 0 : this.indices.at(-1) + 1;
        const { steps, action, cursor } = await call("episodes.steps", { episode_id: this.episode, from, limit, arrays: ["action"] });
        if (this.#closed) return;
        addActions(steps, action);
        this.steps.push(...steps);
        this.indices.push(...steps.map(({ step_index: index }) => index));
        addReturns(this.returns, steps);
        this.more = (cursor ?? null) !== null && steps.length > 0;
        limit = PAGE;
        this.onSteps();
      } while (this.more && this.steps.length < MOST);
    } finally {
      this.#asking = false;
    }
  }

  async #fetch(from, to, signal) {
    const { headers, bytes } = await frames(this.episode, this.indices[from], this.indices[to - 1] + 1, signal);
    const batch = parseBatch(headers, bytes.byteLength);
    // Floats and the like can't be drawn as they are; the server makes pictures of them.
    if (batch === null) throw Object.assign(new Error("These frames come as pictures."), { final: true });
    const there = new Set(batch.steps);
    const isMissing = this.steps.slice(from, to).some(({ step_index: step, frame_ref: reference }) => (reference ?? null) !== null && !there.has(step));
    // A batch leaves out what it can't find; asked for one by one, each says why.
    if (isMissing) throw Object.assign(new Error("Not all of these frames are there."), { final: true });
    return { ...batch, bytes };
  }

  /** Frames that don't come in batches, or not all of them, are fetched one by one as pictures. */
  #fallBack() {
    this.#pictures ??= new Pictures({ load: (url) => this.#load(url), capacity: 64 });
    this.frames.close();
    this.want(...this.#wanted);
    this.onFrames();
  }

  async #load(url) {
    try {
      return await createImageBitmap(await picture(url));
    } catch (error) {
      if (error.final ?? true) this.#failures.set(url, error);
      else this.#rest();
      throw error;
    }
  }

  #rest() {
    if (this.#pause !== 0 || this.#closed) return;
    this.#pause = setTimeout(() => {
      this.#pause = 0;
      this.want(...this.#wanted);
    }, PAUSE);
  }
}
