import { call, callLeaving, connection, picture, sized } from "../api.js";
import { h, isOnButton, isTyping, setText } from "../dom.js";
import { count, plural, title } from "../format.js";
import { chooseLabel, episodeLink, noImages, showEpisode } from "../label/view.js";
import { eventID, imagesOf } from "../outbox.js";
import { empty, failure, loading } from "../states.js";
import { GridPage } from "./page.js";

const SIZES = [5, 6, 7, 8, 9, 10];
const STRATEGIES = ["mixed", "balanced", "hunt", "uncertain", "surprise", "diverse", "random"];
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const THUMBNAIL = 256;
/** How long to wait for a picture that did not come before it is asked for again, in milliseconds. */
const RETRY = 2000;

/** Many images at once: everything is "no" until it is marked; one key sends the page and brings the next. */
export class GridRoom {
  keys = [
    ["← → ↑ ↓", "Move"], ["space", "Mark or unmark (yes)"], ["shift ←", "Mark a range"],
    ["enter", "Send the page: marked is yes, the rest no"], ["n", "Mark nothing"],
  ];
  #visible = false;
  /** Counts the loads, so that one that was overtaken changes nothing that is shown. */
  #turn = 0;
  #page = null;
  #next = null;
  #brush = null;
  /** The images whose pictures can't be shown: they are not asked about again. */
  #unseen = new Set();
  /** True on a server without images. */
  #isEmpty = false;
  #onKey = (event) => this.#key(event);

  constructor(shell) {
    this.shell = shell;
    this.leases = eventID();
    this.label = null;
    this.question = h("h1", { class: "question" }, " ");
    this.labels = h("select", { "aria-label": "Label that is asked", change: (event) => this.#go({ label: event.target.value }) });
    this.strategy = h("select", { "aria-label": "How images are chosen", change: (event) => this.#go({ strategy: event.target.value }) },
      ...STRATEGIES.map((name) => h("option", { value: name }, title(name))));
    this.size = h("input", { type: "range", min: SIZES[0], max: SIZES.at(-1), step: 1, "aria-label": "Images per row", change: (event) => this.#go({ size: event.target.value }) });
    this.info = h("p", { class: "muted", role: "status" });
    this.cells = h("div", {
      class: "cells", role: "listbox", "aria-multiselectable": "true", "aria-label": "Images", tabindex: "0",
      pointerdown: (event) => this.#press(event),
      pointerover: (event) => this.#paint(event),
    });
    this.state = h("div", { class: "grid-state" });
    this.send = h("button", { type: "button", class: "primary", click: () => this.commit() }, h("kbd", { "aria-hidden": "true" }, "enter"), " Send the page");
    this.episode = episodeLink();
    this.element = h("section", { class: "grid-room", "aria-label": "Grid" },
      h("div", { class: "ask" }, this.question, this.info, h("span", { class: "spacer" }),
        h("label", { class: "muted" }, "Size ", this.size), this.strategy, this.labels),
      h("div", { class: "grid-body" }, this.cells, this.state),
      h("div", { class: "reply" }, this.send,
        h("button", { type: "button", click: () => this.#clear() }, "Mark nothing"),
        h("p", { class: "muted" }, "Click, paint or press space on what is a yes."), this.episode));
    addEventListener("pointerup", () => (this.#brush = null));
    addEventListener("pagehide", () => this.#release());
  }

  async show(route) {
    this.route = route;
    if (!this.#visible) document.addEventListener("keydown", this.#onKey);
    this.#visible = true;
    const columns = SIZES.includes(Number(route.size)) ? Number(route.size) : 6;
    const strategy = STRATEGIES.includes(route.strategy) ? route.strategy : "mixed";
    const isSame = this.columns === columns && this.chosen === strategy && (route.label ?? this.label) === this.label && this.#page;
    this.columns = columns;
    this.chosen = strategy;
    this.size.value = String(columns);
    this.strategy.value = strategy;
    if (isSame) return;
    await this.#begin(route.label);
  }

  hide() {
    this.#visible = false;
    this.#turn++;
    document.removeEventListener("keydown", this.#onKey);
    this.#release();
    this.#page = this.#next = null;
  }

  connectionChanged() {
    if (connection.live && this.#visible && !this.#page) this.#begin(this.route.label);
  }

  labelsChanged() {
    if (this.#visible && this.#isEmpty) this.#begin(this.label);
  }

  /** Sends the page behind the annotator's back, and shows the next one, which is there already. */
  commit() {
    const page = this.#page;
    if (!page) return;
    if (this.#isLoading) {
      // What is not seen must not become a "no".
      this.shell.notice("Not sent: pictures are still on their way.");
      return;
    }
    const sets = page.answers(this.label, eventID);
    if (sets.length > 0) this.shell.outbox.add("labels.set_many", { sets, annotator: this.shell.annotator });
    const taken = connection.live === false ? "kept here" : "taken";
    setText(this.info, `${plural(sets.length, "answer")} ${taken}, ${page.marked.size} yes`);
    for (const place of page.failed) this.#unseen.add(page.images[place].id);
    if (page.failed.size > 0) this.shell.notice(`${plural(page.failed.size, "image")} got no answer: the pictures can't be shown.`);
    this.#page = null;
    this.#advance();
  }

  #go(changes) {
    this.shell.navigate({ room: "grid", label: this.label, strategy: this.chosen, size: this.columns, ...changes }, { replace: true });
  }

  async #begin(wanted) {
    const turn = ++this.#turn;
    this.#release();
    this.#page = this.#next = null;
    this.#showState(loading("images"));
    try {
      const { labels, total } = await call("labels.stats");
      if (turn !== this.#turn) return;
      this.#isEmpty = total === 0;
      const names = Object.keys(labels);
      this.label = chooseLabel(wanted, names, (text) => this.shell.notice(text));
      this.labels.replaceChildren(...names.map((name) => h("option", { value: name }, title(name))));
      this.labels.value = this.label;
      this.labels.hidden = names.length < 2;
      setText(this.question, `${title(this.label)}?`);
      this.shell.remember({ label: this.label });
      await this.#advance();
    } catch (error) {
      if (turn === this.#turn) this.#showState(failure("The images did not come", error, () => this.#begin(wanted)));
    }
  }

  async #advance() {
    const turn = this.#turn;
    const isCurrent = () => turn === this.#turn;
    try {
      const images = this.#next ?? (await this.#fetch([]));
      this.#next = null;
      if (!isCurrent()) return;
      if (images.length === 0) {
        this.#showState(this.#isEmpty ? noImages() : empty(`Nothing left to ask about “${title(this.label)}”`, this.#doneText));
        return;
      }
      this.#page = new GridPage(images, this.columns);
      this.#showState(null);
      this.#draw();
      const next = await this.#fetch(images.map(({ id }) => id)).catch(() => null);
      if (!isCurrent()) return;
      this.#next = next;
      for (const { thumbnail } of next ?? []) if (thumbnail) new Image().src = sized(thumbnail, THUMBNAIL);
    } catch (error) {
      if (isCurrent()) this.#showState(failure("The images did not come", error, () => this.#advance()));
    }
  }

  async #fetch(held) {
    const unsent = this.shell.outbox.entries.flatMap(imagesOf);
    const { images } = await call("labels.next", {
      limit: this.columns * this.columns, label: this.label, strategy: this.chosen,
      annotator: this.shell.annotator, session: this.leases, exclude: [...new Set([...held, ...unsent, ...this.#unseen])].slice(0, 10_000),
    });
    return images;
  }

  get #doneText() {
    const unseen = this.#unseen.size > 0 ? ` ${plural(this.#unseen.size, "image was", "images were")} left out: the pictures can't be shown.` : "";
    return `Every image has an answer, was skipped, or is with another annotator.${unseen}`;
  }

  /** Whether there are pictures of the page that have neither come nor failed. */
  get #isLoading() {
    return [...this.cells.querySelectorAll("img")].some((image) => !image.complete || image.naturalWidth === 0);
  }

  #release() {
    callLeaving("labels.release", { annotator: this.shell.annotator, session: this.leases });
  }

  #draw() {
    const page = this.#page;
    this.cells.style.setProperty("--columns", String(page.columns));
    this.cells.replaceChildren(...page.images.map((image, place) =>
      h("div", { class: "cell", role: "option", "data-place": place, "data-id": image.id, "aria-label": image.filename },
        image.thumbnail ? this.#thumbnail(page, place) : h("span", { class: "muted" }, image.filename))));
    this.cells.focus({ preventScroll: true });
    this.#render();
  }

  /** A picture that asks the server why it did not come, and gives its place up where it never will. */
  #thumbnail(page, place) {
    const url = sized(page.images[place].thumbnail, THUMBNAIL);
    const image = h("img", { src: url, alt: "", draggable: "false", error: async () => {
      const error = await picture(url).then(() => null, (reason) => reason);
      if (this.#page !== page) return;
      if (error?.final) this.#fail(image.parentElement, place, error.message);
      else setTimeout(() => (image.src = url), RETRY);
    } });
    return image;
  }

  #fail(cell, place, reason) {
    const { filename } = this.#page.images[place];
    this.#page.fail(place);
    cell.classList.add("failed");
    cell.title = reason;
    cell.setAttribute("aria-label", `${filename}, can't be shown`);
    cell.setAttribute("aria-disabled", "true");
    cell.replaceChildren(h("span", { class: "muted" }, "can't be shown"));
    this.#render();
  }

  #render() {
    const page = this.#page;
    for (const [place, cell] of [...this.cells.children].entries()) {
      const marked = page.marked.has(place);
      cell.classList.toggle("marked", marked);
      cell.classList.toggle("cursor", place === page.cursor);
      cell.setAttribute("aria-selected", String(marked));
    }
    showEpisode(this.episode, page.images[page.cursor]);
    setText(this.info, [`${count(page.images.length)} images`, `${count(page.marked.size)} marked`, leftOut(page)].filter(Boolean).join(", "));
  }

  #clear() {
    if (!this.#page) return;
    this.#page.marked.clear();
    this.#render();
  }

  #place(event) {
    const cell = event.target instanceof Element ? event.target.closest(".cell") : null;
    return cell && this.#page ? Number(cell.dataset.place) : null;
  }

  #press(event) {
    const place = this.#place(event);
    if (place === null || event.button !== 0) return;
    event.preventDefault();
    this.cells.focus({ preventScroll: true });
    if (event.shiftKey) {
      this.#page.mark(this.#page.anchor, place);
      this.#page.cursor = place;
    } else {
      this.#page.toggle(place);
      this.#brush = this.#page.marked.has(place);
    }
    this.#render();
  }

  #paint(event) {
    const place = this.#place(event);
    if (place === null || this.#brush === null) return;
    this.#page.paint(place, this.#brush);
    this.#render();
  }

  #key(event) {
    if (!this.#page || event.ctrlKey || event.metaKey || event.altKey || isTyping(event)) return;
    if (isOnButton(event) && (event.key === " " || event.key === "Enter")) return;
    const arrow = ARROWS[event.key];
    if (arrow) this.#page.move(...arrow, { extend: event.shiftKey });
    else if (event.key === " " && !event.repeat) this.#page.toggle(this.#page.cursor);
    else if (event.key === "n" && !event.repeat) this.#page.marked.clear();
    else if (event.key === "Enter" && !event.repeat) {
      event.preventDefault();
      this.commit();
      return;
    } else return;
    event.preventDefault();
    this.#render();
  }

  #showState(element) {
    this.state.replaceChildren(...(element ? [element] : []));
    this.cells.hidden = element !== null;
    this.send.disabled = element !== null;
  }
}

/** How many images of a page get no answer, and why; null where all do. */
function leftOut({ failed }) {
  return failed.size > 0 ? `${count(failed.size)} left out: can't be shown` : null;
}
