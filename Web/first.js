// A classic script in the head: the files of the room in the address are fetched beside app.js, not after it.
{
  const parts = ["room", "easel", "queue", "progress", "tally", "view", "session", "strip"];
  const modules = { label: [...parts.map((part) => `/label/${part}.js`), "/help.js", "/keys.js", "/pictures.js", "/stage.js"] };
  globalThis.roomStyles = {
    label: ["/label/label.css"],
    grid: ["/label/label.css", "/grid/grid.css"],
    review: ["/label/label.css", "/review/review.css"],
    runs: ["/rows.css", "/runs/runs.css"],
    replay: ["/rows.css", "/replay/replay.css"],
    lineage: ["/rows.css", "/lineage/lineage.css"],
    progress: ["/progress/progress.css"],
  };
  const name = new URLSearchParams(location.search).get("room");
  const room = name in globalThis.roomStyles ? name : "label";
  const add = (rel, href) => document.head.appendChild(Object.assign(document.createElement("link"), { rel, href }));
  // One that did not come would be waited for without end; the room asks for it anew.
  for (const href of globalThis.roomStyles[room]) add("stylesheet", href).addEventListener("error", ({ target }) => target.remove());
  for (const href of modules[room] ?? []) add("modulepreload", href);
}
