/** What went wrong with a request: `kind` as the server names it, `final` when a resend can't help. */
export class ApiError extends Error {
  constructor(kind, message, { final = false, data = null } = {}) {
    super(message);
    this.name = "ApiError";
    this.kind = kind;
    this.final = final;
    this.data = data;
  }
}

/**
 * Says `change` when the server comes or goes, `unauthorized` when it wants a token, `database` when it is known which
 * database it serves, and `other_database` when that is another one by now: what the page shows is not of this one.
 */
export const connection = Object.assign(new EventTarget(), { live: null, database: null });

const DATABASE = "holdfast-database";
const TIMEOUT = 15_000;
const CONTENT_CODES = new Set([-32600, -32601, -32602]);
let lastID = 0;

/** Calls a method of the server and returns its result; `database` is the one that it is meant for, else the page's. */
export async function call(method, params = {}, database = connection.database) {
  const response = await request("/rpc", rpc(method, params, database));
  const message = await json(response);
  heardOf(response.headers.get(DATABASE));
  if (message.error) throw fromRPC(message.error);
  if (!response.ok || !("result" in message)) throw unexpected(response);
  return message.result;
}

/** Calls a method while the page goes away; nobody is left to hear the answer. */
export function callLeaving(method, params) {
  fetch("/rpc", { ...rpc(method, params, connection.database), credentials: "same-origin", keepalive: true }).catch(() => {});
}

function rpc(method, params, database) {
  lastID += 1;
  return {
    method: "POST",
    headers: { "content-type": "application/json", ...(database ? { [DATABASE]: database } : {}) },
    body: JSON.stringify({ jsonrpc: "2.0", id: lastID, method, params }),
  };
}

/** The page is of the first database that it is told; servers of earlier versions tell none. */
function heardOf(database) {
  if (database === null || database === connection.database) return;
  const isFirst = connection.database === null;
  if (isFirst) connection.database = database;
  connection.dispatchEvent(new Event(isFirst ? "database" : "other_database"));
}

/** All rows of a paged list, up to `most`; `more` says that there are others. */
export async function callPaged(method, params, member, most) {
  const rows = [];
  let cursor;
  do {
    const page = await call(method, cursor === undefined ? params : { ...params, cursor });
    rows.push(...page[member]);
    cursor = page.cursor ?? undefined;
  } while (cursor !== undefined && rows.length < most);
  return { rows, more: cursor !== undefined };
}

/** The bytes of a picture; what isn't there is `not_found`, what can't be read any more `run_damaged`. */
export async function picture(url) {
  const response = await request(url, {});
  if (!response.ok) throw await refused(response);
  return response.blob();
}

/** The frames of the steps `from` ≤ step < `to` of an episode: their raw bytes, and the headers that say what they are. */
export async function frames(episode, from, to, signal) {
  const response = await request(`/episodes/${encodeURIComponent(episode)}/frames?from=${from}&to=${to}`, { signal });
  if (!response.ok) throw await refused(response);
  return { headers: response.headers, bytes: await body(response) };
}

/** Trades a token for a cookie; false where the token is wrong. */
export async function login(token) {
  const response = await reach("/login", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ token }),
  });
  if (response.status === 401) return false;
  if (!response.ok) throw await refused(response);
  return true;
}

/** Ends the browser's session. */
export async function logout() {
  const response = await reach("/logout", { method: "POST" });
  if (!response.ok) throw await refused(response);
}

/** The address of an image to label. */
export function thumbnailURL(id, size) {
  const path = `/thumbnails/${encodeURIComponent(id)}.png`;
  return size === undefined ? path : sized(path, size);
}

/** The address of a thumbnail in a size, without one of the whole picture; the browser keeps those of each database apart. */
export function sized(thumbnail, size) {
  const query = [...(size ? [`size=${size}`] : []), ...(connection.database ? [`database=${connection.database}`] : [])];
  return query.length > 0 ? `${thumbnail}?${query.join("&")}` : thumbnail;
}

async function request(url, options) {
  const response = await reach(url, options);
  if (response.status !== 401) return response;
  connection.dispatchEvent(new Event("unauthorized"));
  throw new ApiError("unauthorized", "The server wants a token.");
}

async function reach(url, options) {
  try {
    const response = await fetch(url, {
      ...options,
      credentials: "same-origin",
      signal: options.signal ? AbortSignal.any([options.signal, AbortSignal.timeout(TIMEOUT)]) : AbortSignal.timeout(TIMEOUT),
    });
    setLive(true);
    return response;
  } catch {
    if (options.signal?.aborted) throw new ApiError("aborted", "The request was given up.");
    setLive(false);
    throw new ApiError("unreachable", "The server does not answer.");
  }
}

async function body(response) {
  try {
    return await response.arrayBuffer();
  } catch {
    throw new ApiError("aborted", "The answer broke off.");
  }
}

async function json(response) {
  try {
    return await response.json();
  } catch {
    throw unexpected(response);
  }
}

function fromRPC({ code, message, data }) {
  const final = data?.final ?? CONTENT_CODES.has(code);
  return new ApiError(data?.kind ?? "internal", message ?? "The server gave no reason.", { final, data });
}

/** The error of an answer that is none: what its body says; `final` where the same would be refused again. */
async function refused(response) {
  try {
    const { kind, message } = (await response.json()).error;
    return new ApiError(kind, message, { final: response.status < 500 || kind === "run_damaged" });
  } catch {
    return unexpected(response);
  }
}

function unexpected(response) {
  return new ApiError("unexpected", `The server answered with HTTP status ${response.status}.`);
}

function setLive(live) {
  if (connection.live === live) return;
  connection.live = live;
  connection.dispatchEvent(new Event("change"));
}
