/** As many hues as can be told apart, with any kind of colour vision; theme.css has them as --run-1 and on. */
export const HUES = 8;

const DASHES = [[], [6, 4], [2, 3], [9, 3, 2, 3]];
const KNOWN_PHASES = { "": 0, train: 0, training: 0, val: 1, valid: 1, validation: 1, eval: 1, test: 2 };

/**
 * A hue, 1 … 8, for each selected run: the one by the run's place among all runs, so that it stays the same; where another
 * selected run has it already, the next free one. `order` are all runs' ids from the oldest on, `before` what the last
 * call gave, which stays where it can.
 */
export function assignHues(order, selected, before = new Map()) {
  const places = new Map(order.map((id, place) => [id, place]));
  const wanted = (id) => ((places.get(id) ?? hash(id)) % HUES) + 1;
  const given = new Map();
  const taken = new Set();
  const give = (id, hue) => {
    given.set(id, hue);
    taken.add(hue);
  };
  for (const id of selected) {
    if (before.has(id) && !taken.has(before.get(id))) give(id, before.get(id));
  }
  for (const id of selected) {
    if (!given.has(id)) give(id, freeHue(wanted(id), taken));
  }
  return given;
}

/** The dash pattern of a phase: what is trained on is solid, what is validated on dashed. */
export function dashOf(phase) {
  const known = KNOWN_PHASES[phase.toLowerCase()];
  return DASHES[known ?? DASHES.length - 1];
}

/** Phases in the order in which they are named: train, val, test, others. */
export function byPhase(a, b) {
  const place = (phase) => KNOWN_PHASES[phase.toLowerCase()] ?? DASHES.length;
  return place(a) - place(b) || a.localeCompare(b);
}

function freeHue(wanted, taken) {
  for (let step = 0; step < HUES; step += 1) {
    const hue = ((wanted - 1 + step) % HUES) + 1;
    if (!taken.has(hue)) return hue;
  }
  return wanted;
}

function hash(text) {
  let sum = 0;
  for (const letter of text) sum = (sum * 31 + letter.codePointAt(0)) >>> 0;
  return sum;
}
