import { count } from "../format.js";

/** A location or other metadata in a line: `subject 1 · trial 2`. */
export function metadataText(metadata) {
  return Object.entries(metadata ?? {}).map(([key, value]) => `${key} ${typeof value === "object" ? JSON.stringify(value) : value}`).join(" · ");
}

/** What a node of the graph is called where there is room for nothing else. */
export function shortTitleOf({ variable, members }) {
  return members === null ? variable : `${count(members.length)} × ${variable}`;
}

/** What a reference names, without its scheme. */
export function bareID(id) {
  return id.replace(/^[a-z0-9]+:(\/\/)?/, "");
}

/** An id, or a reference without its scheme, short enough for a line. */
export function shortID(id) {
  const text = id.includes(":") ? bareID(id) : id.slice(0, 8);
  return text.length > 28 ? `${text.slice(0, 16)}…` : text;
}

/** Where a node's record is, or that there are several. */
export function whereOf({ metadata, details, members, id }) {
  if (members !== null) return `${count(members.length)} alike`;
  if (details !== null) return bareID(id);
  return metadata === null ? `${id} (deleted, or not kept)` : metadataText(metadata) || id;
}

/** What made a node's record; of what is no record, what is known of it. */
export function functionText({ lineage, details, members }) {
  if (details !== null) return members === null ? metadataText(details) : "";
  return lineage === null ? "not computed here" : `ƒ ${lineage.function_name}`;
}

/** A constant of an invocation in one line. */
export function constantText(value) {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return text.length > 200 ? `${text.slice(0, 199)}…` : text;
}
