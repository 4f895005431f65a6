import { call, callLeaving, connection } from "../api.js";
import { debounce, h, isOnButton, isTyping, setText } from "../dom.js";
import { plural, title } from "../format.js";
import { keymap } from "../help.js";
import { eventID, imagesOf } from "../outbox.js";
import { poll } from "../poll.js";
import { wholeNumber } from "../route.js";
import { empty, failure, loading } from "../states.js";
import { Easel } from "./easel.js";
import { Progress } from "./progress.js";
import { Queue } from "./queue.js";
import { LabelSession } from "./session.js";
import { Strip } from "./strip.js";
import { answerKeys, chooseLabel, flash, labelView, noImages, showEpisode, showKeys, showLabels } from "./view.js";

const MOST_EXCLUDED = 10_000;
const WORDS = { yes: "✓ Yes", no: "✕ No", skip: "Skipped" };
const now = () => Date.now() / 1000;

/** One image, one question, one key; what is pressed shows at once and is sent behind the annotator's back. */
export class LabelRoom {
  get keys() {
    return [...answerKeys(keymap), ...this.#viewKeys];
  }

  #viewKeys = [
    [", .", "Look at the image before or after in the study"],
    ["+ −", "Zoom (or the wheel); drag to move"], ["f", "Fit the picture again"],
  ];
  #visible = false;
  #refilling = false;
  #poll = null;
  #onKey = (event) => this.#key(event);

  constructor(shell) {
    this.shell = shell;
    this.label = null;
    this.session = new LabelSession(sessionStorage, () => connection.database);
    // Images are leased to this page, not to the name: another tab, and another name, get others.
    this.leases = eventID();
    this.easel = new Easel({ onReady: (image) => this.#drawn(image) });
    this.view = labelView({
      stage: this.easel.stage,
      onAnswer: (kind) => this.answer(kind),
      onUndo: () => this.undo(),
      onHelp: () => shell.showKeys(),
      onLabel: (label) => shell.navigate({ room: "label", label }),
    });
    this.element = this.view.element;
    this.strip = new Strip(this.view.strip, (image) => this.#look(image));
    this.looking = null;
    addEventListener("pagehide", () => callLeaving("labels.release", { annotator: this.shell.annotator, session: this.leases }));
    addEventListener("pageshow", (event) => event.persisted && this.#choose(this.label));
    shell.outbox.addEventListener("refused", ({ detail }) => this.#refused(detail.entry));
    this.progress = new Progress(this.view.progress, shell.outbox, () => this.#refreshSoon());
    shell.outbox.addEventListener("change", () => this.#renderProgress());
    addEventListener("resize", debounce(() => this.#visible && this.#prefetch(), 300));
    this.keysChanged();
    this.#showState(loading("images"));
  }

  show(route) {
    this.addressed = route.image;
    if (!this.#visible) {
      this.#visible = true;
      document.addEventListener("keydown", this.#onKey);
      this.#poll = poll(() => this.refresh(), 3);
    }
    if (this.label !== null && (route.label ?? this.label) !== this.label) this.#choose(route.label);
    if (this.queue?.current) this.#saveAddress();
    this.#poll.now();
  }

  hide() {
    this.#visible = false;
    this.#poll.stop();
    this.#saveAddress.cancel();
    document.removeEventListener("keydown", this.#onKey);
  }

  connectionChanged() {
    this.#renderProgress();
    if (connection.live && this.#visible) this.#poll.now();
  }

  /** The images stay: they are leased to this page, whoever sits in front of it. */
  annotatorChanged() {}

  keysChanged() {
    showKeys(this.view, keymap);
  }

  labelsChanged() {
    this.#refreshSoon();
  }

  /** Brings counts and images up to date; what fails shows only where there is nothing to work on. */
  async refresh() {
    try {
      await this.progress.refresh(() => call("labels.stats"));
      if (this.label === null) this.#choose(this.shell.route.label);
      this.queue.dropStale(now());
      await this.#refill();
    } catch (error) {
      if (this.queue && this.label !== null && connection.live === false && !this.queue.current) this.#showNothing();
      else if (!this.queue?.current) this.#showFailure(error);
    }
    this.#renderProgress();
  }

  answer(kind) {
    const image = this.queue?.current;
    if (!image || !this.easel.ready) return;
    if (this.looking) {
      // First back to what is asked about: nobody should answer for a picture that is not shown.
      this.#look(null);
      return;
    }
    if (kind !== "skip" && this.easel.unseen) {
      this.shell.notice("Not answered: the picture can't be shown. Skip it, and tell who runs the server.");
      return;
    }
    const spent = (performance.now() - this.shownAt) / 1000;
    const common = { id: image.id, annotator: this.shell.annotator };
    const entry = kind === "skip"
      ? this.shell.outbox.add("labels.skip", common)
      : this.shell.outbox.add("labels.set", {
        ...common,
        labels: { [this.label]: kind === "yes" ? 1 : 0 },
        time_spent: Math.round(spent * 1000) / 1000,
        ...(image.opinion ? { opinion: true } : {}),
      });
    this.progress.count(entry);
    this.session.push({ image, label: this.label, kind });
    this.queue.advance();
    this.#moved(kind, `${WORDS[kind]}: ${image.filename}`);
  }

  undo() {
    const last = this.session.pop();
    if (last === null) {
      this.#undoOnServer();
      return;
    }
    const undone = last.kind === "skip" ? null : { [last.label]: last.kind === "yes" ? 1 : 0 };
    this.progress.count(this.shell.outbox.add("labels.undo", { id: last.image.id, annotator: this.shell.annotator }, undone));
    if (last.label !== this.label) this.#choose(last.label);
    this.queue.bringBack(last.image, now());
    this.#moved("undo", `Taken back: ${last.image.filename}`);
  }

  /** This tab answered nothing yet: the annotator's last answer is the server's to know. */
  async #undoOnServer() {
    if (!this.queue) return;
    if (this.shell.outbox.size > 0) {
      this.shell.notice("Not undone: what was changed last is still on its way.");
      return;
    }
    try {
      const { id, changed } = await call("labels.undo", { annotator: this.shell.annotator, event_id: eventID() });
      const image = await this.#find(id);
      if (!changed.includes(this.label) && changed.length > 0) this.#choose(changed[0]);
      this.queue.bringBack(image, now());
      this.#moved("undo", "Taken back: the answer before this visit");
      this.#refreshSoon();
    } catch (error) {
      this.shell.notice(error.kind === "not_found" ? "There is nothing to undo." : `Not undone: ${error.message}`);
    }
  }

  /** Only the image that is asked about can be answered, and only once it is seen. */
  #drawn(image) {
    const isAsked = image !== null && image.id === this.queue?.current?.id;
    const id = isAsked ? String(image.id) : "";
    if (this.element.dataset.image === id) return;
    this.element.dataset.image = id;
    if (isAsked) this.shownAt = performance.now();
  }

  #moved(kind, said) {
    flash(this.view, kind);
    setText(this.view.last, said);
    this.#render();
    this.#renderProgress();
    setTimeout(() => {
      this.#prefetch();
      this.#refill().catch(() => {});
    });
  }

  #key(event) {
    if (event.repeat || event.ctrlKey || event.metaKey || event.altKey || isTyping(event)) return;
    if (event.key === " " && isOnButton(event)) return;
    const act = this.#action(event.key);
    if (!act) return;
    event.preventDefault();
    act();
  }

  #action(key) {
    const action = keymap.action(key);
    if (action !== null) return () => (action === "undo" ? this.undo() : this.answer(action));
    if (key === "," || key === ".") return () => this.#scrub(key === "," ? -1 : 1);
    if (key === "+" || key === "=") return () => this.easel.stage.zoom(1.5);
    if (key === "-") return () => this.easel.stage.zoom(1 / 1.5);
    return key === "f" || key === "F" ? () => this.easel.stage.fit() : null;
  }

  #choose(wanted) {
    const names = this.progress.labels;
    this.label = chooseLabel(wanted, names, (text) => this.shell.notice(text));
    this.queue = new Queue();
    if (this.label === null) return;
    const resumed = this.session.resume(this.label, this.addressed);
    this.queue.exclude(this.shell.outbox.entries.filter((entry) => this.#answers(entry)).flatMap(imagesOf));
    if (resumed) this.queue.bringBack(resumed, now());
    showLabels(this.view.labels, names, this.label);
    setText(this.view.question, `${title(this.label)}?`);
    if (this.#visible) this.shell.remember({ label: this.label });
    this.#render();
  }

  #answers({ method, params }) {
    if (method === "labels.set_many") return params.sets.some(({ labels }) => this.label in labels);
    return method === "labels.skip" || (method === "labels.set" && this.label in params.labels);
  }

  async #refill() {
    const { queue, label } = this;
    if (label === null || this.#refilling) return;
    const addressed = wholeNumber(this.addressed, null);
    this.addressed = undefined;
    if (addressed !== null && !queue.current) await this.#bring(addressed);
    const limit = queue.wanted;
    if (limit > 0) await this.#fetch(queue, label, limit);
    if (queue !== this.queue) {
      await this.#refill();
      return;
    }
    if (!queue.current) this.#showNothing();
    else if (!this.easel.ready) this.#render();
    this.#prefetch();
  }

  async #fetch(queue, label, limit) {
    this.#refilling = true;
    try {
      const unsent = this.shell.outbox.entries.flatMap(imagesOf);
      const exclude = [...new Set([...queue.held, ...unsent])].slice(0, MOST_EXCLUDED);
      // Near the end others want some, too.
      const fair = Math.min(limit, Math.max(4, Math.ceil(this.progress.open(label) / 4)));
      const { images } = await call("labels.next", {
        limit: fair, label, annotator: this.shell.annotator, session: this.leases, exclude,
      });
      queue.accept(images, now());
    } finally {
      this.#refilling = false;
    }
  }

  /** An image of which only the id is known, with the answer that it has. */
  async #find(id) {
    const { image, is_holdout: isHoldout, labels } = await call("labels.get", { id });
    return { ...image, isHoldout, answered: labels?.[this.label] ?? null };
  }

  /** Shows the image that the address asks for, or says why not. */
  async #bring(id) {
    try {
      const image = await this.#find(id);
      if (image.isHoldout) this.shell.notice(`Image ${id} is held out: it is not asked about here.`);
      else this.queue.bringBack(image, now());
    } catch (error) {
      if (error.kind !== "not_found") throw error;
      this.shell.notice(`There is no image ${id}.`);
    }
  }

  /** Shows another image of the study in the picture's place; null goes back to the one that is asked about. */
  #look(image) {
    const current = this.queue?.current;
    if (!current || this.looking === image) return;
    this.looking = image;
    this.element.classList.toggle("looking", image !== null);
    setText(this.view.file, image ? `only looking: ${fileText(image)}` : fileText(current));
    showEpisode(this.view.episode, image ?? current);
    this.easel.show(image ?? current);
  }

  #scrub(step) {
    const current = this.queue?.current;
    if (!current) return;
    const next = this.strip.neighbour((this.looking ?? current).id, step);
    if (next) this.#look(next.id === current.id ? null : next);
  }

  #refused({ params }) {
    if (this.session.last?.image.id === params.id) setText(this.view.last, `Not saved: ${this.session.last.image.filename}`);
  }

  #prefetch() {
    const { current, upcoming } = this.queue ?? {};
    if (!current) return;
    const last = this.session.last?.image;
    this.easel.prefetch([current, ...upcoming, ...(last ? [last] : [])]);
  }

  #render() {
    const image = this.queue.current;
    if (!image) {
      this.easel.clear();
      this.#showState(loading("images"));
      return;
    }
    this.#showState(null);
    this.looking = null;
    this.element.classList.remove("looking");
    setText(this.view.file, fileText(image));
    showEpisode(this.view.episode, image);
    this.easel.show(image);
    this.strip.show(image);
    this.session.keep(this.label, image, this.shell.route.image);
    this.#saveAddress();
  }

  #showNothing() {
    if (this.progress.total === 0) {
      this.#showState(noImages());
      return;
    }
    // A reload must not bring back the last image, which is answered.
    this.session.keep(this.label, null, null);
    if (connection.live === false) {
      this.#showState(empty("All pictures that are loaded here are answered",
        `${plural(this.shell.outbox.size, "change")} wait for the server; work goes on when it is back.`));
      return;
    }
    const open = this.progress.open(this.label);
    const text = open > 0
      ? `${plural(open, "image is", "images are")} with other annotators; what they do not answer comes here in a few minutes.`
      : "Every image has an answer or was skipped. New images appear here by themselves.";
    const state = empty(`Nothing left to ask about “${title(this.label)}”`, text);
    for (const name of this.progress.labels.filter((each) => each !== this.label && this.progress.open(each) > 0)) {
      state.append(h("button", { type: "button", class: "primary", click: () => this.shell.navigate({ room: "label", label: name }) },
        `Ask about ${title(name)} (${this.progress.open(name)} left)`));
    }
    this.#showState(state);
  }

  #showFailure(error) {
    const heading = error.kind === "unreachable" ? "No server" : "The images did not come";
    this.#showState(failure(heading, error, () => this.#poll.now()));
  }

  #showState(element) {
    this.view.state.replaceChildren(...(element ? [element] : []));
    this.view.work.classList.toggle("blank", this.label === null || this.progress.total === 0);
  }

  #renderProgress() {
    if (this.#visible) this.progress.render(this.label, this.shell.unsaved);
  }

  #refreshSoon = debounce(() => this.#visible && this.#poll.now(), 250);

  // Browsers limit how often an address may change, and a fast annotator is faster.
  #saveAddress = debounce(() => {
    const image = this.queue.current;
    this.shell.remember({ label: this.label, image: image?.id });
    this.session.keep(this.label, image, image?.id);
  }, 300);
}

function fileText(image) {
  const frame = image.frame_number === null || image.frame_number === undefined ? null : `frame ${image.frame_number}`;
  const study = image.study_id && !image.filename.startsWith(image.study_id) ? image.study_id : null;
  const answered = image.answered === null || image.answered === undefined ? null : `has an answer: ${image.answered ? "yes" : "no"}`;
  return [study, image.filename, frame, answered].filter(Boolean).join(" · ");
}
