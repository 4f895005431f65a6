import { dayOffset, logTicks, placeText, ticks, timeTicks, valueText } from "./axis.js";
import { fitCanvas } from "./canvas.js";
import { dashOf } from "./colors.js";

const FONT_SIZE = 14;
const EDGE = { top: 10, bottom: 26, right: 14, tags: 26 };
const TAG = 16;

/** Draws axes and lines; returns the frame: where the plot is, and the way from values to pixels and back. */
export function paintChart(canvas, { width, height, lines, window, range, kind, isLog, hasTags }, colors) {
  const context = fitCanvas(canvas, width, height);
  context.font = `${FONT_SIZE}px ${colors.font}`;
  context.textBaseline = "middle";
  const rows = Math.max(2, Math.floor((height - EDGE.top - EDGE.bottom) / 40));
  const y = isLog ? logTicks(range.low, range.high, rows) : ticks(range.low, range.high, rows);
  const labels = y.marks.map((value) => valueText(value, y.step));
  const left = Math.ceil(Math.max(28, ...labels.map((text) => context.measureText(text).width))) + 10;
  const frame = frameOf({ left, top: EDGE.top, right: width - (hasTags ? EDGE.tags : EDGE.right), bottom: height - EDGE.bottom }, window, range, isLog);
  paintGrid(context, frame, { y: y.marks, labels, kind, width }, colors);
  context.save();
  context.beginPath();
  context.rect(frame.left, 0, frame.right - frame.left, height);
  context.clip();
  for (const line of lines) paintBand(context, frame, line, colors);
  for (const line of lines) paintLine(context, frame, line, colors);
  for (const line of lines) paintMarks(context, frame, line, colors);
  context.restore();
  if (hasTags) paintTags(context, frame, lines, colors);
  return frame;
}

/** Draws what follows the pointer: the line at an x with a dot on each line, or the stretch that is being chosen. */
export function paintOver(canvas, { width, height, frame, x, points, drag }, colors) {
  const context = fitCanvas(canvas, width, height);
  if (drag) {
    context.fillStyle = colors.accent;
    context.globalAlpha = 0.16;
    context.fillRect(drag.from, frame.top, drag.to - drag.from, frame.bottom - frame.top);
    context.globalAlpha = 1;
    for (const at of [drag.from, drag.to]) context.fillRect(at - 0.5, frame.top, 1, frame.bottom - frame.top);
  }
  if (x === null) return;
  context.fillStyle = colors["line-strong"];
  context.fillRect(Math.round(frame.x(x)), frame.top, 1, frame.bottom - frame.top);
  for (const { line, point } of points) {
    const value = line.smoothed ? point.smoothed : point.value;
    const at = frame.y(value);
    if (typeof value !== "number" || !Number.isFinite(at)) continue;
    context.beginPath();
    context.arc(frame.x(point.x), at, 4, 0, 2 * Math.PI);
    context.fillStyle = colors.hues[line.hue];
    context.strokeStyle = colors.surface;
    context.lineWidth = 2;
    context.stroke();
    context.fill();
  }
}

function frameOf(box, window, range, isLog) {
  const scale = isLog ? Math.log10 : (value) => value;
  const [low, high] = [scale(range.low), scale(range.high)];
  const wide = (box.right - box.left) / (window.to - window.from);
  const tall = (box.bottom - box.top) / (high - low);
  return {
    ...box,
    isLog,
    x: (value) => box.left + (value - window.from) * wide,
    y: (value) => (isLog && !(value > 0) ? NaN : box.bottom - (scale(value) - low) * tall),
    fromX: (at) => window.from + (at - box.left) / wide,
    window,
  };
}

function paintGrid(context, frame, { y, labels, kind, width }, colors) {
  context.fillStyle = colors.line;
  for (const value of y) context.fillRect(frame.left, Math.round(frame.y(value)), frame.right - frame.left, 1);
  context.fillStyle = colors.muted;
  context.textAlign = "right";
  y.forEach((value, index) => context.fillText(labels[index], frame.left - 8, frame.y(value) + 1));
  const { from, to } = frame.window;
  const n = Math.max(2, Math.floor((frame.right - frame.left) / 70));
  const isTime = kind === "time" || kind === "relative";
  const x = isTime ? timeTicks(from, to, n, kind === "time" ? dayOffset(from) : 0) : ticks(from, to, n);
  context.textAlign = "center";
  let end = 0;
  for (const value of x.marks) {
    const text = placeText(value, kind, x.step);
    const half = context.measureText(text).width / 2;
    const at = Math.min(frame.x(value), width - half - 2);
    context.fillRect(Math.round(frame.x(value)), frame.bottom, 1, 4);
    if (at - half < end + 8) continue;
    context.fillText(text, at, frame.bottom + 15);
    end = at + half;
  }
}

/** The light area between the lowest and the highest value of each bucket. */
function paintBand(context, frame, { x, low, high, hue }, colors) {
  context.beginPath();
  const floor = frame.isLog ? frame.bottom + 4 : NaN;
  let start = -1;
  let hasArea = false;
  for (let index = 0; index <= x.length; index += 1) {
    const isThere = index < x.length && high[index] >= low[index] && !(frame.isLog && !(high[index] > 0));
    if (isThere && low[index] < high[index]) hasArea = true;
    if (isThere && start < 0) start = index;
    if (isThere || start < 0) continue;
    for (let k = start; k < index; k += 1) context.lineTo(frame.x(x[k]), frame.y(high[k]));
    for (let k = index - 1; k >= start; k -= 1) context.lineTo(frame.x(x[k]), frame.isLog && !(low[k] > 0) ? floor : frame.y(low[k]));
    context.closePath();
    if (index < x.length) context.moveTo(0, 0);
    start = -1;
  }
  if (!hasArea) return;
  context.globalAlpha = 0.16;
  context.fillStyle = colors.hues[hue];
  context.fill();
  context.globalAlpha = 1;
}

/** The values as they are, and the smoothed ones over them, where there are some. */
function paintLine(context, frame, line, colors) {
  context.strokeStyle = colors.hues[line.hue];
  context.fillStyle = colors.hues[line.hue];
  context.lineJoin = "round";
  context.globalAlpha = line.smoothed ? 0.35 : 1;
  context.lineWidth = line.smoothed ? 1 : 1.6;
  context.setLineDash(line.smoothed ? [] : dashOf(line.phase));
  stroke(context, frame, line.x, line.last);
  context.globalAlpha = 1;
  if (line.smoothed) {
    context.lineWidth = 2;
    context.setLineDash(dashOf(line.phase));
    stroke(context, frame, line.x, line.smoothed);
  }
  context.setLineDash([]);
}

function stroke(context, frame, x, values) {
  context.beginPath();
  let run = 0;
  for (let index = 0; index <= x.length; index += 1) {
    const y = index < x.length ? frame.y(values[index]) : NaN;
    if (Number.isFinite(y)) {
      if (run === 0) context.moveTo(frame.x(x[index]), y);
      else context.lineTo(frame.x(x[index]), y);
      run += 1;
      continue;
    }
    if (run === 1) dot(context, frame.x(x[index - 1]), frame.y(values[index - 1]));
    run = 0;
  }
  context.stroke();
}

/** A point without neighbours, as part of the path. */
function dot(context, x, y) {
  context.moveTo(x - 1.5, y);
  context.arc(x, y, 1.5, Math.PI, 3 * Math.PI);
}

/** A cross where a value is not a number, a triangle up or down where it is infinite. */
function paintMarks(context, frame, { x, marks, hue }, colors) {
  context.strokeStyle = colors.hues[hue];
  context.lineWidth = 2;
  context.beginPath();
  let before = -Infinity;
  for (const { index, value } of marks) {
    const at = frame.x(x[index]);
    if (at - before < 12) continue;
    before = at;
    const y = value === "-Infinity" ? frame.bottom - 7 : frame.top + 5;
    if (value === "NaN") {
      context.moveTo(at - 4, y - 4);
      context.lineTo(at + 4, y + 4);
      context.moveTo(at + 4, y - 4);
      context.lineTo(at - 4, y + 4);
    } else {
      const tip = value === "Infinity" ? -4 : 4;
      context.moveTo(at - 4, y - tip);
      context.lineTo(at, y + tip);
      context.lineTo(at + 4, y - tip);
      context.closePath();
    }
  }
  context.stroke();
}

/** The runs' numbers at the ends of their lines, moved apart where they would cover each other. */
function paintTags(context, frame, lines, colors) {
  const tags = new Map();
  for (const line of lines) {
    if (tags.has(line.run)) continue;
    const y = lastHeight(frame, line);
    if (y !== null) tags.set(line.run, { line, y });
  }
  const placed = [...tags.values()].sort((a, b) => a.y - b.y);
  if (placed.length * TAG > frame.bottom - frame.top + TAG) return;
  for (let index = 1; index < placed.length; index += 1) placed[index].y = Math.max(placed[index].y, placed[index - 1].y + TAG);
  let most = frame.bottom;
  for (const tag of placed.toReversed()) {
    tag.y = Math.min(tag.y, most);
    most = tag.y - TAG;
  }
  context.textAlign = "left";
  context.font = `600 ${FONT_SIZE}px ${colors.font}`;
  for (const { line, y } of placed) {
    context.fillStyle = colors.hues[line.hue];
    context.fillText(line.tag, frame.right + 5, y + 1);
  }
}

function lastHeight(frame, { x, last, smoothed }) {
  const values = smoothed ?? last;
  for (let index = x.length - 1; index >= 0; index -= 1) {
    if (x[index] > frame.window.to) continue;
    const y = frame.y(values[index]);
    if (Number.isFinite(y)) return Math.min(frame.bottom, Math.max(frame.top, y));
  }
  return null;
}
