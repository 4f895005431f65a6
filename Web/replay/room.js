import { debounce, h } from "../dom.js";
import { poll } from "../poll.js";
import { empty } from "../states.js";
import { EpisodeList } from "./list.js";
import { Player } from "./player.js";

/** The episodes on the left, the player of the chosen one on the right. */
export class ReplayRoom {
  keys = [
    ["space", "Play, stop"], ["← →", "Step back, step on"], ["shift ←", "Ten back (shift →: ten on)"], ["home end", "First, last step"],
    ["[ ]", "Slower, faster"], ["l", "Loop"], ["w", "Follow a running episode"], ["↑ ↓", "Between the rows of the list"],
  ];
  #poll = null;

  constructor(shell) {
    this.list = new EpisodeList(shell);
    this.player = new Player(shell);
    this.hint = empty("No episode is chosen", "Choose one from the list; the address then leads to it, step by step.");
    this.element = h("section", { class: "replay-room", "aria-label": "Replay" }, this.list.element, h("div", { class: "replay-pane" }, this.hint, this.player.element));
  }

  show(route) {
    const isOpen = route.episode !== undefined;
    this.element.classList.toggle("has-episode", isOpen);
    this.hint.hidden = isOpen;
    this.player.element.hidden = !isOpen;
    this.list.show(route);
    this.player.show(route);
    this.#poll ??= poll(() => this.list.refresh(), 10);
  }

  hide() {
    this.player.hide();
    this.#soon.cancel();
    this.#poll?.stop();
    this.#poll = null;
  }

  connectionChanged() {
    this.#poll?.now();
  }

  runsChanged() {
    this.#soon();
  }

  #soon = debounce(() => this.#poll?.now(), 500);
}
