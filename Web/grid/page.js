/** A page of a grid: which of its images are marked, and where the cursor is. Pure bookkeeping, without a document. */
export class GridPage {
  constructor(images, columns) {
    this.images = images;
    this.columns = columns;
    this.marked = new Set();
    /** Cells whose picture can't be shown: they are neither marked nor answered. */
    this.failed = new Set();
    this.cursor = 0;
    this.anchor = 0;
  }

  /** Moves the cursor by cells, not beyond the page; `extend` marks everything on the way from the anchor. */
  move(dx, dy, { extend = false } = {}) {
    const next = this.cursor + dx + dy * this.columns;
    if (next < 0 || next >= this.images.length) return false;
    if (!extend) this.anchor = next;
    this.cursor = next;
    if (extend) this.mark(this.anchor, next);
    return true;
  }

  toggle(place) {
    this.cursor = this.anchor = place;
    this.paint(place, !this.marked.has(place));
  }

  /** Marks all cells between two places, in reading order. */
  mark(from, to) {
    for (let place = Math.min(from, to); place <= Math.max(from, to); place += 1) this.paint(place, true);
  }

  /** Sets one cell, as a brush does. */
  paint(place, on) {
    if (on && !this.failed.has(place)) this.marked.add(place);
    else this.marked.delete(place);
  }

  /** Leaves out a cell whose picture can't be shown. */
  fail(place) {
    this.failed.add(place);
    this.marked.delete(place);
  }

  /** The answers of the page: marked is yes, the rest no; none for what nobody has seen. */
  answers(label, eventID) {
    return this.images.flatMap((image, place) => (this.failed.has(place) ? [] : {
      id: image.id,
      labels: { [label]: this.marked.has(place) ? 1 : 0 },
      event_id: eventID(),
      ...(image.opinion ? { opinion: true } : {}),
    }));
  }
}
