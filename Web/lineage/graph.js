import { inOrder } from "./filter.js";

const ROUNDS = 30;

/**
 * One graph of what a record was made of and what was made of it: nodes by record id, edges from input to output with the
 * parameters' names. `distance` counts steps from the record, what it was made of below zero; metadata begin with the schema
 * `keys`.
 */
export function mergeGraphs(upstream, downstream, keys = []) {
  const nodes = new Map();
  const edges = new Map();
  for (const [graph, sign] of [[upstream, -1], [downstream, 1]]) {
    for (const record of graph?.records ?? []) {
      if (!nodes.has(record.record_id)) nodes.set(record.record_id, nodeOf(record, sign * record.depth || 0, keys));
    }
    for (const { from, to, name } of graph?.edges ?? []) {
      if (!nodes.has(from) || !nodes.has(to)) continue;
      const key = `${from} ${to}`;
      if (!edges.has(key)) edges.set(key, { from, to, names: [] });
      const { names } = edges.get(key);
      if (!names.includes(name)) names.push(name);
    }
  }
  return { nodes, edges: [...edges.values()], isCut: Boolean(upstream?.is_cut || downstream?.is_cut) };
}

/** A node: a record of a variable; or what has `details` instead: a snapshot, an image, a frame, an episode, a run. */
function nodeOf({ record_id: id, output_type: variable, metadata, details, is_evicted: isEvicted, lineage, created_at: at }, distance, keys) {
  return { id, variable, details: details ?? null, isEvicted: isEvicted ?? false, metadata: metadata ? inOrder(metadata, keys) : null, lineage: lineage ?? null, at: at ?? null, distance, members: null, hidden: 0 };
}

/** The nodes at most so many steps away; those at the border count in `hidden` how many of their neighbours are left out. */
export function within({ nodes, edges, isCut }, most) {
  const kept = new Map([...nodes].filter(([, { distance }]) => Math.abs(distance) <= most).map(([id, node]) => [id, { ...node, hidden: 0 }]));
  const inside = [];
  for (const edge of edges) {
    const [from, to] = [kept.get(edge.from), kept.get(edge.to)];
    if (from && to) inside.push(edge);
    else if (from ?? to) (from ?? to).hidden += 1;
  }
  return { nodes: kept, edges: inside, isCut };
}

/**
 * Takes nodes together that are alike: of the same variable, made by the same function, of alike inputs and for alike
 * outputs. `apart` are ids that stay as they are. A group has the id of its first member, and `members`.
 */
export function groupAlike({ nodes, edges, isCut }, apart = new Set()) {
  const [inputs, outputs] = neighbours(nodes, edges);
  let colors = new Map([...nodes].map(([id, node]) => [id, apart.has(id) ? `=${id}` : `${node.variable}\n${node.lineage?.function_name ?? ""}\n${node.distance}`]));
  let count = 0;
  // The coarsest partition whose parts see the same parts on either side: each round can only split, and few are needed.
  for (let round = 0; round < ROUNDS; round += 1) {
    const numbers = new Map();
    const next = new Map();
    const seen = (list) => [...new Set(list.map((id) => colors.get(id)))].sort().join(",");
    for (const id of nodes.keys()) {
      const key = `${colors.get(id)}|${seen(inputs.get(id))}|${seen(outputs.get(id))}`;
      if (!numbers.has(key)) numbers.set(key, String(numbers.size));
      next.set(id, numbers.get(key));
    }
    colors = next;
    if (numbers.size === count) break;
    count = numbers.size;
  }
  const parts = groupBy([...nodes.keys()], (id) => colors.get(id));
  const leader = new Map();
  for (const ids of parts.values()) for (const id of ids) leader.set(id, ids[0]);
  const grouped = new Map();
  for (const ids of parts.values()) {
    const first = nodes.get(ids[0]);
    const hidden = ids.reduce((sum, id) => sum + nodes.get(id).hidden, 0);
    grouped.set(ids[0], ids.length === 1 ? first : { ...first, members: ids, hidden });
  }
  const merged = new Map();
  for (const { from, to, names } of edges) {
    const [a, b] = [leader.get(from), leader.get(to)];
    const key = `${a} ${b}`;
    if (a === b) continue;
    if (!merged.has(key)) merged.set(key, { from: a, to: b, names: [...names], count: 0 });
    const edge = merged.get(key);
    edge.count += 1;
    for (const name of names) if (!edge.names.includes(name)) edge.names.push(name);
  }
  return { nodes: grouped, edges: [...merged.values()], isCut };
}

/** The ids of each node's inputs, and of its outputs. */
export function neighbours(nodes, edges) {
  const inputs = new Map([...nodes.keys()].map((id) => [id, []]));
  const outputs = new Map([...nodes.keys()].map((id) => [id, []]));
  for (const { from, to } of edges) {
    inputs.get(to).push(from);
    outputs.get(from).push(to);
  }
  return [inputs, outputs];
}

/** All that a node was made of and all that was made of it, itself included. */
export function related(id, inputs, outputs) {
  const found = new Set([id]);
  for (const next of [inputs, outputs]) {
    const waiting = [id];
    const seen = new Set(waiting);
    while (waiting.length > 0) {
      for (const other of next.get(waiting.pop()) ?? []) {
        if (seen.has(other)) continue;
        seen.add(other);
        found.add(other);
        waiting.push(other);
      }
    }
  }
  return found;
}

/** Lists of what has the same key, in the order in which these come. */
export function groupBy(items, keyOf) {
  const groups = new Map();
  for (const item of items) {
    const key = keyOf(item);
    if (groups.has(key)) groups.get(key).push(item);
    else groups.set(key, [item]);
  }
  return groups;
}
