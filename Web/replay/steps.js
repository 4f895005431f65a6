import { formatRoute } from "../route.js";

const REFERENCE = /^h5:\/\/([A-Za-z0-9][A-Za-z0-9._-]{0,127})\/([A-Za-z_][A-Za-z0-9_.]{0,63})\/(0|[1-9]\d{0,18})$/;

/** The address of the picture that a reference names, or null where it names none. */
export function frameURL(reference, size) {
  const parts = REFERENCE.exec(reference ?? "");
  if (!parts) return null;
  const path = `/frames/${parts[1]}/${parts[2]}/${parts[3]}.png`;
  return size === undefined ? path : `${path}?size=${size}`;
}

/** The address that shows a frame in its episode; null where no run's frame is meant. */
export function frameAddress(reference) {
  return REFERENCE.exec(reference ?? "")?.[2] === "frames" ? formatRoute({ room: "replay", ref: reference }) : null;
}

/** How fast one may play, in multiples of `BASE` steps a second. */
export const SPEEDS = [0.25, 0.5, 1, 2, 4, 8, 16];
export const BASE = 30;

/** The speed that an address names, or 1. */
export function parseSpeed(text) {
  return SPEEDS.includes(Number(text)) ? Number(text) : 1;
}

/** The next faster (by 1) or slower (by −1) speed; the last one stays. */
export function nextSpeed(speed, by) {
  const index = SPEEDS.indexOf(speed) + by;
  return SPEEDS[Math.min(SPEEDS.length - 1, Math.max(0, index))];
}

/**
 * How many steps to go on after some milliseconds. What is left over is carried to the next paint, up to half a step either
 * way, so that a paint which is a little early or late neither repeats nor skips a step.
 */
export function advance(carry, milliseconds, rate) {
  const total = carry + (milliseconds * rate) / 1000;
  const steps = Math.max(0, Math.round(total));
  return { steps, carry: total - steps };
}

/** Adds the return so far at each of further steps: the running sum of rewards. */
export function addReturns(returns, steps) {
  let sum = returns.at(-1) ?? 0;
  for (const { reward } of steps) returns.push((sum += Number(reward)));
  return returns;
}

/** The step numbers of two episodes in one ascending row. */
export function mergeIndices(a, b) {
  const merged = [];
  for (let i = 0, j = 0; i < a.length || j < b.length;) {
    const next = Math.min(a[i] ?? Infinity, b[j] ?? Infinity);
    if (a[i] === next) i += 1;
    if (b[j] === next) j += 1;
    merged.push(next);
  }
  return merged;
}

/** Where in an ascending row of step numbers one stands: its own place, or that of the next one there is. */
export function positionOf(indices, index) {
  let low = 0;
  let high = indices.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (indices[middle] < index) low = middle + 1;
    else high = middle;
  }
  return Math.max(0, low);
}

/** The place of the last step that is not after this one; the first one's before all. */
export function placeAt(indices, index) {
  const place = positionOf(indices, index);
  return place > 0 && indices[place] > index ? place - 1 : place;
}

/** Positions from here on, the nearest first, and a few behind. */
export function around(position, length, ahead, behind) {
  const wanted = [position];
  for (let offset = 1; offset <= Math.max(ahead, behind); offset += 1) {
    if (offset <= ahead && position + offset < length) wanted.push(position + offset);
    if (offset <= behind && position - offset >= 0) wanted.push(position - offset);
  }
  return wanted;
}

/** The step that a share of the seek bar's width stands for. */
export function stepAtShare(first, last, share) {
  return Math.round(first + Math.min(1, Math.max(0, share)) * (last - first));
}

/** How an episode stands or ended. */
export function ending({ terminated, truncated, finished }) {
  if (terminated) return "terminated";
  if (truncated) return "truncated";
  return finished ? "finished" : "open";
}
