import { call, callLeaving, connection } from "../api.js";
import { h, isOnButton, isTyping, setText } from "../dom.js";
import { count, plural, title } from "../format.js";
import { keymap } from "../help.js";
import { Easel } from "../label/easel.js";
import { answerKeys, chooseLabel, flash, labelView, showEpisode, showKeys, showLabels } from "../label/view.js";
import { eventID, imagesOf } from "../outbox.js";
import { empty, failure, loading } from "../states.js";
import { QUEUES } from "./queues.js";

/** Queues of images that need another look; the same keys as in the label room. */
export class ReviewRoom {
  get keys() {
    return answerKeys(keymap);
  }

  #visible = false;
  /** Counts the loads, so that one that was overtaken changes nothing that is shown. */
  #turn = 0;
  #items = [];
  #done = [];
  #onKey = (event) => this.#key(event);

  constructor(shell) {
    this.shell = shell;
    this.leases = eventID();
    this.label = null;
    this.easel = new Easel({ onReady: (image) => (this.element.dataset.image = image?.id ?? "") });
    this.view = labelView({
      stage: this.easel.stage,
      onAnswer: (kind) => this.answer(kind),
      onUndo: () => this.undo(),
      onHelp: () => shell.showKeys(),
      onLabel: (label) => this.#go({ label }),
    });
    this.tabs = h("nav", { class: "queues", "aria-label": "Queues" });
    this.view.element.prepend(this.tabs);
    this.view.element.setAttribute("aria-label", "Review");
    this.element = this.view.element;
    this.keysChanged();
    addEventListener("pagehide", () => this.#release());
  }

  async show(route) {
    if (!this.#visible) document.addEventListener("keydown", this.#onKey);
    this.#visible = true;
    this.wanted = route.label;
    const queue = QUEUES.find(({ name }) => name === route.queue) ?? QUEUES[0];
    const isSame = this.queue === queue && (route.label ?? this.label) === this.label && this.#items.length > 0;
    this.queue = queue;
    if (!isSame) await this.#begin(route.label);
  }

  hide() {
    this.#visible = false;
    this.#turn++;
    this.#release();
    this.#items = [];
    document.removeEventListener("keydown", this.#onKey);
  }

  keysChanged() {
    showKeys(this.view, keymap);
  }

  connectionChanged() {
    if (connection.live && this.#visible && this.#items.length === 0) this.#begin(this.label ?? this.wanted);
  }

  answer(kind) {
    const item = this.#items[0];
    if (!item || !this.easel.ready) return;
    if (kind !== "skip" && this.easel.unseen) {
      this.shell.notice("Not answered: the picture can't be shown. Skip it, and tell who runs the server.");
      return;
    }
    if (kind !== "skip") {
      this.shell.outbox.add("labels.set", {
        id: item.image.id, annotator: this.shell.annotator,
        labels: { [this.label]: kind === "yes" ? 1 : 0 }, ...this.queue.params,
      });
      this.#done.push(item);
    }
    const told = kind !== "skip" && item.told && !this.queue.isBlind ? ` (${item.told})` : "";
    this.#items.shift();
    flash(this.view, kind);
    setText(this.view.last, kind === "skip" ? "Passed over" : `${kind === "yes" ? "✓ Yes" : "✕ No"}: ${item.image.filename}${told}`);
    this.#render();
  }

  undo() {
    const item = this.#done.pop();
    if (!item) {
      this.shell.notice("There is nothing to undo in this queue.");
      return;
    }
    this.shell.outbox.add("labels.undo", { id: item.image.id, annotator: this.shell.annotator });
    this.#items.unshift(item);
    flash(this.view, "undo");
    setText(this.view.last, `Taken back: ${item.image.filename}`);
    this.#render();
  }

  #go(changes) {
    this.shell.navigate({ room: "review", queue: this.queue.name, label: this.label, ...changes });
  }

  async #begin(wanted) {
    this.#release();
    this.#items = [];
    this.#done = [];
    setText(this.view.last, "");
    this.#showState(loading("the queue"));
    const turn = ++this.#turn;
    const { queue } = this;
    try {
      const stats = await call("labels.stats");
      if (turn !== this.#turn) return;
      const names = Object.keys(stats.labels);
      this.label = chooseLabel(wanted, names, (text) => this.shell.notice(text));
      showLabels(this.view.labels, names, this.label);
      setText(this.view.question, `${title(this.label)}?`);
      this.shell.remember({ queue: queue.name, label: this.label });
      const disputed = (await call("labels.agreement", { label: this.label })).disagreements;
      if (turn !== this.#turn) return;
      this.#showTabs({ disagreements: disputed, holdout: stats.splits.test - stats.holdout_labeled });
      const items = await queue.load(this.label, this.shell, this.leases);
      if (turn !== this.#turn) return;
      const unsent = new Set(this.shell.outbox.entries.flatMap(imagesOf));
      this.#items = items.filter(({ image }) => !unsent.has(image.id));
      this.#render();
    } catch (error) {
      if (turn === this.#turn) this.#showState(failure("The queue did not come", error, () => this.#begin(wanted)));
    }
  }

  #showTabs(counts) {
    this.tabs.replaceChildren(...QUEUES.map(({ name, title: text }) =>
      h("a", { href: `/?room=review&queue=${name}&label=${this.label}`, "aria-current": name === this.queue.name ? "page" : null },
        text, counts[name] > 0 ? h("b", {}, ` ${count(counts[name])}`) : null)));
    // On a phone.
    this.tabs.querySelector("[aria-current]").scrollIntoView({ block: "nearest", inline: "center" });
  }

  #render() {
    const item = this.#items[0];
    if (!item) {
      this.easel.clear();
      const state = empty(`Nothing in “${this.queue.title}”`, this.queue.explains);
      state.append(h("button", { type: "button", click: () => this.#begin(this.label) }, "Look again"));
      this.#showState(state);
      return;
    }
    this.#showState(null);
    const { image } = item;
    const left = this.#items.length > 1 ? `${plural(this.#items.length - 1, "more", "more")}` : "the last one";
    setText(this.view.file, [image.study_id, image.filename, left].filter(Boolean).join(" · "));
    showEpisode(this.view.episode, image);
    this.easel.show(image);
    this.easel.prefetch(this.#items.slice(0, 20).map((each) => each.image));
  }

  #release() {
    callLeaving("labels.release", { annotator: this.shell.annotator, session: this.leases });
  }

  #key(event) {
    if (event.repeat || event.ctrlKey || event.metaKey || event.altKey || isTyping(event)) return;
    if (event.key === " " && isOnButton(event)) return;
    const action = keymap.action(event.key);
    if (action === null) return;
    event.preventDefault();
    if (action === "undo") this.undo();
    else this.answer(action);
  }

  #showState(element) {
    this.view.state.replaceChildren(...(element ? [element] : []));
    this.view.work.classList.toggle("blank", this.label === null);
  }
}
