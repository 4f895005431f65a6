import { frameAddress } from "../replay/steps.js";
import { formatRoute } from "../route.js";

const SNAPSHOT = /^[0-9a-f]{64}$/;
const MOST = 12;

/**
 * What values lead to: runs, episodes, frames, images to label and snapshots, as `{text, href}` or `{snapshot}`. Names tell
 * what ids are of; a reference to a frame tells it itself.
 */
export function linksOf(values) {
  const found = new Map();
  const add = (link) => found.size < MOST && found.set(link.href ?? link.snapshot, link);
  const visit = (value, key, depth) => {
    if (value === null || value === undefined || depth > 6 || found.size >= MOST) return;
    if (Array.isArray(value)) for (const item of value.slice(0, 200)) visit(item, key.replace(/s$/, ""), depth + 1);
    else if (typeof value === "object") visitMembers(value, depth);
    else leaf(value, key);
  };
  const visitMembers = (members, depth) => {
    // An argument as thunks record it: its name and its value.
    if (typeof members.name === "string" && "value" in members) visit(members.value, members.name, depth + 1);
    for (const [name, member] of Object.entries(members)) visit(member, name, depth + 1);
  };
  const leaf = (value, key) => {
    const link = linkOf(value, key);
    if (link !== null) add(link);
  };
  for (const [value, key] of values) visit(value, key ?? "", 0);
  return [...found.values()];
}

/** What a reference leads to, as lineage names what is no record: `snapshot:…`, `image:…`, `h5://…`, `episode:…`, `run:…`. */
export function linkOfReference(text) {
  const frame = frameAddress(text);
  if (frame !== null) return { text: text.replace("h5://", "frame "), href: frame };
  const [, scheme, id] = /^(snapshot|image|episode|run):([^/].*)$/.exec(text) ?? [];
  if (scheme === undefined) return null;
  if (scheme === "snapshot") return { snapshot: id };
  const route = { image: { room: "label", image: id }, episode: { room: "replay", episode: id }, run: { room: "runs", run: id } }[scheme];
  return { text: `${scheme} ${id}`, href: formatRoute(route) };
}

function linkOf(value, key) {
  const name = key.toLowerCase();
  if (typeof value === "string") {
    const named = linkOfReference(value);
    if (named !== null) return named;
    if (SNAPSHOT.test(value) && name.includes("snapshot")) return { snapshot: value };
    if (/^run(_?id)?$/.test(name)) return { text: `run ${value}`, href: formatRoute({ room: "runs", run: value }) };
    if (/^episode(_?id)?$/.test(name)) return { text: `episode ${value}`, href: formatRoute({ room: "replay", episode: value }) };
  }
  if (Number.isInteger(value) && value > 0 && /^image(_?id)?$/.test(name)) return { text: `image ${value}`, href: formatRoute({ room: "label", image: value }) };
  return null;
}
