const KEY = "holdfast.label";
const HISTORY = 50;

/** What a reload of this tab must find again: the image that is asked about, and what was answered before it. */
export class LabelSession {
  #storage;
  #data;

  constructor(storage) {
    this.#storage = storage;
    this.#data = read(storage);
  }

  /** The image to go on with for a label and the image in the address (which may lag behind), or null. */
  resume(label, addressed) {
    const { current, address } = this.#data;
    if (this.#data.label !== label || !current) return null;
    return addressed === undefined || addressed === String(address) || addressed === String(current.id) ? current : null;
  }

  keep(label, current, address) {
    this.#data = { ...this.#data, label, current, address };
    this.#save();
  }

  /** Remembers an answer: `{image, label, kind}`. */
  push(answer) {
    this.#data.history = [...this.#data.history, answer].slice(-HISTORY);
    this.#save();
  }

  /** The last answer, taken off. */
  pop() {
    const last = this.#data.history.pop() ?? null;
    this.#save();
    return last;
  }

  get last() {
    return this.#data.history.at(-1) ?? null;
  }

  #save() {
    try {
      this.#storage.setItem(KEY, JSON.stringify(this.#data));
    } catch {
      // Without room for it a reload starts with another image; nothing that was answered is lost.
    }
  }
}

function read(storage) {
  const fresh = { label: null, current: null, address: null, history: [] };
  try {
    return { ...fresh, ...JSON.parse(storage.getItem(KEY) ?? "{}") };
  } catch {
    return fresh;
  }
}
