import { call, connection } from "../api.js";
import { h, svg } from "../dom.js";
import { ago, count, moment, number, plural, title } from "../format.js";
import { poll } from "../poll.js";
import { empty, failure, loading } from "../states.js";

const SIZE = 200;

/** How far the labels have come, how fast, what each way of choosing brings, and every look at the hold-out. */
export class ProgressRoom {
  keys = [];
  #poll = null;
  #shown = null;

  constructor(shell) {
    this.shell = shell;
    this.element = h("section", { class: "progress-room scroll", "aria-label": "Progress", tabindex: "0" }, loading("the counts"));
  }

  show() {
    this.#poll ??= poll(() => this.refresh(), 5);
    this.#poll.now();
  }

  hide() {
    this.#poll?.stop();
    this.#poll = null;
  }

  connectionChanged() {
    if (connection.live) this.#poll?.now();
  }

  labelsChanged() {
    this.#poll?.now();
  }

  async refresh() {
    try {
      const stats = await call("labels.stats");
      if (stats.total === 0) {
        this.#shown = null;
        this.element.replaceChildren(empty("No images yet", "Bring in a folder of PNG pictures, or an HDF5 file.", "holdfast import path/to/pictures"));
        return;
      }
      const names = Object.keys(stats.labels);
      const [ledger, ...rest] = await Promise.all([
        call("holdout.ledger", { limit: 50 }),
        ...names.flatMap((label) => [call("labels.calibration", { label }), call("labels.agreement", { label })]),
      ]);
      const labels = names.map((name, place) => ({ name, calibration: rest[2 * place], agreement: rest[2 * place + 1] }));
      // Unchanged counts must not take the focus away or make the page flicker.
      const text = JSON.stringify([stats, ledger, labels]);
      if (text === this.#shown) return;
      this.#shown = text;
      this.element.replaceChildren(...this.#sections(stats, labels, ledger));
    } catch (error) {
      if (this.#shown === null) this.element.replaceChildren(failure("The counts did not come", error, () => this.#poll?.now()));
    }
  }

  #sections(stats, labels, ledger) {
    const askable = stats.total - stats.splits.test;
    return [
      stats.straddling_studies > 0
        ? h("p", { class: "notice", role: "status" }, `⚠ ${plural(stats.straddling_studies, "study has", "studies have")} images on both sides of a split (${stats.split_by === "filename" ? "images are split by filename; make the database with --split-by study" : "their split was fixed before"}): what a model learns of them leaks.`)
        : null,
      section("Labels", ...labels.map(({ name }) => labelRow(name, stats, askable))),
      section("Splits", splitBars(stats)),
      section("Labels per hour", hourBars(stats.hours)),
      section("Annotators", annotators(stats.annotators, labels)),
      section("What each way of choosing brings", strategies(stats.strategies)),
      section("Calibration", h("div", { class: "plots" }, ...labels.map(({ name, calibration }) => calibrationPlot(name, calibration)))),
      section(`Looks at the hold-out${ledger.remaining === null || ledger.remaining === undefined ? "" : ` (${ledger.remaining} left)`}`, looks(ledger.looks)),
      section("Files", downloads()),
    ].filter(Boolean);
  }
}

function section(heading, ...body) {
  return h("section", {}, h("h2", {}, heading), ...body);
}

function bar(share, kind, text) {
  const fill = h("div", { class: `fill ${kind}` });
  fill.style.width = `${100 * Math.min(1, share || 0)}%`;
  return h("div", { class: "bar-row" }, h("div", { class: "track", "aria-hidden": "true" }, fill), h("span", {}, text));
}

function labelRow(name, stats, askable) {
  const { labeled, yes } = stats.labels[name];
  const { open, train, val } = stats.progress[name];
  const share = (part) => (part.labeled === 0 ? "–" : `${Math.round((100 * part.yes) / part.labeled)} % yes`);
  return h("div", { class: "label-row" },
    h("h3", {}, title(name)),
    bar(labeled / askable, "all", `${count(labeled)} of ${count(askable)} labeled, ${count(open)} open`),
    bar(yes / Math.max(1, labeled), "yes", `✓ ${count(yes)} yes · ✕ ${count(labeled - yes)} no`),
    h("p", { class: "muted" }, `train ${count(train.labeled)} (${share(train)}) · val ${count(val.labeled)} (${share(val)})`));
}

function splitBars({ splits, total, holdout_labeled: judged, skipped, outcomes }) {
  return h("div", {},
    bar(splits.train / total, "all", `train ${count(splits.train)}`),
    bar(splits.val / total, "all", `val ${count(splits.val)}`),
    bar(splits.test / total, "held", `held out ${count(splits.test)}, ${count(judged)} of them labeled`),
    bar(splits.none / total, "rest", `no split yet ${count(splits.none)}`),
    h("p", { class: "muted" }, `skipped ${count(skipped)} · unsure ${count(outcomes.unsure)} · unusable ${count(outcomes.unusable)}`));
}

function hourBars(hours) {
  if (hours.length === 0) return h("p", { class: "muted" }, "Nothing yet.");
  const most = Math.max(...hours.map(({ labels }) => labels), 1);
  const columns = hours.map(({ from, labels }) => {
    const column = h("div", { class: "column", "aria-hidden": "true" });
    column.style.height = `${(80 * labels) / most}px`;
    return h("li", { title: `${moment(from)}: ${plural(labels, "label")}` }, column,
      h("span", { class: "muted" }, moment(from).slice(11, 13)), h("span", { class: "hidden" }, `: ${plural(labels, "label")}`));
  });
  return h("div", {}, h("ol", { class: "hours" }, ...columns),
    h("p", { class: "muted" }, `by the hour of the day; at most ${plural(most, "label")} in one hour`));
}

function annotators(list, labels) {
  if (list.length === 0) return h("p", { class: "muted" }, "Nobody has labeled yet.");
  const pairs = labels.flatMap(({ name, agreement }) => agreement.pairs.map((pair) => ({ name, ...pair })));
  return h("div", {},
    table(["Annotator", "Labels", "Skips", "Undos", "Per label"],
      list.map((each) => [each.annotator || "(no name)", count(each.labels), count(each.skips), count(each.undos),
        each.labels > 0 && each.seconds > 0 ? `${number(each.seconds / each.labels)} s` : "–"])),
    pairs.length === 0 ? null : table(["Label", "Two annotators", "Images", "Agree", "Cohen’s κ"],
      pairs.map((pair) => [title(pair.name), pair.annotators.map((name) => name || "(no name)").join(" · "),
        count(pair.both_no + pair.first_only + pair.second_only + pair.both_yes), `${Math.round(100 * pair.agreement)} %`,
        pair.kappa === null || pair.kappa === undefined ? "–" : pair.kappa.toFixed(2)])));
}

function strategies(list) {
  if (list.length === 0) return h("p", { class: "muted" }, "No image was given out yet.");
  const percent = (part, whole) => (whole === 0 ? "–" : `${Math.round((100 * part) / whole)} %`);
  return table(["Label", "Strategy", "Part", "Given out", "Labeled", "Yes", "Surprises"],
    list.map((each) => [title(each.label), each.strategy, each.branch, count(each.served), count(each.labeled),
      `${count(each.positives)} (${percent(each.positives, each.labeled)})`, `${count(each.surprises)} (${percent(each.surprises, each.labeled)})`]));
}

/** Shares of "yes" against what the model said; on the diagonal it is right about how sure it is. */
function calibrationPlot(name, { bins, error, threshold }) {
  const filled = bins.filter((bin) => bin.count > 0);
  if (filled.length === 0) {
    return h("p", { class: "muted" }, `${title(name)}: no out-of-sample scores yet; bring them with labels.update_scores.`);
  }
  const x = (value) => 30 + value * SIZE;
  const y = (value) => 10 + (1 - value) * SIZE;
  const most = Math.max(...filled.map((bin) => bin.count));
  return h("figure", { class: "calibration" },
    h("figcaption", {}, h("b", {}, title(name)), h("span", { class: "muted" },
      ` off by ${number(error)} on average${threshold === null || threshold === undefined ? "" : `, best threshold ${number(threshold)}`}`)),
    svg("svg", { viewBox: `0 0 ${SIZE + 40} ${SIZE + 34}`, role: "img", "aria-label": `Calibration of ${title(name)}: expected calibration error ${number(error)}` },
      svg("line", { x1: x(0), y1: y(0), x2: x(1), y2: y(1), class: "diagonal" }),
      svg("polyline", { points: `${x(0)},${y(1)} ${x(0)},${y(0)} ${x(1)},${y(0)}`, class: "axis" }),
      ...filled.map((bin) => svg("circle", { cx: x(bin.mean_score), cy: y(bin.yes / bin.count), r: 3 + 6 * Math.sqrt(bin.count / most), class: "point" },
        svg("title", {}, `model ${number(bin.mean_score)}, people ${number(bin.yes / bin.count)} yes, of ${plural(bin.count, "image")}`))),
      svg("text", { x: x(0.5), y: SIZE + 30, "text-anchor": "middle" }, "what the model said"),
      svg("text", { x: 0, y: 0, transform: `translate(14 ${y(0.5)}) rotate(-90)`, "text-anchor": "middle" }, "share of yes")));
}

function looks(list) {
  if (list.length === 0) return h("p", { class: "muted" }, "Nobody has measured a model on it yet.");
  const interval = (result, name) => (result[name] === null ? "–" : `${number(result[name])}${result.intervals[name] ? ` (${number(result.intervals[name].from)} … ${number(result.intervals[name].to)})` : ""}`);
  return table(["Look", "When", "Label", "Reason", "Images", "Accuracy", "F1", "AUC"],
    list.map(({ at, label, reason, result }) => [count(result.look), ago(at, Date.now() / 1000), title(label), reason, count(result.n),
      interval(result, "accuracy"), interval(result, "f1"), interval(result, "auc")]));
}

/** Links, not buttons: the browser itself takes the bytes as they come, and shows how far it is. */
function downloads() {
  const formats = [["csv", "CSV"], ["jsonl", "JSON Lines"], ["coco", "COCO"]];
  const row = (text, onlyLabeled) => h("li", {}, h("span", {}, text), ...formats.map(([format, name]) =>
    h("a", { class: "button", href: `/exports/labels?format=${format}${onlyLabeled ? "&labeled=1" : ""}`, download: true, "aria-label": `${text} as ${name}` }, name)));
  return h("div", {},
    h("ul", { class: "downloads" }, row("Labeled images", true), row("All images", false)),
    h("p", { class: "muted" }, "With split and snapshot, as holdfast export labels writes them; never those that are held out."));
}

function table(heads, rows) {
  return h("div", { class: "table-box", tabindex: "0", role: "region", "aria-label": heads.join(", ") }, h("table", { class: "tally" },
    h("thead", {}, h("tr", {}, ...heads.map((text) => h("th", { scope: "col" }, text)))),
    h("tbody", {}, ...rows.map((cells) => h("tr", {}, ...cells.map((text) => h("td", {}, text)))))));
}
