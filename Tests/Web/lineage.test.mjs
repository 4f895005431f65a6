import assert from "node:assert/strict";
import { test } from "node:test";
import { filling, fitted, held, showing, zoomed } from "../../Web/lineage/camera.js";
import { diffValues } from "../../Web/lineage/diff.js";
import { fitsMetadata, inOrder, isSameLocation, locationOf, parseFilter } from "../../Web/lineage/filter.js";
import { groupAlike, mergeGraphs, neighbours, related, within } from "../../Web/lineage/graph.js";
import { BOX, layout, spread } from "../../Web/lineage/layout.js";
import { portion } from "../../Web/lineage/portion.js";
import { linkOfReference, linksOf } from "../../Web/lineage/links.js";
import { indexOf, kindText, readValue, statistics } from "../../Web/lineage/values.js";
import { bareID, constantText, functionText, shortID, metadataText, shortTitleOf, whereOf } from "../../Web/lineage/words.js";

const record = (id, depth, variable = "V", lineage = null) => ({ record_id: id, output_type: variable, metadata: { subject: id }, lineage, created_at: 1, depth });
const edge = (from, to, name = "x") => ({ from, to, name });

/** A graph of nodes a, b, … at the distances given. */
function graphOf(distances, edges) {
  const nodes = new Map(Object.entries(distances).map(([id, distance]) => [id, { id, variable: id.replace(/\d+$/, ""), metadata: {}, details: null, lineage: null, at: null, distance, members: null, hidden: 0 }]));
  return { nodes, edges: edges.map(([from, to]) => ({ from, to, names: ["x"] })), isCut: false };
}

test("what a record was made of and what was made of it are one graph", () => {
  const upstream = { records: [record("m", 0), record("a", 1), record("b", 1)], edges: [edge("a", "m"), edge("b", "m"), edge("b", "m", "y")], is_cut: false };
  const downstream = { records: [record("m", 0), record("z", 1)], edges: [edge("m", "z")], is_cut: true };
  const { nodes, edges, isCut } = mergeGraphs(upstream, downstream);
  assert.deepEqual([...nodes].map(([id, { distance }]) => [id, distance]), [["m", 0], ["a", -1], ["b", -1], ["z", 1]]);
  assert.deepEqual(edges.map(({ from, to, names }) => [from, to, names.join()]), [["a", "m", "x"], ["b", "m", "x,y"], ["m", "z", "x"]]);
  assert.equal(isCut, true);
  assert.equal(mergeGraphs({ records: [record("m", 0)], edges: [edge("gone", "m")] }, undefined).edges.length, 0);
});

test("a graph is cut at a distance, and the border says how much is left out", () => {
  const cut = within(graphOf({ a2: -2, a1: -1, m: 0, z: 1 }, [["a2", "a1"], ["a1", "m"], ["m", "z"]]), 1);
  assert.deepEqual([...cut.nodes.keys()], ["a1", "m", "z"]);
  assert.equal(cut.nodes.get("a1").hidden, 1);
  assert.equal(cut.nodes.get("m").hidden, 0);
  assert.equal(cut.edges.length, 2);
});

test("records that are alike become one box, others stay apart", () => {
  const distances = { m: 0, odd: -2 };
  const edges = [];
  for (let k = 0; k < 10; k += 1) {
    distances[`raw${k}`] = -2;
    distances[`clean${k}`] = -1;
    edges.push([`raw${k}`, `clean${k}`], [`clean${k}`, "m"]);
  }
  edges.push(["odd", "clean3"]);
  const graph = graphOf(distances, edges);
  const grouped = groupAlike(graph, new Set(["m"]));
  const sizes = [...grouped.nodes.values()].map(({ variable, members }) => `${members?.length ?? 1} ${variable}`);
  assert.deepEqual(sizes.sort(), ["1 clean", "1 m", "1 odd", "1 raw", "9 clean", "9 raw"]);
  const parted = groupAlike(graph, new Set(["m", "raw0"]));
  assert.equal([...parted.nodes.values()].filter(({ variable }) => variable === "raw").length, 3);
  assert.equal(grouped.edges.find(({ from }) => grouped.nodes.get(from).members?.length === 9 && grouped.nodes.get(from).variable === "raw").count, 9);
});

test("what is shown is one way or both, as far as said, many that are alike as one box, and never too much", () => {
  const distances = { m: 0, z: 1 };
  const edges = [["m", "z"]];
  for (let k = 0; k < 70; k += 1) {
    distances[`raw${k}`] = -1;
    edges.push([`raw${k}`, "m"]);
  }
  const graph = graphOf(distances, edges);
  const shown = (choice) => portion(graph, { root: "m", way: "both", depth: Infinity, alike: null, parted: new Set(), ...choice });
  assert.deepEqual([...shown({}).nodes.keys()], ["m", "z", "raw0"]);
  assert.deepEqual([shown({}).records, shown({ alike: false }).nodes.size, shown({ way: "down" }).nodes.size, shown({ depth: 0 }).nodes.size], [72, 72, 2, 1]);
  const [chain, links] = [{ m: 0 }, []];
  for (let k = 1; k <= 2000; k += 1) {
    chain[`n${k}`] = -k;
    links.push([`n${k}`, k === 1 ? "m" : `n${k - 1}`]);
  }
  const long = portion(graphOf(chain, links), { root: "m", way: "up", depth: Infinity, alike: false, parted: new Set() });
  assert.ok(long.isLess && long.nodes.size <= 1500 && long.nodes.size > 1000);
});

test("all ancestors and descendants of a node are found, and nobody else", () => {
  const { nodes, edges } = graphOf({ a: -2, b: -1, m: 0, z: 1, other: -1 }, [["a", "b"], ["b", "m"], ["m", "z"], ["other", "z"]]);
  assert.deepEqual([...related("b", ...neighbours(nodes, edges))].sort(), ["a", "b", "m", "z"]);
});

test("inputs stand left of outputs, nothing lies over anything else, long edges pass the layers between", () => {
  const graph = graphOf({ a: -3, b: -2, c: -1, m: 0, side: -1 }, [["a", "b"], ["b", "c"], ["c", "m"], ["a", "m"], ["side", "m"]]);
  const { places, edges, width, height } = layout(graph);
  for (const { from, to } of graph.edges) assert.ok(places.get(from).x < places.get(to).x, `${from} before ${to}`);
  assert.equal(places.get("side").layer, places.get("c").layer, "what has no input stands beside what needs it");
  assert.equal(edges.find(({ from, to }) => from === "a" && to === "m").via.length, 2);
  const spots = [...places.values()];
  for (const a of spots) for (const b of spots) if (a !== b && a.layer === b.layer) assert.ok(Math.abs(a.y - b.y) >= BOX.height);
  assert.ok(spots.every(({ x, y }) => x >= 0 && y >= 0 && x + BOX.width <= width && y + BOX.height <= height));
});

test("two rows of boxes are ordered so that their edges do not cross", () => {
  const graph = graphOf({ a: -1, b: -1, c: -1, x: 0, y: 0, z: 0 }, [["a", "z"], ["b", "y"], ["c", "x"]]);
  const { places } = layout(graph);
  const order = (ids) => ids.toSorted((a, b) => places.get(a).y - places.get(b).y).join("");
  assert.equal(order(["a", "b", "c"]).replace("a", "z").replace("b", "y").replace("c", "x"), order(["x", "y", "z"]));
});

test("a circle, which only foreign data can say, and no data at all are placed too", () => {
  assert.equal(layout(graphOf({ a: 0, b: 1 }, [["a", "b"], ["b", "a"]])).edges.length, 1);
  assert.equal(layout(graphOf({}, [])).places.size, 0);
});

test("wanted heights are kept where there is room, else spread around their mean", () => {
  assert.deepEqual(spread([0, 10], [0, 5]), [0, 10]);
  assert.deepEqual(spread([0, 0, 0], [0, 2, 2]), [-2, 0, 2]);
});

test("a camera fits, zooms around a point, and shows a box", () => {
  const box = { width: 864, height: 464 };
  const camera = fitted({ width: 1600, height: 400 }, box);
  assert.equal(camera.scale, 0.5);
  assert.equal(camera.y, (464 - 200) / 2);
  assert.equal(fitted({ width: 10, height: 10 }, box).scale, 1, "small graphs are not blown up");
  const near = zoomed(camera, 2, { x: 100, y: 100 });
  assert.equal((100 - near.x) / near.scale, (100 - camera.x) / camera.scale);
  const shown = showing({ scale: 1, x: 0, y: 0 }, { x: 5000, y: 0, width: 100, height: 50 }, box);
  assert.equal(5000 + 100 + shown.x, 864 - 32);
  assert.equal(showing(camera, { x: 0, y: 0, width: 1, height: 1 }, box, 0.8).scale, 0.8);
  assert.deepEqual(filling({ scale: 1, x: -900, y: 5 }, { width: 1200, height: 100 }, box), { scale: 1, x: 864 - 32 - 1200, y: 182 });
  assert.equal(filling({ scale: 1, x: 300, y: 0 }, { width: 1200, height: 100 }, box).x, 32);
  const far = held({ scale: 1, x: 1e6, y: -1e6 }, { width: 100, height: 100 }, box);
  assert.ok(far.x < 864 && far.y > -100);
});

test("filters part into metadata and words, by the schema's types", () => {
  assert.deepEqual(parseFilter('subject:1 name:"2" low'), { metadata: { subject: 1, name: "2" }, text: ["low"] });
  assert.deepEqual(parseFilter("subject:1", { subject: "string" }).metadata, { subject: "1" });
  assert.deepEqual(parseFilter(undefined), { metadata: {}, text: [] });
  assert.ok(fitsMetadata({ subject: "Ada", trial: 7 }, ["ada", "7"]));
  assert.ok(!fitsMetadata({ subject: "Ada" }, ["bob"]));
});

test("a location is the schema keys of metadata", () => {
  const metadata = { subject: "1", trial: 2, filter: "low" };
  assert.deepEqual(locationOf(metadata, ["subject", "trial"]), { subject: "1", trial: 2 });
  assert.deepEqual(locationOf(metadata, []), metadata);
  assert.deepEqual(Object.keys(inOrder(metadata, ["trial", "none", "subject"])), ["trial", "subject", "filter"]);
  assert.ok(isSameLocation({ a: 1 }, { a: 1 }));
  assert.ok(!isSameLocation({ a: 1 }, { a: "1" }) && !isSameLocation({ a: 1 }, { a: 1, b: 2 }));
});

const base64 = (numbers) => Buffer.from(numbers.buffer).toString("base64");
const floats = (...values) => ({ dtype: "float64", shape: [values.length], base64: base64(new Float64Array(values)) });

test("values are read in each form in which they come", () => {
  const array = readValue({ dtype: "int64", shape: [2], base64: base64(new BigInt64Array([1n, -2n])) });
  assert.equal(kindText(array), "int64 [2]");
  const table = readValue({ table: {
    n: floats(1, 2, 3), text: { values: ["a", "b"], codes: { dtype: "uint8", shape: [3], base64: base64(new Uint8Array([0, 2, 1])) } },
    holes: { values: floats(5, 0, 7), valid: { dtype: "bool", shape: [3], base64: base64(new Uint8Array([1, 0, 1])) } }, any: [1, null, "x"],
  } });
  assert.equal(kindText(table), "table of 4 columns, 3 rows");
  const values = Object.fromEntries(table.columns.map((column) => [column.name, [...column.values]]));
  assert.deepEqual(values, { any: [1, null, "x"], holes: [5, null, 7], n: [1, 2, 3], text: ["a", null, "b"] });
  assert.equal(kindText(readValue({ json: [1] })), "JSON list of 1");
  assert.equal(kindText(readValue({ json: { a: 1 } })), "JSON object of 1");
  assert.equal(kindText(readValue({ json: null })), "JSON null");
});

test("statistics are of the finite numbers", () => {
  assert.deepEqual(statistics(new Float64Array([1, 3, NaN, Infinity])), { count: 2, other: 2, low: 1, high: 3, mean: 2, deviation: 1 });
  assert.equal(statistics([1e9 + 1, 1e9 + 3]).deviation, 1);
  assert.equal(statistics([]).mean, null);
});

test("an element's place is its index", () => {
  assert.deepEqual(indexOf(7, [2, 2, 3]), [1, 0, 1]);
  assert.deepEqual(indexOf(0, []), []);
});

test("arrays differ by element, with NaN the same as NaN", () => {
  const [a, b] = [readValue(floats(1, NaN, 3, 4)), readValue(floats(1, NaN, 3.5, 2))];
  const { count, of, first, facts } = diffValues(a, b);
  assert.deepEqual([count, of], [2, 4]);
  assert.deepEqual(first, [{ where: "[2]", left: 3, right: 3.5 }, { where: "[3]", left: 4, right: 2 }]);
  assert.deepEqual(facts.find(([name]) => name === "largest difference"), ["largest difference", "", 2]);
  const other = diffValues(a, readValue(floats(1)));
  assert.equal(other.count, null);
  assert.deepEqual(other.facts[1], ["shape", "[4]", "[1]"]);
  assert.equal(diffValues(a, readValue({ json: 1 })).count, null);
});

test("tables differ by column and row", () => {
  const table = (value) => readValue({ table: value });
  const { count, of, first, facts } = diffValues(table({ a: floats(1, 2), gone: ["x", "y"] }), table({ a: floats(1, 5), b: [1] }));
  assert.deepEqual([count, of], [1, 2]);
  assert.deepEqual(first, [{ where: "a, row 1", left: 2, right: 5 }]);
  assert.deepEqual(facts.filter(([name]) => ["gone", "b"].includes(name)), [["gone", "values", null], ["b", null, "values"]]);
});

test("JSON differs by path", () => {
  const json = (value) => readValue({ json: value });
  const { count, of, first } = diffValues(json({ a: [1, { b: 2 }], c: 1 }), json({ a: [1, { b: 3 }, 4], d: 1 }));
  assert.deepEqual(first.map(({ where }) => where), ["a[1].b", "a[2]", "c", "d"]);
  assert.deepEqual([count, of], [4, 5]);
  assert.equal(diffValues(json(1), json(1)).count, 0);
  assert.equal(diffValues(json(1), json([1])).first[0].where, "(all)");
});

test("values lead to runs, episodes, frames, images and snapshots", () => {
  const snapshot = "a".repeat(64);
  const links = linksOf([
    [{ run_id: "r1", n: 3 }], [[{ name: "frame", value: "h5://r1/frames/7" }, { name: "snapshot_id", value: snapshot }]],
    [{ images: [4, 5], image_id: 6 }], [{ episode: "r1/0", hash: snapshot }],
  ]);
  assert.deepEqual(links.map(({ text, snapshot: id }) => text ?? id.slice(0, 2)), ["run r1", "frame r1/frames/7", "aa", "image 4", "image 5", "image 6", "episode r1/0"]);
  assert.deepEqual(["image:4", "episode:r/0", "run:r", "snapshot:x", "h5://r/frames/1"].map((text) => linkOfReference(text).href ?? linkOfReference(text).snapshot),
    ["/?room=label&image=4", "/?room=replay&episode=r%2F0", "/?room=runs&run=r", "x", "/?room=replay&ref=h5:%2F%2Fr%2Fframes%2F1"]);
  for (const other of ["0123456789abcdef", "http://x", "h5://r/rewards/1"]) assert.equal(linkOfReference(other), null);
  assert.deepEqual(linksOf([[null], [undefined], [{ run: 3, image: "x" }], ["text"]]), []);
});

test("boxes are told in words", () => {
  const node = { id: "0123", variable: "Raw", metadata: { subject: 1, trial: 2 }, details: null, lineage: { function_name: "f" }, members: null };
  assert.equal(whereOf(node), "subject 1 · trial 2");
  assert.equal(whereOf({ ...node, members: ["a", "b"] }), "2 alike");
  assert.equal(whereOf({ ...node, metadata: null }), "0123 (deleted, or not kept)");
  assert.equal(whereOf({ ...node, metadata: {} }), "0123");
  assert.equal(shortTitleOf({ ...node, members: Array(160) }), "160 × Raw");
  assert.equal(functionText(node), "ƒ f");
  assert.equal(functionText({ ...node, lineage: null }), "not computed here");
  const frame = { ...node, id: "h5://r/frames/7", metadata: null, details: { step_index: 7, episode_id: "r/0" } };
  assert.equal(whereOf(frame), "r/frames/7");
  assert.equal(functionText(frame), "step_index 7 · episode_id r/0");
  assert.equal(bareID("snapshot:abc"), "abc");
  assert.deepEqual(["0123456789abcdef", "run:alpha", `snapshot:${"a".repeat(64)}`].map(shortID), ["01234567", "alpha", `${"a".repeat(16)}…`]);
  assert.equal(metadataText(null), "");
  assert.equal(constantText({ a: 1 }), '{"a":1}');
  assert.equal(constantText("x".repeat(300)).length, 200);
});
