/** The parameters that may stand in the address, in the order in which they are written. */
const NAMES = [
  "room", "queue", "label", "image", "strategy", "size", "q", "sort", "cols", "run", "metrics", "smooth", "log", "x", "zoom", "open",
  "episodes", "episode", "variable", "record", "node", "vs", "way", "depth", "alike", "view", "step", "ref", "speed", "loop", "follow",
];

/** The state that an address holds, from its query. */
export function parseRoute(search) {
  const query = new URLSearchParams(search);
  const route = {};
  for (const name of NAMES) {
    const value = query.get(name);
    if (value !== null && value !== "") route[name] = value;
  }
  return route;
}

/** The address of a state; parameters without a value are left out. */
export function formatRoute(route) {
  const query = new URLSearchParams();
  for (const name of NAMES) {
    const value = route[name];
    if (value !== undefined && value !== null && value !== "") query.set(name, String(value));
  }
  // A query may have these two as they are, which leaves lists and ranges readable.
  const text = query.toString().replaceAll("%2C", ",").replaceAll("%3A", ":");
  return text === "" ? "/" : `/?${text}`;
}

/** A whole number ≥ 0 from the address, or the fallback. */
export function wholeNumber(text, fallback) {
  return /^\d{1,15}$/.test(text ?? "") ? Number(text) : fallback;
}

/** `name` ascending, `-name` descending; anything not allowed is the fallback. */
export function parseSort(text, allowed, fallback) {
  const source = text ?? fallback;
  const descending = source.startsWith("-");
  const name = descending ? source.slice(1) : source;
  return allowed.includes(name) ? { name, descending } : parseSort(fallback, allowed, fallback);
}

/** The sort after a press on a column: the other direction of the same one, or that column from its better end. */
export function nextSort(current, name, descendingFirst) {
  const descending = current.name === name ? !current.descending : descendingFirst;
  return descending ? `-${name}` : name;
}

/** Where the login page may send the browser back to: a path of this server, never another site. */
export function safeReturn(path) {
  return /^\/(?![/\\])/.test(path ?? "") && !/[\u0000-\u001f\\]/.test(path) ? path : "/";
}

/** The login page, which leads back to `next`; who was signed in is told there why that is over. */
export function loginAddress(next, wasSignedIn) {
  return `/login.html?${wasSignedIn ? "ended=1&" : ""}next=${encodeURIComponent(next)}`;
}
