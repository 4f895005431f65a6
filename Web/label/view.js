import { h } from "../dom.js";
import { title } from "../format.js";
import { frameAddress } from "../replay/steps.js";
import { empty } from "../states.js";

/** The label room's elements; what happens on a press is passed in. */
export function labelView({ stage, onAnswer, onUndo, onHelp, onLabel }) {
  const view = {
    question: h("h1", { class: "question" }, " "),
    file: h("p", { class: "file muted" }),
    episode: episodeLink(),
    labels: h("select", {
      "aria-label": "Label that is asked",
      change: (event) => {
        onLabel(event.target.value);
        // The next key is an answer again.
        stage.element.focus({ preventScroll: true });
      },
    }),
    last: h("p", { class: "last muted", role: "status" }),
    state: h("div", { class: "label-state" }),
    answers: h("div", { class: "answers", role: "group", "aria-label": "Answer" },
      answer("yes", "1", "✓ Yes", "1 ArrowRight", () => onAnswer("yes")),
      answer("no", "0", "✕ No", "0 ArrowLeft", () => onAnswer("no")),
      answer("skip", "space", "Skip", "Space", () => onAnswer("skip")),
      answer("undo", "u", "Undo", "U", onUndo),
      answer("help", "?", "All keys", "?", onHelp)),
    strip: h("div", { class: "neighbours", role: "group", "aria-label": "Images of the same study" }),
    progress: h("div", { class: "progress" }),
  };
  view.work = h("div", { class: "label-work" },
    h("div", { class: "ask" }, view.question, view.file, view.episode, levels(stage), view.labels),
    h("div", { class: "picture" }, stage.element, view.state),
    view.strip,
    h("div", { class: "reply" }, h("p", { class: "hint muted" }), view.answers, view.last));
  view.element = h("section", { class: "label-room", "aria-label": "Label" }, view.work, view.progress);

  function answer(name, key, text, shortcuts, press) {
    return h("button", {
      type: "button",
      class: `answer ${name}`,
      "data-answer": name,
      "aria-keyshortcuts": shortcuts,
      click: (event) => {
        // After a press by pointer, space must skip again and not press this button once more.
        if (event.detail > 0) stage.element.focus({ preventScroll: true });
        press();
      },
    }, h("kbd", { "aria-hidden": "true" }, key), text);
  }
  return view;
}

/** A way from an image to the episode whose frame it is. */
export function episodeLink() {
  return h("a", { class: "episode", hidden: true }, "Show the episode");
}

/** Lets the link lead to an image's episode; it hides itself where there is none. */
export function showEpisode(link, image) {
  const address = frameAddress(image?.frame_ref);
  link.hidden = address === null;
  if (address !== null && link.getAttribute("href") !== address) link.setAttribute("href", address);
}

/** The answers' keys for the dialog; each can be changed there. */
export function answerKeys(keymap) {
  return [
    [`${keymap.shown("yes")} →`, "Yes", "yes"], [`${keymap.shown("no")} ←`, "No", "no"],
    [keymap.shown("skip"), "Skip: ask about another image", "skip"], [keymap.shown("undo"), "Undo the last answer", "undo"],
  ];
}

/** Writes the answers' keys onto their buttons. */
export function showKeys(view, keymap) {
  for (const button of view.answers.children) {
    const action = button.dataset.answer;
    if (action !== "help") button.querySelector("kbd").textContent = keymap.shown(action);
  }
}

/** Lets a pressed answer light up for a moment. */
export function flash(view, name) {
  const lit = { borderColor: "currentcolor", background: `var(--${name}-soft, var(--accent-soft))` };
  view.answers.querySelector(`[data-answer="${name}"]`).animate([lit, lit, {}], 240);
}

/** What a room shows on a server without images. */
export function noImages() {
  return empty("No images yet", "Bring in a folder of PNG pictures, or an HDF5 file; they appear here by themselves.", "holdfast import path/to/pictures");
}

/** The label that is asked for where there is one of that name, else the first, about which `notice` then says so. */
export function chooseLabel(wanted, names, notice) {
  if (names.includes(wanted)) return wanted;
  const label = names[0] ?? null;
  if (wanted && label !== null) notice(`There is no label “${wanted}”; this asks about “${title(label)}”.`);
  return label;
}

/** Fills the choice of labels. */
export function showLabels(select, names, chosen) {
  if (select.dataset.names !== names.join()) {
    select.dataset.names = names.join();
    select.replaceChildren(...names.map((name) => h("option", { value: name }, title(name))));
  }
  select.value = chosen;
  select.hidden = names.length < 2;
}

function levels(stage) {
  const brightness = slider("Brightness");
  const contrast = slider("Contrast");
  const apply = () => stage.setLevels(Number(brightness.value), Number(contrast.value));
  const reset = () => {
    brightness.value = contrast.value = "1";
    apply();
  };
  for (const input of [brightness, contrast]) input.addEventListener("input", apply);
  const box = h("details", { class: "levels" },
    h("summary", {}, "Levels"),
    h("div", { class: "popover" },
      h("label", {}, "Brightness", brightness),
      h("label", {}, "Contrast", contrast),
      h("button", { type: "button", click: reset }, "Reset")));
  document.addEventListener("pointerdown", (event) => {
    if (!box.contains(event.target)) box.open = false;
  });
  box.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    box.open = false;
    box.querySelector("summary").focus();
  });
  return box;
}

function slider(name) {
  return h("input", { type: "range", min: "0.2", max: "3", step: "0.05", value: "1", name });
}
