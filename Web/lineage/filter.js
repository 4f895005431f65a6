/**
 * A filter for locations: `key:value` are metadata that the server looks for, all other words are looked for in the text.
 * `types` are the schema keys' by name; of other keys a value that reads as JSON is that, a quoted one a string.
 */
export function parseFilter(text, types = {}) {
  const metadata = {};
  const words = [];
  for (const word of (text ?? "").trim().split(/\s+/).filter(Boolean)) {
    const parts = /^([^:]+):(.+)$/.exec(word);
    if (parts) metadata[parts[1]] = types[parts[1]] === "string" ? parts[2] : valueOf(parts[2]);
    else words.push(word.toLowerCase());
  }
  return { metadata, text: words };
}

/** Whether metadata have all the words in their keys or values. */
export function fitsMetadata(metadata, words) {
  const text = Object.entries(metadata ?? {}).flat().join(" ").toLowerCase();
  return words.every((word) => text.includes(word));
}

/** The part of metadata that is a location: the schema keys, or all of it where none are declared. */
export function locationOf(metadata, keys) {
  return keys.length === 0 ? metadata : Object.fromEntries(Object.entries(metadata).filter(([name]) => keys.includes(name)));
}

/** Metadata with the schema keys first, in the order in which they were declared. */
export function inOrder(metadata, keys) {
  return { ...Object.fromEntries(keys.filter((key) => key in metadata).map((key) => [key, metadata[key]])), ...metadata };
}

/** Whether two locations are the same. */
export function isSameLocation(a, b) {
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => a[name] === b[name]);
}

function valueOf(text) {
  try {
    const value = JSON.parse(text);
    return typeof value === "object" ? text : value;
  } catch {
    return text;
  }
}
