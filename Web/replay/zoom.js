import { h } from "../dom.js";

/** How many pixels of the screen a frame's pixel may have on each side. */
const SCALES = [1, 2, 3, 4, 6, 8, 12, 16];

/** The scale that an address names; null where the frame fits its box. */
export function parseScale(text) {
  return SCALES.includes(Number(text)) ? Number(text) : null;
}

/** The next larger (by 1) or smaller (by −1) scale than the one that is shown, which `fit` is without a scale; the last one stays. */
export function nextScale(scale, by, fit) {
  const shown = scale ?? fit;
  const further = by > 0 ? SCALES.filter((each) => each > shown) : SCALES.filter((each) => each < shown).reverse();
  return further[0] ?? scale ?? (by > 0 ? SCALES.at(-1) : SCALES[0]);
}

/** Buttons for the frame's size. */
export class ZoomButtons {
  constructor({ onScale }) {
    const button = (scale, text, title) => h("button", { type: "button", "data-scale": scale ?? "fit", "aria-pressed": "false", title, click: () => onScale(scale) }, text);
    this.other = button(0, "", "Smaller, larger (- +)");
    this.other.disabled = true;
    this.element = h("span", { class: "group zoom", role: "group", "aria-label": "Size of the frame" },
      button(null, "Fit", "As large as there is room (f)"), button(1, "1×", "A pixel for a pixel (-, +)"), button(2, "2×", "Twice as large (-, +)"), this.other);
  }

  show(scale) {
    for (const each of this.element.children) each.setAttribute("aria-pressed", String(each.dataset.scale === String(scale ?? "fit")));
    this.other.hidden = scale === null || scale <= 2;
    this.other.textContent = `${scale}×`;
    this.other.setAttribute("aria-pressed", "true");
  }
}

/** Lets what is larger than its box be dragged. */
export function draggable(box) {
  let grip = null;
  const drop = () => (grip = null);
  box.addEventListener("pointerdown", (event) => {
    const isLarger = box.scrollWidth > box.clientWidth || box.scrollHeight > box.clientHeight;
    if (!isLarger || event.button !== 0 || event.pointerType !== "mouse") return;
    grip = { x: event.clientX + box.scrollLeft, y: event.clientY + box.scrollTop };
    box.setPointerCapture(event.pointerId);
  });
  box.addEventListener("pointermove", (event) => grip && box.scrollTo(grip.x - event.clientX, grip.y - event.clientY));
  box.addEventListener("pointerup", drop);
  box.addEventListener("pointercancel", drop);
}
