import { groupAlike, within } from "./graph.js";

/** From so many records on, those that are alike are taken together unless somebody says otherwise. */
const MANY = 60;
/** With more boxes than this only what is nearer is shown. */
const MOST = 1500;
export const WAYS = { both: () => true, up: ({ distance }) => distance <= 0, down: ({ distance }) => distance >= 0 };

/**
 * What is shown of a graph around its `root`: one `way` or both, at most `depth` steps, with what is `alike` as one box (true,
 * false, or null: if there are many), except for the ids that are `parted`. Less deep where there would be too many boxes.
 */
export function portion(graph, { root, way, depth, alike, parted }) {
  const isGrouped = alike ?? cut(graph, way, depth).nodes.size > MANY;
  const farthest = Math.max(0, ...[...graph.nodes.values()].map(({ distance }) => Math.abs(distance)));
  const most = Math.min(depth, farthest);
  const shown = (steps) => {
    const kept = cut(graph, way, steps);
    const { nodes, edges } = isGrouped ? groupAlike(kept, new Set([root, ...parted])) : kept;
    return { nodes, edges, isGrouped, records: kept.nodes.size, isLess: steps < most };
  };
  const all = shown(most);
  if (all.nodes.size <= MOST) return all;
  // The farthest that is not too much, by halving; one step is always shown.
  let [low, high] = [1, most];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (shown(middle).nodes.size <= MOST) low = middle;
    else high = middle;
  }
  return shown(low);
}

function cut(graph, way, depth) {
  const { nodes, edges } = within(graph, depth);
  const kept = new Map([...nodes].filter(([, node]) => WAYS[way](node)));
  return { nodes: kept, edges: edges.filter(({ from, to }) => kept.has(from) && kept.has(to)) };
}
