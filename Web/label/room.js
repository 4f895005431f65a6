import { call, connection, thumbnailURL } from "../api.js";
import { debounce, isOnButton, isTyping, setText } from "../dom.js";
import { title } from "../format.js";
import { poll } from "../poll.js";
import { wholeNumber } from "../route.js";
import { empty, failure, loading } from "../states.js";
import { Easel } from "./easel.js";
import { Progress } from "./progress.js";
import { Queue } from "./queue.js";
import { LabelSession } from "./session.js";
import { flash, labelView, showLabels } from "./view.js";

const IMPORT = "holdfast import path/to/pictures";
const MOST_EXCLUDED = 10_000;
const ANSWERS = { 1: "yes", ArrowRight: "yes", 0: "no", ArrowLeft: "no", " ": "skip" };
const WORDS = { yes: "✓ Yes", no: "✕ No", skip: "Skipped" };
const now = () => Date.now() / 1000;

/** One image, one question, one key; what is pressed shows at once and is sent behind the annotator's back. */
export class LabelRoom {
  keys = [
    ["1 →", "Yes"], ["0 ←", "No"], ["space", "Skip: ask about another image"], ["u", "Undo the last answer"],
    ["+ −", "Zoom (or the wheel); drag to move"], ["f", "Fit the picture again"],
  ];
  #visible = false;
  #refilling = false;
  #poll = null;
  #onKey = (event) => this.#key(event);

  constructor(shell) {
    this.shell = shell;
    this.label = null;
    this.session = new LabelSession(sessionStorage);
    this.easel = new Easel({ onReady: (image) => (this.element.dataset.image = image?.id ?? "") });
    this.view = labelView({
      stage: this.easel.stage,
      onAnswer: (kind) => this.answer(kind),
      onUndo: () => this.undo(),
      onHelp: () => shell.showKeys(),
      onLabel: (label) => shell.navigate({ room: "label", label }),
    });
    this.element = this.view.element;
    this.progress = new Progress(this.view.progress, shell.outbox, () => this.#refreshSoon());
    shell.outbox.addEventListener("change", () => this.#renderProgress());
    addEventListener("resize", debounce(() => this.#visible && this.#prefetch(), 300));
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

  /** Leases belong to a name: under another one the images are asked for again. */
  annotatorChanged() {
    this.#choose(this.label);
    this.#poll.now();
  }

  /** Brings counts and images up to date; what fails shows only where there is nothing to work on. */
  async refresh() {
    try {
      await this.progress.refresh(() => call("labels.stats"));
      if (this.label === null) this.#choose(this.shell.route.label);
      this.queue.dropStale(now());
      await this.#refill();
    } catch (error) {
      if (!this.queue?.current) this.#showFailure(error);
    }
    this.#renderProgress();
  }

  answer(kind) {
    const image = this.queue?.current;
    if (!image || !this.easel.ready) return;
    const common = { id: image.id, annotator: this.shell.annotator };
    const entry = kind === "skip"
      ? this.shell.outbox.add("labels.skip", common)
      : this.shell.outbox.add("labels.set", { ...common, labels: { [this.label]: kind === "yes" ? 1 : 0 } });
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
    if (this.shell.outbox.size > 0 || !this.queue) return;
    try {
      const { id } = await call("labels.undo", { annotator: this.shell.annotator });
      this.queue.bringBack(await this.#find(id), now());
      this.#moved("undo", "Taken back: the answer before this visit");
      this.#refreshSoon();
    } catch (error) {
      this.shell.notice(error.kind === "not_found" ? "There is nothing to undo." : `Not undone: ${error.message}`);
    }
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
    if (key in ANSWERS) return () => this.answer(ANSWERS[key]);
    if (key === "u" || key === "U") return () => this.undo();
    if (key === "+" || key === "=") return () => this.easel.stage.zoom(1.5);
    if (key === "-") return () => this.easel.stage.zoom(1 / 1.5);
    return key === "f" ? () => this.easel.stage.fit() : null;
  }

  #choose(wanted) {
    const names = this.progress.labels;
    this.label = names.includes(wanted) ? wanted : (names[0] ?? null);
    this.queue = new Queue();
    if (this.label === null) return;
    const resumed = this.session.resume(this.label, this.addressed);
    this.queue.exclude(this.shell.outbox.entries.filter((entry) => this.#answers(entry)).map(({ params }) => params.id));
    if (resumed) this.queue.bringBack(resumed, now());
    showLabels(this.view.labels, names, this.label);
    setText(this.view.question, `${title(this.label)}?`);
    if (this.#visible) this.shell.remember({ label: this.label });
    this.#render();
  }

  #answers({ method, params }) {
    return method === "labels.skip" || (method === "labels.set" && this.label in params.labels);
  }

  async #refill() {
    const { queue, label } = this;
    if (label === null || this.#refilling) return;
    const addressed = wholeNumber(this.addressed, null);
    this.addressed = undefined;
    if (addressed !== null && !queue.current) queue.bringBack(await this.#find(addressed), now());
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
      const unsent = this.shell.outbox.entries.map(({ params }) => params.id);
      const exclude = [...new Set([...queue.held, ...unsent])].slice(0, MOST_EXCLUDED);
      const { images } = await call("labels.next", { limit, label, annotator: this.shell.annotator, exclude });
      queue.accept(images, now());
    } finally {
      this.#refilling = false;
    }
  }

  /** An image of which only the id is known. */
  async #find(id) {
    const { images } = await call("labels.list", { where: { id }, limit: 1 }).catch(() => ({ images: [] }));
    return { id, filename: images[0]?.filename ?? `image ${id}`, study_id: images[0]?.study_id ?? null, thumbnail: thumbnailURL(id) };
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
    setText(this.view.file, fileText(image));
    this.easel.show(image);
    this.session.keep(this.label, image, this.shell.route.image);
    this.#saveAddress();
  }

  #showNothing() {
    if (this.progress.total === 0) {
      this.#showState(empty("No images yet", "Bring in a folder of PNG pictures, or an HDF5 file; they appear here by themselves.", IMPORT));
      return;
    }
    this.#showState(empty(`Nothing left to ask about “${title(this.label)}”`,
      "Every image that may be asked about has an answer, was skipped, or is with another annotator. New images appear here by themselves."));
  }

  #showFailure(error) {
    const heading = error.kind === "unreachable" ? "No server" : "The images did not come";
    this.#showState(failure(heading, error, () => this.#poll.now()));
  }

  #showState(element) {
    this.view.state.replaceChildren(...(element ? [element] : []));
    this.view.work.classList.toggle("away", element !== null);
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
  return [image.study_id, image.filename, frame].filter(Boolean).join(" · ");
}
