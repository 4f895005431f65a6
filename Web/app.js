import { call, connection, logout } from "./api.js";
import { h, isTyping, setText, stylesheet } from "./dom.js";
import { plural } from "./format.js";
import { Outbox } from "./outbox.js";
import { poll } from "./poll.js";
import { formatRoute, loginAddress, parseRoute } from "./route.js";
import { failure, loading } from "./states.js";

/** The rooms in the order of their tabs; the first is where one arrives. Each is fetched when it is entered. */
const ROOMS = [
  { name: "label", title: "Label", load: async () => (await import("./label/room.js")).LabelRoom },
  { name: "grid", title: "Grid", load: async () => (await import("./grid/room.js")).GridRoom },
  { name: "review", title: "Review", load: async () => (await import("./review/room.js")).ReviewRoom },
  { name: "runs", title: "Runs", load: async () => (await import("./runs/room.js")).RunsRoom },
  { name: "replay", title: "Replay", load: async () => (await import("./replay/room.js")).ReplayRoom },
  { name: "lineage", title: "Lineage", load: async () => (await import("./lineage/room.js")).LineageRoom },
  { name: "progress", title: "Progress", load: async () => (await import("./progress/room.js")).ProgressRoom },
];
const UNSAVED_AFTER = 700;
/** Set while the page is loaded anew, to say why. */
const EXCHANGED = "holdfast.exchanged";
const byID = (id) => document.getElementById(id);

/** What all rooms share: the address, the outbox, the annotator's name, the quiet bar. */
class Shell {
  #rooms = new Map();
  #open = null;
  /** The name of the room that was to be opened and did not come. */
  #missing = null;
  #notice = null;
  #stalled = null;
  #events = null;
  #hasListened = false;

  constructor() {
    this.outbox = new Outbox({ storage: localStorage, send: call, database: () => connection.database });
    this.route = {};
    this.annotator = annotatorName();
  }

  start() {
    byID("rooms").append(...ROOMS.map(({ name, title }) => h("a", { href: formatRoute({ room: name }), "data-room": name }, title)));
    this.#listen();
    if (sessionStorage.getItem(EXCHANGED)) this.notice("Another database is served here now; the page was loaded anew.");
    sessionStorage.removeItem(EXCHANGED);
    this.#apply();
    this.outbox.drain();
    poll(() => this.#watchConnection(), 2).now();
    this.#listenToServer();
  }

  /**
   * The server says when something changes, so that what others do shows at once; the rooms ask for what they show.
   * A browser has six connections to a host, for all its tabs: one that nobody sees must not hold one.
   */
  #listenToServer() {
    const change = () => {
      if (document.hidden) this.#stopListening();
      else if (this.#events === null) this.#openEvents();
    };
    document.addEventListener("visibilitychange", change);
    addEventListener("pagehide", () => this.#stopListening());
    addEventListener("pageshow", ({ persisted }) => persisted && change());
    change();
  }

  #openEvents() {
    const events = new EventSource("/events");
    const changedRuns = ({ data }) => JSON.parse(data).run_ids;
    // It breaks off as soon as the server is gone, also in rooms that ask for nothing now.
    events.addEventListener("error", () => this.#ping());
    // Nobody tells what happened before it was open, be it that the page was hidden or the server away.
    events.addEventListener("open", () => {
      if (this.#hasListened) this.#open?.connectionChanged?.();
      this.#hasListened = true;
    });
    events.addEventListener("labels", () => this.#open?.labelsChanged?.());
    events.addEventListener("runs", (event) => this.#open?.runsChanged?.(changedRuns(event)));
    events.addEventListener("metrics", (event) => this.#open?.metricsChanged?.(changedRuns(event)));
    this.#events = events;
  }

  #stopListening() {
    this.#events?.close();
    this.#events = null;
  }

  /** Shows a state and puts it into the address; `replace` when going back should not return to the old one. */
  navigate(route, { replace = false } = {}) {
    const address = formatRoute(route);
    if (address !== location.pathname + location.search) history[replace ? "replaceState" : "pushState"](null, "", address);
    this.#apply();
  }

  /** Writes a state into the address without showing anything anew. */
  remember(changes) {
    this.route = { ...this.route, ...changes };
    history.replaceState(null, "", formatRoute(this.route));
  }

  /** A sentence in the quiet bar, for a few seconds. */
  notice(text) {
    clearTimeout(this.#notice?.timer);
    this.#notice = { text, timer: setTimeout(() => this.#dropNotice(), 8000) };
    this.#showBar();
  }

  #dropNotice() {
    this.#notice = null;
    this.#showBar();
  }

  #apply() {
    const route = parseRoute(location.search);
    const chosen = ROOMS.find((each) => each.name === route.room) ?? ROOMS[0];
    const { name, title } = chosen;
    this.route = { ...route, room: name };
    for (const link of byID("rooms").children) {
      if (link.dataset.room === name) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
    document.title = `${title} · Holdfast`;
    document.body.dataset.room = name;
    // On a phone.
    byID("rooms").querySelector("[aria-current]").scrollIntoView({ block: "nearest" });
    this.#missing = null;
    if (!this.#rooms.has(name)) {
      this.#fetch(chosen);
      return;
    }
    const room = this.#rooms.get(name);
    if (this.#open !== room) this.#put(room, room.element);
    room.show(this.route);
  }

  /** Fetches a room that nobody has entered so far; the one before it leaves at once, and its keys with it. */
  async #fetch({ name, title, load }) {
    this.#put(null, loading(title));
    let Room;
    try {
      [Room] = await Promise.all([load(), ...(globalThis.roomStyles[name] ?? []).map(stylesheet)]);
    } catch (error) {
      await this.#fail(name, title, error);
      return;
    }
    if (!this.#rooms.has(name)) this.#rooms.set(name, new Room(this));
    // Somebody may have gone on meanwhile, or come here twice.
    if (this.route.room === name && this.#open === null) this.#apply();
  }

  /** A room did not come: its place says so, and it is fetched again as soon as the server answers. */
  async #fail(name, title, error) {
    await this.#ping();
    if (this.route.room !== name || this.#open !== null) return;
    const reason = connection.live ? error : { ...error, kind: "unreachable", message: "The server does not answer. The room opens when it is back." };
    this.#put(null, failure(`The room ${title} did not come`, reason, () => this.#apply()));
    if (!connection.live) this.#missing = name;
  }

  #put(room, element) {
    this.#open?.hide();
    byID("room").replaceChildren(element);
    this.#open = room;
  }

  #listen() {
    addEventListener("popstate", () => this.#apply());
    document.addEventListener("click", (event) => this.#followLink(event));
    document.addEventListener("keydown", (event) => this.#key(event));
    connection.addEventListener("change", () => this.#connectionChanged());
    connection.addEventListener("unauthorized", () => {
      location.assign(loginAddress(location.pathname + location.search, localStorage.getItem("holdfast.signed-in") !== null));
    });
    connection.addEventListener("database", () => this.#outboxChanged());
    connection.addEventListener("other_database", () => this.#startAfresh());
    this.outbox.addEventListener("change", () => this.#outboxChanged());
    this.outbox.addEventListener("stalled", ({ detail }) => this.#stall(detail.error));
    this.outbox.addEventListener("refused", ({ detail }) => this.notice(`Not saved: ${detail.error.message}`));
    byID("help").addEventListener("click", () => this.showKeys());
    byID("theme").addEventListener("click", switchTheme);
    byID("logout").addEventListener("click", () => this.#leave());
    byID("logout").hidden = localStorage.getItem("holdfast.signed-in") === null;
    byID("annotator").value = this.annotator;
    byID("annotator").addEventListener("change", (event) => this.#rename(event.target));
    byID("annotator").addEventListener("keydown", (event) => {
      if (event.key === "Enter" || event.key === "Escape") event.target.blur();
    });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", nameTheme);
    nameTheme();
  }

  #followLink(event) {
    const link = event.target instanceof Element ? event.target.closest("a[href]") : null;
    if (!link || event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    const url = new URL(link.href);
    if (url.origin !== location.origin || url.pathname !== "/" || url.hash !== "") return;
    event.preventDefault();
    this.navigate(parseRoute(url.search));
  }

  #key(event) {
    if (isTyping(event) || event.repeat || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key !== "?") return;
    event.preventDefault();
    this.showKeys();
  }

  /** The dialog with the open room's keys; those of the answers can be changed there. */
  async showKeys() {
    try {
      const { showKeys } = await import("./help.js");
      showKeys(this.#open, (text) => this.notice(text));
    } catch {
      this.notice("The keys did not come: the server does not answer.");
    }
  }

  async #watchConnection() {
    if (connection.live === false) await this.#ping();
    this.#outboxChanged();
  }

  /** Whether the server answers is `connection`'s to tell. */
  async #ping() {
    await call("server.ping").catch(() => {});
  }

  #connectionChanged() {
    const shown = byID("connection");
    shown.dataset.live = String(connection.live);
    setText(shown, connection.live ? "live" : "no server");
    if (connection.live) {
      this.#stalled = null;
      this.outbox.drain();
    }
    this.#showBar();
    this.#open?.connectionChanged?.();
    if (connection.live && this.#missing === this.route.room) this.#apply();
  }

  #stall(error) {
    this.#stalled = error;
    this.#showBar();
  }

  #outboxChanged() {
    if (this.outbox.size === 0) this.#stalled = null;
    this.#showBar();
  }

  /** How many answers have waited long enough for the server to be worth mentioning. */
  get unsaved() {
    const now = Date.now();
    return this.outbox.entries.filter(({ at }) => now - at > UNSAVED_AFTER || connection.live === false).length;
  }

  #showBar() {
    const text = this.#barText();
    setText(byID("bar"), text);
    byID("bar").hidden = text === "";
    byID("bar").classList.toggle("warning", this.#notice?.text !== text);
  }

  #barText() {
    const kept = this.outbox.size > 0 ? ` ${plural(this.outbox.size, "change")} kept here until then.` : "";
    if (!this.outbox.durable) return "The browser's storage is full: leave this page open until everything is saved.";
    if (connection.live === false) return `No connection to the server. Work goes on; it is sent when the server is back.${kept}`;
    if (this.#stalled && this.unsaved > 0) return `The server can't save now (${this.#stalled.message}). Trying again.${kept}`;
    return this.#notice?.text ?? this.#asideText();
  }

  #asideText() {
    const { aside, foreign } = this.outbox;
    if (aside) return `${plural(aside.count, "change is", "changes are")} kept: ${aside.error.message}. Sign out and use another token.`;
    return foreign > 0 ? `${plural(foreign, "change of another database is", "changes of another database are")} kept here until it is served again.` : "";
  }

  /** Everything that is shown here is of a database that is not served any more. */
  #startAfresh() {
    location.reload();
    // Last: a full storage must not keep the page as it is.
    sessionStorage.setItem(EXCHANGED, "1");
  }

  #rename(input) {
    this.annotator = input.value.trim() || annotatorName();
    input.value = this.annotator;
    localStorage.setItem("holdfast.annotator", this.annotator);
    this.#open?.annotatorChanged?.();
  }

  async #leave() {
    // Before the session ends: what is refused from then on must not look as if the token had been taken back.
    localStorage.removeItem("holdfast.signed-in");
    try {
      await logout();
      location.assign("/login.html");
    } catch (error) {
      localStorage.setItem("holdfast.signed-in", "1");
      this.notice(error.message);
    }
  }
}

function annotatorName() {
  const known = localStorage.getItem("holdfast.annotator");
  if (known) return known;
  const [number] = crypto.getRandomValues(new Uint32Array(1));
  const name = `guest-${number.toString(36).slice(0, 4)}`;
  localStorage.setItem("holdfast.annotator", name);
  return name;
}

function isDark() {
  return (document.documentElement.dataset.theme ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
}

function switchTheme() {
  const theme = isDark() ? "light" : "dark";
  document.documentElement.dataset.theme = theme;
  localStorage.setItem("holdfast.theme", theme);
  nameTheme();
}

function nameTheme() {
  byID("theme").setAttribute("aria-label", `Switch to the ${isDark() ? "light" : "dark"} theme`);
}

new Shell().start();
