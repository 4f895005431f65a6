import { debounce, h, setText } from "../dom.js";
import { AXES } from "./view.js";

const AXIS_NAMES = { step: "Step", epoch: "Epoch", time: "Wall time", relative: "Time since start" };

/** What the charts are looked at with; `onChange(changes)` is told what is to change in the address. */
export class Tools {
  constructor({ onChange }) {
    this.filter = h("input", {
      type: "search", placeholder: "Filter metrics", "aria-label": "Filter metrics",
      input: debounce(() => onChange({ metrics: this.filter.value.trim() }), 120),
    });
    const smooth = debounce((value) => onChange({ smooth: value > 0 ? value : undefined }), 60);
    this.smoothing = h("input", {
      type: "range", min: "0", max: "0.99", step: "0.01", value: "0", "aria-label": "Smoothing",
      input: () => {
        const value = Number(this.smoothing.value);
        setText(this.weight, value.toFixed(2));
        smooth(value);
      },
    });
    this.weight = h("output", { class: "weight" }, "0.00");
    this.axis = h("select", { "aria-label": "X axis", change: () => onChange({ x: this.axis.value === AXES[0] ? undefined : this.axis.value, zoom: undefined }) },
      ...AXES.map((name) => h("option", { value: name }, AXIS_NAMES[name])));
    this.log = h("input", { type: "checkbox", change: () => onChange({ log: this.log.checked ? "1" : undefined }) });
    this.reset = h("button", { type: "button", class: "reset", hidden: true, click: () => onChange({ zoom: undefined }) }, "Reset zoom");
    this.element = h("div", { class: "tools", role: "group", "aria-label": "Charts" }, this.filter,
      h("label", { class: "smoothing" }, h("span", {}, "Smoothing"), this.smoothing, this.weight),
      h("label", {}, h("span", {}, "X"), this.axis), h("label", {}, this.log, h("span", {}, "Log y")), this.reset);
  }

  show(view) {
    if (document.activeElement !== this.filter) this.filter.value = view.filter;
    if (document.activeElement !== this.smoothing) {
      this.smoothing.value = String(view.smoothing);
      setText(this.weight, view.smoothing.toFixed(2));
    }
    this.axis.value = view.axis;
    this.log.checked = view.isLog;
    this.reset.hidden = view.zoom === null;
  }
}
