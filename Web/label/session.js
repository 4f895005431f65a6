const KEY = "holdfast.label";
const HISTORY = 50;

/**
 * What a reload of this tab must find again: the image that is asked about, and what was answered before it. In another
 * database than the one it was kept for, the same ids mean other images: there it starts afresh.
 */
export class LabelSession {
  #storage;
  #database;
  #kept;

  /** `database` tells the id of the database that is served, null where the server tells none. */
  constructor(storage, database = () => null) {
    this.#storage = storage;
    this.#database = database;
    this.#kept = read(storage);
  }

  get #data() {
    const database = this.#database();
    if (this.#kept.database !== database) this.#kept = { ...fresh(), database };
    return this.#kept;
  }

  /** The image to go on with for a label and the image in the address (which may lag behind), or null. */
  resume(label, addressed) {
    const { current, address } = this.#data;
    if (this.#data.label !== label || !current) return null;
    return addressed === undefined || addressed === String(address) || addressed === String(current.id) ? current : null;
  }

  keep(label, current, address) {
    this.#kept = { ...this.#data, label, current, address };
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
  try {
    return { ...fresh(), ...JSON.parse(storage.getItem(KEY) ?? "{}") };
  } catch {
    return fresh();
  }
}

function fresh() {
  return { database: null, label: null, current: null, address: null, history: [] };
}
