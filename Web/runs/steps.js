const REFERENCE = /^h5:\/\/([A-Za-z0-9][A-Za-z0-9._-]{0,127})\/([A-Za-z_][A-Za-z0-9_.]{0,63})\/(0|[1-9]\d{0,18})$/;

/** The address of the picture that a reference names, or null where it names none. */
export function frameURL(reference, size) {
  const parts = REFERENCE.exec(reference ?? "");
  if (!parts) return null;
  const path = `/frames/${parts[1]}/${parts[2]}/${parts[3]}.png`;
  return size === undefined ? path : `${path}?size=${size}`;
}

/** Return so far at each step: the running sum of rewards. */
export function runningReturns(steps) {
  let sum = 0;
  return steps.map(({ reward }) => (sum += Number(reward)));
}

/** Up to n positions spread evenly over 0 … length − 1, both ends included. */
export function spread(length, n) {
  if (length <= n) return Array.from({ length }, (_, index) => index);
  return Array.from({ length: n }, (_, index) => Math.round((index * (length - 1)) / (n - 1)));
}

/** Where in the list a step index stands: its own position, or that of the next one there is. */
export function positionOf(steps, stepIndex) {
  let low = 0;
  let high = steps.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (steps[middle].step_index < stepIndex) low = middle + 1;
    else high = middle;
  }
  return Math.max(0, low);
}

/** Positions worth having ready around the shown one: mostly ahead, in the direction of play. */
export function around(position, length, ahead, behind) {
  const wanted = [position];
  for (let offset = 1; offset <= Math.max(ahead, behind); offset += 1) {
    if (offset <= ahead && position + offset < length) wanted.push(position + offset);
    if (offset <= behind && position - offset >= 0) wanted.push(position - offset);
  }
  return wanted;
}

/** How an episode stands or ended. */
export function ending({ terminated, truncated, finished }) {
  if (terminated) return "terminated";
  if (truncated) return "truncated";
  return finished ? "finished" : "open";
}
