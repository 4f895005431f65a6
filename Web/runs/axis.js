import { count, duration, number } from "../format.js";

const SECONDS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400];
const DAY = 86_400;
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** Round numbers that divide a range into about n parts, and the step between them. */
export function ticks(low, high, n) {
  const span = high - low;
  if (!(span > 0)) return { marks: [low], step: Math.abs(low) || 1 };
  const step = roundStep(span / n);
  return { marks: multiples(low, high, step), step };
}

/** Marks for a logarithmic axis: powers of ten, with 2 and 5 of each where there are few, round numbers within one. */
export function logTicks(low, high, n) {
  const first = Math.floor(Math.log10(low));
  const last = Math.ceil(Math.log10(high));
  const stride = Math.max(1, Math.ceil((last - first) / n));
  const factors = stride > 1 || (last - first) * 2 > n ? [1] : [1, 2, 5];
  const marks = [];
  for (let power = first; power <= last; power += stride) {
    for (const factor of factors) {
      const value = Number(`${factor}e${power}`);
      if (value >= low && value <= high) marks.push(value);
    }
  }
  return marks.length >= 2 ? { marks, step: null } : ticks(low, high, n);
}

/** Marks for seconds, at whole minutes, hours and days; `offset` are the seconds by which the clock's day begins later. */
export function timeTicks(low, high, n, offset = 0) {
  const span = high - low;
  if (!(span > 0)) return { marks: [low], step: 1 };
  const rough = span / n;
  if (rough < 1) return ticks(low, high, n);
  const step = rough > 1.5 * DAY ? Math.ceil(roundStep(rough / DAY)) * DAY : nearestByRatio(SECONDS, rough);
  return { marks: multiples(low - offset, high - offset, step).map((value) => value + offset), step };
}

/** What stands at a mark of the y-axis; all of them have as many digits as their distance needs. */
export function valueText(value, step) {
  if (value === 0) return "0";
  if (step === null) return value >= 1e5 || value < 1e-3 ? value.toExponential(0).replace("e+", "e") : number(value);
  const size = Math.abs(value);
  if (size >= 1e5 || size < 1e-4 || step < 1e-6) return exponent(value, step);
  return value.toLocaleString("en-US", { minimumFractionDigits: decimals(step), maximumFractionDigits: decimals(step) });
}

/** What stands at a mark of the x-axis. */
export function placeText(value, kind, step) {
  if (kind === "time") return clock(value, step);
  if (kind === "relative") return lapse(value, step);
  return shortCount(value, step);
}

/** An x in full, for whoever points at it. */
export function placeName(value, kind) {
  if (kind === "time") return `${dateText(value)}, ${clock(value, 1)}`;
  if (kind === "relative") return value < 60 ? `${number(Math.round(value * 100) / 100)} s` : duration(value);
  return `${kind} ${count(value)}`;
}

/** The seconds that local midnight is behind a multiple of a day in UTC. */
export function dayOffset(seconds) {
  return new Date(seconds * 1000).getTimezoneOffset() * 60;
}

function nearestByRatio(values, wanted) {
  const distance = (value) => Math.abs(Math.log(value / wanted));
  return values.reduce((best, value) => (distance(value) < distance(best) ? value : best));
}

/** The round number nearest to one, by their ratio. */
function roundStep(rough) {
  const power = 10 ** Math.floor(Math.log10(rough));
  const size = rough / power;
  return power * (size < Math.SQRT2 ? 1 : size < Math.sqrt(10) ? 2 : size < Math.sqrt(50) ? 5 : 10);
}

function multiples(low, high, step) {
  const marks = [];
  const end = Math.floor(high / step + 1e-9);
  for (let k = Math.ceil(low / step - 1e-9); k <= end; k += 1) marks.push(Number((k * step).toPrecision(15)));
  return marks;
}

function decimals(step) {
  return Math.max(0, Math.min(8, -Math.floor(Math.log10(step) + 1e-9)));
}

function exponent(value, step) {
  const digits = Math.max(0, Math.min(6, Math.floor(Math.log10(Math.abs(value))) - Math.floor(Math.log10(step) + 1e-9)));
  return value.toExponential(digits).replace("e+", "e");
}

function shortCount(value, step) {
  const [unit, sign] = Math.abs(value) >= 1e9 ? [1e9, "G"] : Math.abs(value) >= 1e6 ? [1e6, "M"] : Math.abs(value) >= 1e4 ? [1e3, "k"] : [1, ""];
  return `${(value / unit).toLocaleString("en-US", { maximumFractionDigits: decimals(Math.abs(step) / unit) })}${sign}`;
}

function clock(seconds, step) {
  const at = new Date(seconds * 1000);
  const isMidnight = at.getHours() + at.getMinutes() + at.getSeconds() === 0;
  if (step >= DAY || (isMidnight && step >= 60)) return dateText(seconds);
  const text = `${pad(at.getHours())}:${pad(at.getMinutes())}`;
  return step < 60 ? `${text}:${pad(at.getSeconds())}` : text;
}

function dateText(seconds) {
  const at = new Date(seconds * 1000);
  return `${MONTHS[at.getMonth()]} ${at.getDate()}`;
}

function lapse(seconds, step) {
  const sign = seconds < 0 ? "−" : "";
  const size = Math.abs(seconds);
  if (size === 0) return "0";
  if (step < 1) return `${sign}${size.toFixed(decimals(step))} s`;
  const parts = [[Math.floor(size / DAY), "d"], [Math.floor(size / 3600) % 24, "h"], [Math.floor(size / 60) % 60, "m"], [Math.round(size) % 60, "s"]];
  return sign + parts.filter(([n]) => n > 0).slice(0, 2).map(([n, unit]) => `${n}${unit}`).join(" ");
}

function pad(n) {
  return String(n).padStart(2, "0");
}
