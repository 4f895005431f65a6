/** What a response with raw frames holds, from its headers: the layout of a frame, and the step that each belongs to. */
export function parseBatch(headers, bytes) {
  const steps = numbers(headers.get("x-steps"));
  const [count, ...shape] = numbers(headers.get("x-shape"));
  if (steps.length === 0) return { steps, layout: null };
  const layout = layoutOf(headers.get("x-dtype"), shape);
  const isWhole = layout !== null && count === steps.length && bytes === count * layout.size;
  return isWhole ? { steps, layout } : null;
}

/** How the pixels of a frame lie, or null where they are none that can be drawn as they are. */
export function layoutOf(dtype, shape) {
  if (dtype !== "uint8" || shape.some((side) => side < 1)) return null;
  const size = shape.reduce((product, side) => product * side, 1);
  const layout = (height, width, channels, isPlanar) => ({ height, width, channels, isPlanar, size });
  if (shape.length === 2) return layout(shape[0], shape[1], 1, false);
  if (shape.length !== 3) return null;
  if ([1, 3, 4].includes(shape[2])) return layout(shape[0], shape[1], shape[2], false);
  return [1, 3].includes(shape[0]) ? layout(shape[1], shape[2], shape[0], true) : null;
}

/** Writes a frame as pixels of 32 bits, red in the lowest byte, as a canvas has them. */
export function decode(bytes, { channels, isPlanar, width, height }, pixels) {
  const count = width * height;
  const [pixel, channel] = isPlanar ? [1, count] : [channels, 1];
  const opaque = 0xff000000;
  if (channels === 1) {
    for (let k = 0; k < count; k += 1) pixels[k] = opaque | (bytes[k] * 0x010101);
  } else if (channels === 3) {
    for (let k = 0, at = 0; k < count; k += 1, at += pixel) {
      pixels[k] = opaque | (bytes[at + 2 * channel] << 16) | (bytes[at + channel] << 8) | bytes[at];
    }
  } else {
    for (let k = 0, at = 0; k < count; k += 1, at += 4) {
      pixels[k] = (bytes[at + 3] << 24) | (bytes[at + 2] << 16) | (bytes[at + 1] << 8) | bytes[at];
    }
  }
}

/** The positions that are worth having, in the order in which they are needed: ahead, round the end in a loop, behind. */
export function stretches({ position, length, ahead, behind, isLoop }) {
  const parts = [{ from: position, to: Math.min(length, position + ahead) }];
  const beyond = position + ahead - length;
  if (isLoop && beyond > 0) parts.push({ from: 0, to: Math.min(position, beyond) });
  parts.push({ from: Math.max(0, position - behind), to: position });
  return parts.filter(({ from, to }) => from < to);
}

/**
 * The next positions to ask for, at most so many at once; null when all that is worth having is there or on its way.
 * `endOf(position)` is the end of what covers a position, the position itself where nothing does.
 */
export function nextBatch(parts, most, endOf) {
  for (const { from, to } of parts) {
    let first = from;
    while (first < to && endOf(first) > first) first = endOf(first);
    if (first >= to) continue;
    let end = first + 1;
    while (end < to && end - first < most && endOf(end) === end) end += 1;
    return { from: first, to: end };
  }
  return null;
}

const BATCH = 6 << 20;
const MOST_STEPS = 1000;
const UNKNOWN = 8;
const BATCHES_AHEAD = 6;
const PARALLEL = 2;
const RETRY = 1000;

/**
 * The frames of an episode around the playhead, as the raw batches in which they came; never more than `budget` bytes.
 * `load(from, to, signal)` fetches the positions from ≤ position < to as `{bytes, steps, layout}`, `stepAt(position)` is
 * the step's number, `onReady` hears of every batch, `onFail` of what another request won't help.
 */
export class Frames {
  #segments = [];
  #flying = new Set();
  #want = null;
  #timer = 0;
  #closed = false;

  constructor({ load, stepAt, budget = 128 << 20, batch = BATCH, onReady = () => {}, onFail = () => {} }) {
    Object.assign(this, { load, stepAt, budget, batch, onReady, onFail });
    this.layout = null;
  }

  get bytes() {
    return this.#segments.reduce((sum, { bytes }) => sum + bytes.byteLength, 0);
  }

  /** The bytes of a position's frame; null where the step has none, undefined where they have not come. */
  get(position) {
    const segment = this.#segments.find(({ from, to }) => from <= position && position < to);
    if (segment === undefined) return undefined;
    const row = segment.rows.get(this.stepAt(position));
    return row === undefined ? null : new Uint8Array(segment.bytes, row * this.layout.size, this.layout.size);
  }

  /** Fetches what is missing around a position, and forgets what is far from it. */
  want(position, length, isLoop = false) {
    if (this.#closed) return;
    this.#want = { position, length, isLoop };
    if (this.#endOf(position, this.#segments, this.#flying) === position) {
      // What was asked for before a jump is in its way.
      for (const flight of this.#flying) flight.abort.abort();
      this.#flying.clear();
    }
    this.#pump();
  }

  close() {
    this.#closed = true;
    clearTimeout(this.#timer);
    for (const flight of this.#flying) flight.abort.abort();
    this.#segments = [];
  }

  get #perBatch() {
    if (this.layout === null) return UNKNOWN;
    return Math.max(1, Math.min(MOST_STEPS, Math.floor(Math.min(this.batch, this.budget / 8) / this.layout.size)));
  }

  /** What is worth having of the wanted; less than the budget, or it would drive itself out. */
  get #stretches() {
    const ahead = Math.max(1, Math.min(BATCHES_AHEAD * this.#perBatch, Math.floor((this.budget * 0.6) / (this.layout?.size ?? 1))));
    return stretches({ ...this.#want, ahead, behind: Math.min(this.#perBatch, ahead >> 1) });
  }

  #endOf(position, ...lists) {
    for (const ranges of lists) for (const { from, to } of ranges) if (from <= position && position < to) return to;
    return position;
  }

  #pump() {
    clearTimeout(this.#timer);
    while (!this.#closed && this.#flying.size < PARALLEL) {
      const { position } = this.#want;
      const isThere = this.#endOf(position, this.#segments) > position;
      // After a jump a part of a batch is there sooner than all of it.
      const most = isThere ? this.#perBatch : Math.ceil(this.#perBatch / 4);
      const next = nextBatch(this.#stretches, most, (each) => this.#endOf(each, this.#segments, this.#flying));
      if (next === null) return;
      this.#fetch(next);
      if (this.layout === null) return;
    }
  }

  async #fetch({ from, to }) {
    const flight = { from, to, abort: new AbortController() };
    this.#flying.add(flight);
    try {
      const { bytes, steps, layout } = await this.load(from, to, flight.abort.signal);
      if (!this.#flying.delete(flight) || this.#closed) return;
      this.layout ??= layout;
      this.#segments.push({ from, to, bytes, rows: new Map(steps.map((step, row) => [step, row])) });
      this.#evict();
      this.onReady();
      this.#pump();
    } catch (error) {
      if (!this.#flying.delete(flight) || this.#closed) return;
      if (error.final) this.onFail(error);
      else this.#timer = setTimeout(() => this.#pump(), RETRY);
    }
  }

  /** The segments farthest from the playhead go first; what comes soon counts as nearer than what is past. */
  #evict() {
    const { position } = this.#want;
    const distance = ({ from, to }) => (to <= position ? 4 * (position - to + 1) : Math.max(0, from - position));
    this.#segments.sort((a, b) => distance(a) - distance(b));
    let total = this.bytes;
    while (total > this.budget && this.#segments.length > 1) total -= this.#segments.pop().bytes.byteLength;
  }
}

function numbers(text) {
  return (text ?? "").split(",").filter((part) => part !== "").map(Number);
}
