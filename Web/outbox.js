/** How long to wait before the n-th resend, in milliseconds: random below a doubling cap. */
export function backoff(attempt, random = Math.random) {
  return Math.max(200, random() * Math.min(10_000, 500 * 2 ** attempt));
}

/** A random name for an event; `crypto.randomUUID` would exist on secure origins only. */
export function eventID() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * Writes on their way to the server, in order, one at a time. Each is in the browser's storage until the server has
 * acknowledged it, so neither a lost connection nor a reload loses one; its event_id makes a resend harmless.
 * What the token may not do is set aside: it stays in the storage and holds up only what must not overtake it.
 * What was made for another database than the one that is served stays there, too, until that one is back.
 * Says `change`, `acknowledged` (detail: entry, result), `refused` (detail: entry, error) and `stalled` (detail: error).
 */
export class Outbox extends EventTarget {
  #storage;
  #send;
  #database;
  #delay;
  #patience;
  #entries;
  #sequence = 0;
  #draining = false;
  #wake = null;
  /** Why entries are set aside; another token may do what this one may not, so a reload tries them again. */
  #aside = new Map();
  #setAsideAt = 0;

  /**
   * `database` tells the id of the database that is served, null while it is not known. `patience` is how long what was
   * set aside waits, in milliseconds, until the success of another write tries it again.
   */
  constructor({ storage, send, database = () => null, delay = backoff, patience = 60_000, prefix = "holdfast.outbox." }) {
    super();
    this.#storage = storage;
    this.#send = send;
    this.#database = database;
    this.#delay = delay;
    this.#patience = patience;
    this.prefix = prefix;
    this.#entries = stored(storage, prefix);
    /** False once the storage refused an entry: then what is unsent lives only as long as the page. */
    this.durable = true;
  }

  /** How many entries are on their way. */
  get size() {
    return this.#sendable.length;
  }

  /** The unsent entries of this database, oldest first. */
  get entries() {
    return this.#entries.filter((entry) => !this.#isForeign(entry));
  }

  /** How many entries are of another database. */
  get foreign() {
    return this.#entries.length - this.entries.length;
  }

  /** How many entries are set aside or wait behind one, and why: `{count, error}`; null where there are none. */
  get aside() {
    if (this.#aside.size === 0) return null;
    const { entries } = this;
    const error = entries.map(({ key }) => this.#aside.get(key)).find(Boolean);
    return error ? { count: entries.length - this.size, error } : null;
  }

  /** Entries of earlier versions name no database; those are of whichever is served. */
  #isForeign({ key, database }) {
    const served = this.#database();
    return this.#aside.get(key)?.kind === "other_database" || ((database ?? served) !== served && served !== null);
  }

  /** What may be sent, in order: all but what is set aside and later writes about the same things. */
  get #sendable() {
    if (this.#aside.size === 0) return this.entries;
    const waiting = new Set();
    return this.entries.filter(({ key, params }) => {
      const about = subjects(params);
      const waits = this.#aside.has(key) || about.some((each) => waiting.has(each));
      if (waits) for (const each of about) waiting.add(each);
      return !waits;
    });
  }

  /** Keeps a write and starts sending; `note` stays with the entry and is not sent. */
  add(method, params, note = null) {
    this.#sequence += 1;
    const at = Date.now();
    const order = `${String(at).padStart(15, "0")}-${String(this.#sequence).padStart(6, "0")}`;
    const event = params.event_id ?? eventID();
    const database = this.#database();
    const entry = { key: `${this.prefix}${order}-${event}`, at, method, params: { ...params, event_id: event }, note, ...(database ? { database } : {}) };
    try {
      this.#storage.setItem(entry.key, JSON.stringify(entry));
    } catch {
      this.durable = false;
    }
    this.#entries.push(entry);
    this.#say("change");
    this.drain();
    return entry;
  }

  /** Sends what is there; returns when nothing is left to send. A call while it runs only ends its waiting. */
  async drain() {
    if (this.#draining) {
      this.#wake?.();
      return;
    }
    this.#draining = true;
    for (let attempt = 0, [entry] = this.#sendable; entry; [entry] = this.#sendable) {
      attempt = (await this.#sendOne(entry)) ? 0 : attempt + 1;
      if (attempt > 0) await this.#pause(this.#delay(attempt));
    }
    this.#draining = false;
  }

  async #sendOne(entry) {
    let said;
    try {
      said = ["acknowledged", { entry, result: await this.#send(entry.method, entry.params, entry.database) }];
      if (Date.now() - this.#setAsideAt >= this.#patience) this.#release();
    } catch (error) {
      if (error.kind === "forbidden" || error.kind === "other_database") {
        this.#aside.set(entry.key, error);
        this.#setAsideAt = Date.now();
        this.#say("change");
        return true;
      }
      if (!error.final) {
        this.#say("stalled", { error });
        return false;
      }
      said = ["refused", { entry, error }];
    }
    this.#entries.splice(this.#entries.indexOf(entry), 1);
    this.#storage.removeItem(entry.key);
    this.#say(...said);
    this.#say("change");
    return true;
  }

  #release() {
    for (const [key, { kind }] of this.#aside) if (kind === "forbidden") this.#aside.delete(key);
  }

  #pause(milliseconds) {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  #say(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}

/** The images that a write is about. */
export function imagesOf({ params }) {
  return (params.sets ?? [params]).flatMap(({ id }) => id ?? []);
}

/** What the order of writes matters for: images, and the producer whose sequence numbers must not be overtaken. */
function subjects(params) {
  return [...imagesOf({ params }), ...(params.producer ? [params.producer] : [])];
}

function stored(storage, prefix) {
  const keys = [];
  for (let index = 0; index < storage.length; index += 1) {
    const key = storage.key(index);
    if (key.startsWith(prefix)) keys.push(key);
  }
  return keys.sort().flatMap((key) => {
    try {
      return [{ ...JSON.parse(storage.getItem(key)), key }];
    } catch {
      storage.removeItem(key);
      return [];
    }
  });
}
