import { call, frames, picture } from "../api.js";
import { Pictures } from "../pictures.js";
import { addActions } from "./actions.js";
import { Frames, parseBatch } from "./frames.js";
import { addReturns, around, frameURL } from "./steps.js";

const FIRST_PAGE = 1000;
const PAGE = 10_000;
const MOST = 200_000;

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
    this.#pictures?.want([]);
  }

  /** A position's frame, `{bytes, layout}` or `{bitmap}`; null where there is none, undefined where it has not come. */
  picture(position) {
    const reference = this.steps[position]?.frame_ref ?? null;
    if (reference === null) return null;
    if (this.#pictures === null) {
      const bytes = this.frames.get(position);
      return bytes ? { bytes, layout: this.frames.layout } : bytes;
    }
    const url = frameURL(reference);
    const found = url === null ? { state: "missing" } : this.#pictures.get(url);
    if (found === undefined) return undefined;
    return found.state === "ready" ? { bitmap: found.bitmap } : null;
  }

  /** Gets frames ready around a position. */
  want(position, isLoop) {
    if (this.#pictures === null) {
      this.frames.want(position, this.steps.length, isLoop);
      return;
    }
    const urls = around(position, this.steps.length, 24, 4).map((each) => frameURL(this.steps[each].frame_ref)).filter((url) => url !== null);
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
    return { ...batch, bytes };
  }

  #fallBack() {
    this.#pictures ??= new Pictures({ load: async (url) => createImageBitmap(await picture(url)), capacity: 64 });
    this.frames.close();
    this.onFrames();
  }
}
