/**
 * The images that one annotator is asked about, the current one first. Pure bookkeeping: who fetches and draws is
 * elsewhere. An image that was answered here doesn't come back, even when the server has not heard of the answer yet.
 */
export class Queue {
  #upcoming = [];
  #answered = new Set();

  constructor({ target = 28, low = 22, leaseSeconds = 270, remembered = 5000 } = {}) {
    this.target = target;
    this.low = low;
    this.leaseSeconds = leaseSeconds;
    this.remembered = remembered;
    this.current = null;
  }

  get upcoming() {
    return this.#upcoming.map(({ image }) => image);
  }

  /** The ids of the images that are here. */
  get held() {
    return [this.current, ...this.upcoming].filter(Boolean).map(({ id }) => id);
  }

  /** How many images to ask the server for. */
  get wanted() {
    const held = this.#upcoming.length;
    return held >= this.low ? 0 : this.target - held;
  }

  /** Takes in what the server offers; returns how many of them were new. */
  accept(images, now) {
    const known = new Set(this.held);
    const fresh = images.filter(({ id }) => !known.has(id) && !this.#answered.has(id));
    this.#upcoming.push(...fresh.map((image) => ({ image, since: now })));
    if (!this.current) this.#next();
    return fresh.length;
  }

  /** The current image is answered or skipped: it goes, the next one comes. */
  advance() {
    this.#answered.add(this.current.id);
    if (this.#answered.size > this.remembered) this.#answered.delete(this.#answered.values().next().value);
    this.#next();
  }

  /** Brings an image back as the current one; the one it displaces is next. */
  bringBack(image, now) {
    this.#answered.delete(image.id);
    this.#upcoming = this.#upcoming.filter((entry) => entry.image.id !== image.id);
    if (this.current && this.current.id !== image.id) this.#upcoming.unshift({ image: this.current, since: now });
    this.current = image;
  }

  /** Never offers these images (answers that are still on their way). */
  exclude(ids) {
    for (const id of ids) this.#answered.add(id);
    this.#upcoming = this.#upcoming.filter(({ image }) => !this.#answered.has(image.id));
  }

  /** Lets go of images whose lease is about to end, before someone else is asked about them as well. */
  dropStale(now) {
    this.#upcoming = this.#upcoming.filter(({ since }) => now - since < this.leaseSeconds);
  }

  #next() {
    this.current = this.#upcoming.shift()?.image ?? null;
  }
}
