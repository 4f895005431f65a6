import { picture, sized } from "../api.js";
import { Pictures } from "../pictures.js";
import { Stage } from "../stage.js";

/** How long to wait for a picture that did not come before it is asked for again, in milliseconds. */
const RETRY = 2000;

/** Shows one image of the queue, and has the next ones decoded before they are asked for. */
export class Easel {
  #image = null;
  #size = null;
  #retry = 0;

  /** `onReady` is called with the image that is shown, or of which it is said why not, and with null while it is not. */
  constructor({ onReady }) {
    this.onReady = onReady;
    this.ready = false;
    /** True where the image has a picture that can't be shown: nobody can answer for what was not seen. */
    this.unseen = false;
    this.pictures = new Pictures({ load: async (url) => createImageBitmap(await picture(url)) });
    this.stage = new Stage({ onZoom: () => this.#sharpen() });
  }

  /** Draws an image: at once if it is decoded, else as soon as it is. */
  show(image) {
    this.#image = image;
    this.#size ??= this.stage.wantedSize;
    this.#draw();
  }

  /** Nothing is shown any more. */
  clear() {
    this.#image = null;
    this.#setReady(false);
  }

  /** Fetches and decodes what will be shown, in this order. */
  prefetch(images) {
    this.#size = this.stage.wantedSize;
    this.pictures.want(images.filter(({ thumbnail }) => thumbnail).map((image) => this.#url(image)));
    if (this.#image && !this.ready) this.#draw();
  }

  #url(image) {
    return sized(image.thumbnail, this.#size);
  }

  #draw() {
    const image = this.#image;
    const found = image.thumbnail ? this.pictures.get(this.#url(image)) : { state: "missing" };
    this.unseen = found?.message !== undefined;
    this.#setReady(found !== undefined);
    if (found?.state === "ready") this.stage.show(found.bitmap, image.filename);
    else if (found) this.stage.say(this.unseen ? `This picture can't be shown: ${found.message}` : "No picture is stored for this image.");
    else this.#await(image);
  }

  async #await(image) {
    this.stage.say("");
    const isWaited = () => this.#image === image && !this.ready;
    const say = () => isWaited() && this.stage.say("The picture is on its way …");
    const slow = setTimeout(say, 200);
    const found = await this.pictures.whenReady(this.#url(image));
    clearTimeout(slow);
    if (!isWaited()) return;
    if (found) {
      this.#draw();
      return;
    }
    say();
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => isWaited() && this.#draw(), RETRY);
  }

  /** A zoomed picture that came in reduced is fetched whole. */
  async #sharpen() {
    const image = this.#image;
    if (!image?.thumbnail || !this.ready || !this.stage.zoomed) return;
    const reduced = this.pictures.get(this.#url(image));
    if (reduced?.state !== "ready" || Math.max(reduced.bitmap.width, reduced.bitmap.height) < this.#size) return;
    const whole = await this.pictures.whenReady(sized(image.thumbnail));
    if (whole?.state !== "ready" || this.#image !== image || !this.stage.zoomed) return;
    this.stage.show(whole.bitmap, image.filename, { keepView: true });
  }

  #setReady(ready) {
    this.ready = ready;
    this.onReady(ready ? this.#image : null);
  }
}
