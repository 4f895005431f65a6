import { h } from "../dom.js";
import { count, plural, title } from "../format.js";
import { effect, perHour, withEffects } from "./tally.js";

const PATIENCE = 5000;
const SPLITS = [["train", "train"], ["val", "val"], ["test", "test (held out)"], ["none", "no split yet"]];

/** The line at the bottom: what is labeled, in which splits, how fast, what is unsaved. */
export class Progress {
  #element;
  #outbox;
  #stats = null;
  #effects = new Map();
  #times = [];
  #acknowledged = 0;
  #refreshed = 0;

  constructor(element, outbox, onAcknowledged) {
    this.#element = element;
    this.#outbox = outbox;
    outbox.addEventListener("acknowledged", ({ detail }) => {
      this.#settle(detail.entry);
      onAcknowledged();
    });
    outbox.addEventListener("refused", ({ detail }) => this.#effects.delete(detail.entry.params.event_id));
  }

  /** The names of the labels, in the server's order. */
  get labels() {
    return this.#stats === null ? [] : Object.keys(this.#stats.labels);
  }

  get total() {
    return this.#stats?.total ?? null;
  }

  /** How many images may be asked about: all but those that are held out. */
  get askable() {
    return this.#stats === null ? 0 : this.#stats.total - this.#stats.splits.test;
  }

  /** How many of them still lack a label, as the server counts. */
  open(label) {
    return this.#stats?.progress?.[label]?.open ?? 0;
  }

  /** Counts a write at once. */
  count(entry) {
    this.#effects.set(entry.params.event_id, effect(entry));
    if (entry.method === "labels.set") this.#times.push(Date.now() / 1000);
    if (this.#times.length > 1000) this.#times.splice(0, 500);
  }

  /** Asks the server; an answer that was overtaken by a write may be off by it and waits, but not for long. */
  async refresh(stats) {
    const before = this.#acknowledged;
    const fresh = await stats();
    const now = Date.now();
    if (before !== this.#acknowledged && now - this.#refreshed < PATIENCE) return;
    if (this.#stats === null) {
      // Not earlier: by now it is known which of the kept writes are of this database.
      for (const entry of this.#outbox.entries) this.#effects.set(entry.params.event_id, effect(entry));
    }
    this.#stats = fresh;
    this.#refreshed = now;
  }

  render(label, unsaved) {
    if (this.#stats === null) return;
    const stats = withEffects(this.#stats, [...this.#effects.values()]);
    const asked = stats.labels[label] ?? { labeled: 0, yes: 0 };
    const askable = this.askable;
    const share = askable > 0 ? Math.min(1, asked.labeled / askable) : 0;
    const speed = perHour(this.#times, Date.now() / 1000);
    const bar = h("div", { class: "meter", "aria-hidden": "true" }, h("div", { class: "meter-fill" }));
    bar.firstChild.style.transform = `scaleX(${share})`;
    this.#element.replaceChildren(bar, h("p", { class: "counts" },
      ...Object.entries(stats.labels).map(([name, counts]) => labeled(name, counts, askable, name === label)),
      ...SPLITS.map(([name, text]) => split(name, text, stats.splits[name])),
      stats.skipped > 0 ? item("skipped", `skipped ${count(stats.skipped)}`) : null,
      stats.straddling_studies > 0 ? item("straddling", `⚠ ${plural(stats.straddling_studies, "study", "studies")} on both sides of a split`) : null,
      speed === null ? null : item("speed", `${count(speed)} per hour`),
      unsaved > 0 ? h("span", { class: "unsaved" }, `${count(unsaved)} unsaved`) : null));
  }

  #settle(entry) {
    this.#acknowledged += 1;
    const done = this.#effects.get(entry.params.event_id);
    this.#effects.delete(entry.params.event_id);
    if (done && this.#stats) this.#stats = withEffects(this.#stats, [done]);
  }
}

function labeled(name, counts, total, current) {
  return h("span", { class: current ? "count current" : "count", "data-label": name },
    `${title(name)} `, h("b", {}, `${count(counts.labeled)} / ${count(total)}`), ` · ${count(counts.yes)} yes`);
}

function split(name, text, n) {
  return h("span", { class: "count split", "data-split": name }, `${text} `, h("b", {}, count(n)));
}

function item(name, text) {
  return h("span", { class: `count ${name}` }, text);
}
