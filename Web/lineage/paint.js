import { BOX } from "./layout.js";
import { functionText, shortTitleOf, whereOf } from "./words.js";

/** Below this scale a box is a patch of its variable's colour. */
const NAMED = 0.3;
const PAD = 12;
const LETTER = 14;
const DIM = 0.28;

/** Draws what a camera sees of a placed graph; `state` has the root's, the chosen and the pointed-at id, and what is lit. */
export function paint(context, { box, camera, drawn, nodes, hues, state, colors }) {
  const { scale, x, y } = camera;
  const seen = { left: -x / scale, top: -y / scale, right: (box.width - x) / scale, bottom: (box.height - y) / scale };
  context.save();
  context.translate(x, y);
  context.scale(scale, scale);
  for (const isLit of [false, true]) {
    for (const edge of drawn.edges) {
      if ((state.lit === null || (state.lit.has(edge.from) && state.lit.has(edge.to))) !== isLit) continue;
      line(context, edge, drawn.places, seen, { colors, scale, isStrong: state.lit !== null && isLit, isDim: !isLit });
    }
  }
  for (const [id, spot] of drawn.places) {
    if (spot.x > seen.right || spot.x + BOX.width < seen.left || spot.y > seen.bottom || spot.y + BOX.height < seen.top) continue;
    node(context, nodes.get(id), spot, { colors, scale, hue: hues.get(nodes.get(id).variable), state });
  }
  context.restore();
}

function line(context, edge, places, seen, { colors, scale, isStrong, isDim }) {
  const [from, to] = [places.get(edge.from), places.get(edge.to)];
  const start = { x: from.x + BOX.width, y: from.y + BOX.height / 2 };
  const end = { x: to.x, y: to.y + BOX.height / 2 };
  const heights = [start.y, end.y, ...edge.via.map((spot) => spot.y)];
  if (start.x > seen.right || end.x < seen.left || Math.min(...heights) > seen.bottom || Math.max(...heights) < seen.top) return;
  context.globalAlpha = isDim ? DIM : 1;
  context.strokeStyle = isStrong ? colors.accent : colors["line-strong"];
  context.lineWidth = (isStrong ? 1.8 : 1.1) / Math.max(scale, 0.4);
  context.beginPath();
  context.moveTo(start.x, start.y);
  let at = start;
  const reach = (next) => {
    const middle = (at.x + next.x) / 2;
    context.bezierCurveTo(middle, at.y, middle, next.y, next.x, next.y);
    at = next;
  };
  for (const spot of edge.via) {
    reach(spot);
    at = { x: spot.x + BOX.width, y: spot.y };
    context.lineTo(at.x, at.y);
  }
  reach({ x: end.x - 5, y: end.y });
  context.stroke();
  if (scale >= NAMED) {
    context.fillStyle = context.strokeStyle;
    context.beginPath();
    context.moveTo(end.x - 1, end.y);
    context.lineTo(end.x - 8, end.y - 4);
    context.lineTo(end.x - 8, end.y + 4);
    context.fill();
  }
  context.globalAlpha = 1;
}

function node(context, each, { x, y }, { colors, scale, hue, state }) {
  const isChosen = each.id === state.chosen;
  const isRoot = each.id === state.root;
  context.globalAlpha = state.lit === null || state.lit.has(each.id) ? 1 : DIM;
  if (each.members !== null && scale >= NAMED) {
    for (const shift of [6, 3]) frame(context, x + shift, y + shift, colors.surface, colors["line-strong"], 1);
  }
  const edge = isChosen || isRoot ? colors.accent : each.id === state.pointed ? colors.muted : colors["line-strong"];
  frame(context, x, y, isChosen ? colors["accent-soft"] : colors.surface, edge, (isChosen ? 2.5 : isRoot ? 1.8 : 1) / Math.max(scale, 0.5));
  context.fillStyle = hue === undefined ? colors["line-strong"] : colors.hues[hue];
  context.beginPath();
  context.roundRect(x, y, scale < NAMED ? BOX.width : 5, BOX.height, scale < NAMED ? 6 : [6, 0, 0, 6]);
  context.fill();
  if (scale >= NAMED) words(context, each, { x, y }, { colors, scale });
  context.globalAlpha = 1;
}

function frame(context, x, y, fill, stroke, width) {
  context.beginPath();
  context.roundRect(x, y, BOX.width, BOX.height, 6);
  context.fillStyle = fill;
  context.fill();
  context.strokeStyle = stroke;
  context.lineWidth = width;
  context.stroke();
}

/** Text is as large on the screen at every scale, so that it can be read; what has no room is left out, the last line first. */
function words(context, each, { x, y }, { colors, scale }) {
  const size = Math.max(LETTER, LETTER / scale);
  const lines = Math.floor((BOX.height - 2) / (size * 1.22));
  const pad = Math.min(PAD, PAD / Math.sqrt(scale));
  const write = (text, middle, color, weight, room) => {
    context.fillStyle = color;
    context.font = `${weight} ${size}px ${colors.font}`;
    context.fillText(shortened(context, text, room), x + pad, middle);
  };
  const badge = each.hidden > 0 && lines > 1 ? `+${each.hidden}` : null;
  context.font = `600 ${size}px ${colors.font}`;
  const wide = badge === null ? 0 : context.measureText(badge).width + size * 0.8;
  context.textBaseline = "middle";
  const texts = lines === 1 ? [shortTitleOf(each)] : [each.variable, whereOf(each), functionText(each)].slice(0, lines);
  const step = Math.min(size * 1.36, BOX.height / (texts.length + 0.4));
  const top = y + BOX.height / 2 - ((texts.length - 1) * step) / 2;
  texts.forEach((text, k) => write(text, top + k * step, k === 0 ? colors.text : colors.muted, k === 0 ? 600 : 400, BOX.width - 2 * pad - (k === 0 ? wide : 0)));
  if (badge === null) return;
  context.fillStyle = colors.line;
  context.beginPath();
  context.roundRect(x + BOX.width - wide - 4, top - size * 0.68, wide, size * 1.3, size * 0.65);
  context.fill();
  context.fillStyle = colors.text;
  context.font = `600 ${size}px ${colors.font}`;
  context.fillText(badge, x + BOX.width - wide - 4 + size * 0.4, top);
}

const fitting = new Map();

/** A text that fits, with its end left out if need be; measured once. */
function shortened(context, text, room) {
  const key = `${context.font}\n${room}\n${text}`;
  if (fitting.has(key)) return fitting.get(key);
  let shown = text;
  if (context.measureText(text).width > room) {
    let [low, high] = [0, text.length];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (context.measureText(`${text.slice(0, middle)}…`).width <= room) low = middle;
      else high = middle - 1;
    }
    shown = `${text.slice(0, low)}…`;
  }
  if (fitting.size > 5000) fitting.clear();
  fitting.set(key, shown);
  return shown;
}
