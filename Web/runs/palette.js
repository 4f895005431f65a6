import { HUES } from "./colors.js";

const NAMES = ["text", "muted", "line", "line-strong", "surface", "accent", "accent-soft", "no"];
let known = null;

/** The theme's colours as a canvas takes them; `hues` are those of the runs, from 1 on. */
export function palette() {
  known ??= read();
  return known;
}

/** Calls `work` whenever the theme has changed; returns what ends that. */
export function onThemeChange(work) {
  const changed = () => {
    known = null;
    work();
  };
  const system = matchMedia("(prefers-color-scheme: dark)");
  const chosen = new MutationObserver(changed);
  system.addEventListener("change", changed);
  chosen.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
  return () => {
    system.removeEventListener("change", changed);
    chosen.disconnect();
  };
}

function read() {
  const probe = document.createElement("span");
  document.body.append(probe);
  const color = (name) => {
    probe.style.color = `var(--${name})`;
    return getComputedStyle(probe).color;
  };
  const colors = Object.fromEntries(NAMES.map((name) => [name, color(name)]));
  colors.hues = [colors.text, ...Array.from({ length: HUES }, (_, index) => color(`run-${index + 1}`))];
  colors.font = getComputedStyle(document.body).fontFamily;
  probe.remove();
  return colors;
}
