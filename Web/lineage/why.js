import { call } from "../api.js";
import { h } from "../dom.js";
import { plural } from "../format.js";
import { constantText } from "./words.js";

/** Why a record was computed again, asked for when it is opened. */
export function why(id) {
  return asked("Why was it computed again?", async () => answer(await call("lineage.why", { record_id: id })));
}

/** What the function consisted of that made a record, asked for when it is opened. */
export function functionParts(id) {
  return asked("What the function consists of", async () => {
    const { lineage } = await call("lineage.get", { record_id: id });
    const parts = Object.entries(lineage?.function_parts ?? {});
    if (parts.length === 0) return [h("p", { class: "muted" }, "Its parts were not told.")];
    return [h("dl", { class: "changes" }, ...parts.map(([name, hash]) => h("div", {}, h("dt", {}, name), h("dd", {}, h("code", {}, constantText(hash))))))];
  });
}

function asked(heading, ask) {
  const body = h("div", {});
  const fill = async () => {
    if (!box.open || body.childElementCount > 0) return;
    body.replaceChildren(h("p", { class: "muted skeleton" }, "Asking …"));
    const none = "It was computed once at this location: there is nothing to compare with.";
    body.replaceChildren(...await ask().catch((error) => [h("p", { class: "muted" }, error.kind === "not_found" ? none : error.message)]));
  };
  const box = h("details", { toggle: fill }, h("summary", {}, heading), body);
  return box;
}

function answer({ previous_record_id: previous, changes, outdated }) {
  const side = (value) => (value === undefined || value === null ? "–" : constantText(value));
  const rows = changes.map(({ kind, name, before, after }) => h("div", {}, h("dt", {}, `${kind} ${name}`), h("dd", {}, `${side(before)} → ${side(after)}`)));
  const older = (outdated ?? []).map(({ name, latest_record_id: latest }) => h("div", {}, h("dt", {}, name), h("dd", {}, `has a newer version, ${latest}`)));
  return [
    h("p", { class: "muted" }, previous ? `Compared with ${previous}: ${changes.length === 0 ? "nothing differs" : plural(changes.length, "difference")}.` : "It was computed once at this location."),
    h("dl", { class: "changes" }, ...rows, ...older),
  ];
}
