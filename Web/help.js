import { h } from "./dom.js";
import { Keymap } from "./keys.js";

/** The keys of the answers, the same in all rooms. */
export const keymap = new Keymap(localStorage);

/** Opens the dialog with a room's keys; those of the answers can be changed there. */
export function showKeys(room, notice) {
  const dialog = document.getElementById("keys");
  const change = (action, button) => changeKey(dialog, action, button, (refused) => {
    if (refused !== null) notice(`“${refused}” has another meaning.`);
    room?.keysChanged?.();
    showKeys(room, notice);
  });
  const rows = [...(room?.keys ?? []), ["?", "These keys"]];
  document.getElementById("keys-list").replaceChildren(...rows.flatMap(([keys, text, action]) => [
    h("dt", {}, ...keys.split(" ").map((key) => h("kbd", {}, key))),
    h("dd", {}, text, action ? h("button", { type: "button", class: "quiet", click: (event) => change(action, event.target) }, "Change") : null),
  ]));
  if (!dialog.open) dialog.showModal();
}

/** Waits for the key that an answer is to have; `done` is called with one that can't be had, else with null. */
function changeKey(dialog, action, button, done) {
  button.textContent = "Press a key …";
  const take = (event) => {
    event.preventDefault();
    event.stopPropagation();
    removeEventListener("keydown", take, true);
    done(event.key === "Escape" || keymap.change(action, event.key) ? null : event.key);
  };
  addEventListener("keydown", take, true);
  dialog.addEventListener("close", () => removeEventListener("keydown", take, true), { once: true });
}
