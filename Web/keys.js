const KEY = "holdfast.keys";
const STANDARD = { yes: "1", no: "0", skip: " ", undo: "u" };
const ALSO = { ArrowRight: "yes", ArrowLeft: "no" };
/** Keys that mean something else in a room, or leave a dialog. */
const TAKEN = ["?", "Escape", "Enter", "Tab", "+", "=", "-", "f", ",", ".", "ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown"];

/** The keys of the answers, which an annotator may change; they stay in the browser. */
export class Keymap {
  #storage;
  #keys;

  constructor(storage) {
    this.#storage = storage;
    this.#keys = { ...STANDARD, ...read(storage) };
  }

  /** What a pressed key means: yes, no, skip, undo, or null. */
  action(key) {
    const pressed = key.length === 1 ? key.toLowerCase() : key;
    return Object.keys(this.#keys).find((name) => this.#keys[name] === pressed) ?? ALSO[key] ?? null;
  }

  /** A key's name as it is shown. */
  shown(action) {
    return this.#keys[action] === " " ? "space" : this.#keys[action];
  }

  /** Gives an action another key; the action that had it gets the old one. False for a key that can't be had. */
  change(action, key) {
    const wanted = key.length === 1 ? key.toLowerCase() : key;
    if (TAKEN.includes(wanted)) return false;
    const other = Object.keys(this.#keys).find((name) => this.#keys[name] === wanted);
    if (other) this.#keys[other] = this.#keys[action];
    this.#keys[action] = wanted;
    try {
      this.#storage.setItem(KEY, JSON.stringify(this.#keys));
    } catch {
      // Without room for it the change lasts as long as the page.
    }
    return true;
  }

  reset() {
    this.#keys = { ...STANDARD };
    this.#storage.removeItem(KEY);
  }
}

function read(storage) {
  try {
    const kept = JSON.parse(storage.getItem(KEY) ?? "{}");
    return Object.fromEntries(Object.entries(kept).filter(([name, key]) => name in STANDARD && typeof key === "string" && key !== ""));
  } catch {
    return {};
  }
}
