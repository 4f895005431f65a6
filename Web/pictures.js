/**
 * Pictures that are fetched and decoded ahead of time, least recently wanted first out. A picture is `ready` with a
 * bitmap, `missing` when the server has none, or `failed` when it can't be shown; both say why in `message`.
 */
export class Pictures {
  #entries = new Map();
  #waiting = [];
  #active = 0;

  constructor({ load, capacity = 32, parallel = 4 }) {
    this.load = load;
    this.capacity = capacity;
    this.parallel = parallel;
  }

  /** The picture if it is there by now: `{state, bitmap}`. */
  get(url) {
    const entry = this.#entries.get(url);
    return entry?.state === "loading" ? undefined : entry;
  }

  /** How many pictures are decoded. */
  get decoded() {
    return [...this.#entries.values()].filter((entry) => entry.state === "ready").length;
  }

  /** Asks for pictures, the most urgent first; what was asked for before and has not begun is forgotten. */
  want(urls) {
    for (const { url, resolve } of this.#waiting.splice(0)) {
      this.#entries.delete(url);
      resolve(undefined);
    }
    const wanted = urls.slice(0, this.capacity);
    for (const url of [...wanted].reverse()) this.#touch(url);
    for (const url of wanted) this.#enqueue(url);
    this.#evict(new Set(wanted));
    this.#pump();
  }

  /** The picture, as soon as it is there; undefined when it failed or was forgotten. */
  whenReady(url) {
    if (!this.#entries.has(url)) {
      this.#enqueue(url, true);
      this.#pump();
    }
    const entry = this.#entries.get(url);
    return entry.state === "loading" ? entry.done : Promise.resolve(entry);
  }

  #enqueue(url, urgent = false) {
    if (this.#entries.has(url)) return;
    const { promise, resolve } = deferred();
    this.#entries.set(url, { state: "loading", done: promise });
    this.#waiting[urgent ? "unshift" : "push"]({ url, resolve });
  }

  #touch(url) {
    const entry = this.#entries.get(url);
    if (!entry) return;
    this.#entries.delete(url);
    this.#entries.set(url, entry);
  }

  #pump() {
    while (this.#active < this.parallel && this.#waiting.length > 0) {
      const { url, resolve } = this.#waiting.shift();
      this.#active += 1;
      this.#fetch(url).then((entry) => {
        this.#active -= 1;
        resolve(entry);
        this.#pump();
      });
    }
  }

  async #fetch(url) {
    try {
      return this.#keep(url, { state: "ready", bitmap: await this.load(url) });
    } catch (error) {
      if (error.kind === "not_found") return this.#keep(url, { state: "missing", message: error.message });
      if (error.final) return this.#keep(url, { state: "failed", message: error.message });
      this.#entries.delete(url);
      return undefined;
    }
  }

  #keep(url, entry) {
    this.#entries.set(url, entry);
    return entry;
  }

  #evict(wanted) {
    for (const [url, entry] of this.#entries) {
      if (this.#entries.size <= this.capacity) return;
      if (wanted.has(url) || entry.state === "loading") continue;
      entry.bitmap?.close();
      this.#entries.delete(url);
    }
  }
}

function deferred() {
  const parts = {};
  parts.promise = new Promise((resolve) => {
    parts.resolve = resolve;
  });
  return parts;
}
