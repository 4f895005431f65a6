import { call, sized, thumbnailURL } from "../api.js";
import { h } from "../dom.js";

const SIZE = 96;
const MOST = 200;

/** The other images of a study in a thin line; looking at one answers nothing. */
export class Strip {
  #element;
  #onLook;
  #study = null;
  #images = [];

  /** `onLook` is called with an image to show instead, and with null to go back to the question's. */
  constructor(element, onLook) {
    this.#element = element;
    this.#onLook = onLook;
    element.addEventListener("pointerleave", () => onLook(null));
  }

  /** Shows the study of an image; asks the server only when that is another one. */
  async show(image) {
    const study = image?.study_id ?? null;
    if (study !== this.#study) {
      this.#study = study;
      this.#images = [];
      this.#element.replaceChildren();
      if (study === null) return;
      const images = await neighbours(study).catch(() => []);
      if (study !== this.#study) return;
      this.#images = images;
      this.#element.replaceChildren(...(images.length > 1 ? images.map((each) => this.#button(each)) : []));
    }
    this.#mark(image);
  }

  /** The neighbour `steps` before or after an image, or null. */
  neighbour(id, steps) {
    const place = this.#images.findIndex((each) => each.id === id);
    return place < 0 ? null : (this.#images[place + steps] ?? null);
  }

  #mark(image) {
    for (const button of this.#element.children) {
      if (button.dataset.id === String(image?.id)) {
        button.setAttribute("aria-current", "true");
        button.scrollIntoView({ block: "nearest", inline: "center" });
      } else {
        button.removeAttribute("aria-current");
      }
    }
  }

  #button(image) {
    return h("button", {
      type: "button",
      "data-id": image.id,
      title: image.filename,
      "aria-label": `Look at ${image.filename}`,
      pointerenter: () => this.#onLook(image),
      focus: () => this.#onLook(image),
      blur: () => this.#onLook(null),
    }, h("img", { src: sized(image.thumbnail, SIZE), alt: "", loading: "lazy" }));
  }
}

async function neighbours(study) {
  const { images } = await call("labels.list", { study_id: study, limit: MOST });
  return images
    .filter(({ frame_ref }) => frame_ref !== null)
    .sort((a, b) => (a.frame_number ?? a.id) - (b.frame_number ?? b.id))
    .map(({ id, filename, study_id, frame_number }) => ({ id, filename, study_id, frame_number, thumbnail: thumbnailURL(id) }));
}
