const SVG = "http://www.w3.org/2000/svg";

/** An element with attributes (functions become listeners, `class` a class) and children; null children are left out. */
export function h(name, attributes = {}, ...children) {
  return fill(document.createElement(name), attributes, children);
}

/** The same for SVG. */
export function svg(name, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, name), attributes, children);
}

/** True where keys belong to what has the focus: text fields, choices, open dialogs; of a slider only those that move it. */
export function isTyping(event) {
  const target = event.target;
  if (!(target instanceof Element)) return false;
  if (target.matches("input[type=range]")) return /^(Arrow|Page|Home|End)/.test(event.key);
  return target.closest("input, select, textarea, [contenteditable], dialog") !== null;
}

/** True where space presses what has the focus (a link takes enter only). */
export function isOnButton(event) {
  return event.target instanceof Element && event.target.closest("button, summary") !== null;
}

/** Calls `work` once, `milliseconds` after the last of several calls. */
export function debounce(work, milliseconds) {
  let timer = 0;
  const later = (...values) => {
    clearTimeout(timer);
    timer = setTimeout(() => work(...values), milliseconds);
  };
  later.cancel = () => clearTimeout(timer);
  return later;
}

/** Sets a text only where it differs, so that unchanged numbers cost no layout. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Adds a stylesheet if it is not there; done as soon as it holds. What did not come is taken out, so that it can be asked for again. */
export function stylesheet(href) {
  const known = document.head.querySelector(`link[rel="stylesheet"][href="${href}"]`);
  if (known?.sheet) return null;
  const link = known ?? h("link", { rel: "stylesheet", href });
  if (!known) document.head.append(link);
  return new Promise((done, fail) => {
    link.addEventListener("load", done);
    link.addEventListener("error", () => {
      link.remove();
      fail(new Error(`${href} did not come.`));
    });
  });
}

function fill(element, attributes, children) {
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === "function") element.addEventListener(key, value);
    else element.setAttribute(key, value === true ? "" : String(value));
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}
