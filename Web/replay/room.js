import { call } from "../api.js";
import { debounce, h } from "../dom.js";
import { poll } from "../poll.js";
import { empty, failure, loading } from "../states.js";
import { EpisodeList } from "./list.js";
import { Player } from "./player.js";

/** The episodes on the left, the player of the chosen one on the right. */
export class ReplayRoom {
  keys = [
    ["space", "Play, stop"], ["← →", "Step back, step on"], ["shift ←", "Ten back (shift →: ten on)"], ["home end", "First, last step"],
    ["[ ]", "Slower, faster"], ["+ −", "Larger, smaller frame"], ["f", "Fit the frame"], ["l", "Loop"], ["w", "Follow a running episode"], ["↑ ↓", "Between the rows of the list"],
  ];
  #poll = null;

  constructor(shell) {
    this.list = new EpisodeList(shell);
    this.player = new Player(shell);
    this.shell = shell;
    this.hint = noEpisode();
    this.element = h("section", { class: "replay-room", "aria-label": "Replay" }, this.list.element, h("div", { class: "replay-pane" }, this.hint, this.player.element));
  }

  show(route) {
    if (route.ref !== undefined) {
      this.list.show(route);
      this.#find(route);
      return;
    }
    const isOpen = route.episode !== undefined;
    this.element.classList.toggle("has-episode", isOpen);
    this.hint.hidden = isOpen;
    this.player.element.hidden = !isOpen;
    this.list.show(route);
    this.player.show(route);
    this.#poll ??= poll(() => this.list.refresh(), 10);
  }

  /** Goes to the step that a frame belongs to. */
  async #find({ ref, ...route }) {
    const hint = (element) => {
      this.hint.replaceWith(element);
      this.hint = element;
    };
    this.player.element.hidden = true;
    hint(loading("the frame's episode"));
    try {
      const { steps: [step] } = await call("steps.find", { refs: [ref] });
      if (this.shell.route.ref !== ref || this.shell.route.room !== "replay") return;
      hint(step ? noEpisode() : empty("No step has this frame", `${ref} belongs to no step: it may have been taken out, or its run deleted.`));
      if (step) this.shell.navigate({ ...route, run: step.run_id, episode: step.episode_id, step: step.step_index }, { replace: true });
    } catch (error) {
      if (this.shell.route.ref === ref) hint(failure("The frame's episode did not come", error, () => this.#find({ ref, ...route })));
    }
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

function noEpisode() {
  return empty("No episode is chosen", "Choose one from the list; the address then leads to it, step by step.");
}
