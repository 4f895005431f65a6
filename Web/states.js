import { h } from "./dom.js";

/** The place of a list that is on its way; seen only after 200 ms. */
export function loading(what) {
  return h("div", { class: "state skeleton", "aria-busy": "true" }, h("p", {}, `Loading ${what} …`));
}

/** Nothing there: what it means, and the command that fills it. */
export function empty(heading, text, command) {
  const body = [h("h2", {}, heading), h("p", {}, text)];
  if (command) body.push(copyable(command));
  return h("div", { class: "state" }, ...body);
}

/** Something failed: what, the server's own words, and a way to try again. */
export function failure(heading, error, retry) {
  return h("div", { class: "state", role: "alert" },
    h("h2", {}, heading),
    h("p", {}, error.message),
    h("button", { type: "button", class: "primary", click: retry }, "Try again"),
    h("details", {}, h("summary", {}, "Details"), h("pre", { tabindex: "0" }, details(error))));
}

function details(error) {
  return JSON.stringify({ kind: error.kind ?? error.name, data: error.data ?? undefined }, null, 2);
}

function copyable(command) {
  const code = h("code", {}, command);
  const button = h("button", { type: "button", click: () => copy(code, button) }, "Copy");
  return h("div", { class: "command" }, code, button);
}

async function copy(code, button) {
  try {
    await navigator.clipboard.writeText(code.textContent);
    button.textContent = "Copied";
  } catch {
    // The clipboard is for secure origins only; a selection can be copied by hand everywhere.
    getSelection().selectAllChildren(code);
    button.textContent = "Selected";
  }
}
