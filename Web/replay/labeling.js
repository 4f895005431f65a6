import { h, setText } from "../dom.js";
import { eventID } from "../outbox.js";
import { formatRoute } from "../route.js";

/** Puts frames among the images to label, and says what became of them. */
export class FrameLabeling {
  #producer = null;

  constructor(outbox) {
    this.outbox = outbox;
    this.said = h("span", { class: "said muted", role: "status" });
    outbox.addEventListener("acknowledged", ({ detail }) => this.#acknowledged(detail));
  }

  clear() {
    this.said.replaceChildren();
  }

  /** Sends the frame of a step of a run's episode. */
  add(runID, episode, step) {
    if ((step?.frame_ref ?? null) === null) {
      setText(this.said, "There is no frame to label.");
      return;
    }
    // One row of writes per page: two pages must not share their numbers.
    this.#producer ??= { id: eventID().replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-"), seq: 0 };
    this.#producer.seq += 1;
    const image = {
      filename: `${runID}/${episode}/${step.step_index}`,
      study_id: `${runID}/${episode}`,
      frame_number: step.step_index,
      frame_ref: step.frame_ref,
    };
    this.outbox.add("images.insert", { producer: this.#producer.id, seq: this.#producer.seq, images: [image] });
    setText(this.said, `Step ${step.step_index} is on its way …`);
  }

  #acknowledged({ entry, result }) {
    if (entry.method !== "images.insert" || entry.params.producer !== this.#producer?.id) return;
    const step = entry.params.images[0].frame_number;
    const where = h("a", { href: formatRoute({ room: "label", image: result.ids[0] }) }, "Label it");
    this.said.replaceChildren(result.inserted > 0 ? `Step ${step} is among the images. ` : `Step ${step} was there already. `, where);
  }
}
