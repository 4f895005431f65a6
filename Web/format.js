const DASH = "–";

/** 1234567 → "1,234,567". */
export function count(value) {
  return Number.isFinite(value) ? Math.round(value).toLocaleString("en-US") : DASH;
}

/** Four significant digits, exponents only where they help; the wire spells NaN and infinities as strings. */
export function number(value) {
  if (typeof value === "string") return value;
  if (typeof value !== "number" || !Number.isFinite(value)) return DASH;
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size >= 1e6 || size < 1e-3) return value.toExponential(2).replace("e+", "e");
  if (Number.isInteger(value)) return value.toLocaleString("en-US");
  return String(Number(value.toPrecision(4)));
}

/** Seconds in the two largest units that say something. */
export function duration(seconds) {
  if (!Number.isFinite(seconds) || seconds < 0) return DASH;
  const whole = Math.floor(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${pad(whole % 60)} s`;
  if (whole < 86400) return `${Math.floor(whole / 3600)} h ${pad(Math.floor((whole % 3600) / 60))} min`;
  return `${Math.floor(whole / 86400)} d ${Math.floor((whole % 86400) / 3600)} h`;
}

/** UNIX seconds as local date and time, to the minute. */
export function moment(seconds) {
  if (!Number.isFinite(seconds)) return DASH;
  const at = new Date(seconds * 1000);
  const date = `${at.getFullYear()}-${pad(at.getMonth() + 1)}-${pad(at.getDate())}`;
  return `${date} ${pad(at.getHours())}:${pad(at.getMinutes())}`;
}

/** UNIX seconds as a short time: the clock for today, else the date. */
export function ago(seconds, now) {
  if (!Number.isFinite(seconds)) return DASH;
  const [date, clock] = moment(seconds).split(" ");
  return date === moment(now).split(" ")[0] ? clock : date;
}

/** biopsy_tool → "Biopsy tool". */
export function title(name) {
  const words = name.replaceAll("_", " ").trim();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** Bytes in the largest unit that keeps the number above one. */
export function bytes(value) {
  if (!Number.isFinite(value)) return DASH;
  const power = value < 1024 ? 0 : Math.min(4, Math.floor(Math.log2(value) / 10));
  return `${number(value / 1024 ** power)} ${["bytes", "KiB", "MiB", "GiB", "TiB"][power]}`;
}

/** "1 label", "3 labels". */
export function plural(n, noun, many = `${noun}s`) {
  return `${count(n)} ${n === 1 ? noun : many}`;
}

function pad(n) {
  return String(n).padStart(2, "0");
}
