import { groupBy, neighbours } from "./graph.js";

export const BOX = { width: 188, height: 74 };
const GAP = { x: 60, y: 22 };
/** What an edge that passes a layer takes of it. */
const LANE = 14;
const SWEEPS = 12;

/**
 * Places a graph from left to right, inputs to outputs (K. Sugiyama, S. Tagawa, M. Toda: Methods for visual understanding of
 * hierarchical system structures, 1981): layers by longest path, edges cut at each layer they pass, order by barycentres,
 * heights by least squares. Returns a place `{x, y, layer, order}` (the box's left top) for each id, and for each edge the
 * heights at which it passes layers.
 */
export function layout({ nodes, edges }) {
  const forward = withoutCycles(nodes, edges);
  const layerOf = layers(nodes, forward);
  const graph = proper(nodes, forward, layerOf);
  order(graph);
  const heights = place(graph);
  const top = Math.min(0, ...[...nodes.keys()].map((id) => heights.get(id)));
  const places = new Map();
  graph.layers.forEach((row, layer) => row.filter((key) => nodes.has(key)).forEach((id, order) => {
    places.set(id, { x: layer * (BOX.width + GAP.x), y: heights.get(id) - top - BOX.height / 2, layer, order });
  }));
  const low = Math.min(0, ...[...places.values()].map(({ y }) => y));
  for (const spot of places.values()) spot.y -= low;
  const lines = forward.map((edge) => ({
    ...edge,
    via: (graph.lanes.get(edge) ?? []).map((key) => ({ x: graph.layerOf.get(key) * (BOX.width + GAP.x), y: heights.get(key) - top - low })),
  }));
  const spots = [...places.values()];
  return {
    places,
    edges: lines,
    width: Math.max(BOX.width, ...spots.map(({ x }) => x + BOX.width)),
    height: Math.max(BOX.height, ...spots.map(({ y }) => y + BOX.height)),
  };
}

/** Without the edges that close a circle, which a record can't be part of but data of others may say. */
function withoutCycles(nodes, edges) {
  const from = groupBy(edges, (edge) => edge.from);
  const state = new Map();
  const back = new Set();
  for (const start of nodes.keys()) {
    if (state.has(start)) continue;
    const stack = [{ id: start, at: 0 }];
    state.set(start, "open");
    while (stack.length > 0) {
      const top = stack.at(-1);
      const edge = from.get(top.id)?.[top.at++];
      if (edge === undefined) {
        state.set(top.id, "done");
        stack.pop();
      } else if (state.get(edge.to) === "open") {
        back.add(edge);
      } else if (!state.has(edge.to)) {
        state.set(edge.to, "open");
        stack.push({ id: edge.to, at: 0 });
      }
    }
  }
  return edges.filter((edge) => !back.has(edge));
}

/** The layer of each node: behind all of its inputs; what has no input stands right before what needs it. */
function layers(nodes, edges) {
  const [inputs, outputs] = neighbours(nodes, edges);
  const waiting = new Map([...nodes.keys()].map((id) => [id, inputs.get(id).length]));
  const sorted = [...nodes.keys()].filter((id) => waiting.get(id) === 0);
  const layer = new Map();
  for (let k = 0; k < sorted.length; k += 1) {
    const id = sorted[k];
    layer.set(id, Math.max(-1, ...inputs.get(id).map((each) => layer.get(each))) + 1);
    for (const next of outputs.get(id)) {
      waiting.set(next, waiting.get(next) - 1);
      if (waiting.get(next) === 0) sorted.push(next);
    }
  }
  for (const id of sorted.toReversed()) {
    const next = outputs.get(id);
    if (next.length > 0 && inputs.get(id).length === 0) layer.set(id, Math.min(...next.map((each) => layer.get(each))) - 1);
  }
  return layer;
}

/** The layers with lanes where edges pass, and who is beside whom. */
function proper(nodes, edges, layerOf) {
  const first = Math.min(0, ...layerOf.values());
  const all = new Map([...layerOf].map(([id, layer]) => [id, layer - first]));
  const rows = Array.from({ length: Math.max(0, ...all.values()) + 1 }, () => []);
  for (const id of nodes.keys()) rows[all.get(id)].push(id);
  const left = new Map([...nodes.keys()].map((id) => [id, []]));
  const right = new Map([...nodes.keys()].map((id) => [id, []]));
  const lanes = new Map();
  const link = (a, b) => {
    right.get(a).push(b);
    left.get(b).push(a);
  };
  edges.forEach((edge, number) => {
    let previous = edge.from;
    const passed = [];
    for (let layer = all.get(edge.from) + 1; layer < all.get(edge.to); layer += 1) {
      const key = `\u0000${number}.${layer}`;
      all.set(key, layer);
      rows[layer].push(key);
      left.set(key, []);
      right.set(key, []);
      link(previous, key);
      passed.push(key);
      previous = key;
    }
    link(previous, edge.to);
    lanes.set(edge, passed);
  });
  return { layers: rows, left, right, layerOf: all, lanes };
}

/** Orders each layer by the mean place of its neighbours, to and fro, and keeps the order with the fewest crossings. */
function order(graph) {
  const { layers: rows, left, right } = graph;
  let best = { crossings: Infinity, rows: null };
  for (let sweep = 0; sweep <= SWEEPS; sweep += 1) {
    const found = rows.slice(1).reduce((sum, row, k) => sum + crossings(rows[k], row, left), 0);
    if (found < best.crossings) best = { crossings: found, rows: rows.map((row) => [...row]) };
    if (found === 0 || sweep === SWEEPS) break;
    const [side, steps] = sweep % 2 === 0 ? [left, rows.keys()] : [right, [...rows.keys()].reverse()];
    for (const layer of steps) {
      const near = new Map(rows[layer + (side === left ? -1 : 1)]?.map((key, place) => [key, place]));
      const weigh = (key, place) => {
        const others = side.get(key);
        return others.length === 0 ? place : others.reduce((sum, each) => sum + near.get(each), 0) / others.length;
      };
      const weights = new Map(rows[layer].map((key, place) => [key, weigh(key, place)]));
      rows[layer].sort((a, b) => weights.get(a) - weights.get(b));
    }
  }
  graph.layers = best.rows;
}

/** How many edges between two layers cross, counted with a Fenwick tree over the left one. */
function crossings(near, row, left) {
  const placeOf = new Map(near.map((key, place) => [key, place]));
  const tree = new Int32Array(near.length + 1);
  let [total, found] = [0, 0];
  for (const key of row) {
    const places = left.get(key).map((each) => placeOf.get(each));
    for (const place of places) {
      let before = 0;
      for (let k = place + 1; k > 0; k -= k & -k) before += tree[k];
      found += total - before;
    }
    for (const place of places) {
      for (let k = place + 1; k <= near.length; k += k & -k) tree[k] += 1;
      total += 1;
    }
  }
  return found;
}

/** The height of each centre: near its neighbours', and never over another. */
function place({ layers: rows, left, right }) {
  const heights = new Map();
  const isLane = (key) => key.charCodeAt(0) === 0;
  const apart = (a, b) => (isLane(a) ? LANE : BOX.height + GAP.y) / 2 + (isLane(b) ? LANE : BOX.height + GAP.y) / 2;
  for (const row of rows) {
    let y = 0;
    row.forEach((key, k) => heights.set(key, (y += k === 0 ? 0 : apart(row[k - 1], key))));
    for (const key of row) heights.set(key, heights.get(key) - y / 2);
  }
  for (let sweep = 0; sweep < SWEEPS; sweep += 1) {
    const side = sweep % 2 === 0 ? left : right;
    const isLast = sweep >= SWEEPS - 2;
    for (const row of sweep % 2 === 0 ? rows : rows.toReversed()) {
      const wanted = row.map((key) => {
        const others = isLast ? [...left.get(key), ...right.get(key)] : side.get(key);
        return others.length === 0 ? heights.get(key) : others.reduce((sum, each) => sum + heights.get(each), 0) / others.length;
      });
      spread(wanted, row.map((key, k) => (k === 0 ? 0 : apart(row[k - 1], key)))).forEach((y, k) => heights.set(row[k], y));
    }
  }
  return heights;
}

/** The numbers nearest to the wanted ones (by least squares) that lie at least so far apart: pools of adjacent violators. */
export function spread(wanted, gaps) {
  let offset = 0;
  const offsets = gaps.map((gap) => (offset += gap));
  const pools = [];
  wanted.forEach((value, k) => {
    pools.push({ sum: value - offsets[k], count: 1 });
    while (pools.length > 1 && pools.at(-2).sum / pools.at(-2).count > pools.at(-1).sum / pools.at(-1).count) {
      const { sum, count } = pools.pop();
      pools.at(-1).sum += sum;
      pools.at(-1).count += count;
    }
  });
  return pools.flatMap(({ sum, count }) => Array(count).fill(sum / count)).map((value, k) => value + offsets[k]);
}
