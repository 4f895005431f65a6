import { valuesOf } from "../arrays.js";
import { h } from "../dom.js";

const MOST_CHANNELS = 16;
/** The channels of one observation: planes with the way to their values, a vector being a single row. */
export function channelsOf(shape) {
  if (shape.length === 0) return [];
  if (shape.length === 1) return [{ width: shape[0], height: 1, start: 0, stride: 1 }];
  if (shape.length === 2) return [{ width: shape[1], height: shape[0], start: 0, stride: 1 }];
  if (shape.length !== 3) return [];
  const [a, b, c] = shape;
  // The channels are the shortest side, first or last; equal ones are last, as pictures have them.
  const isFirst = a < c;
  const [count, height, width] = isFirst ? [a, b, c] : [c, a, b];
  const place = (k) => (isFirst ? { start: k * height * width, stride: 1 } : { start: k, stride: count });
  return Array.from({ length: Math.min(count, MOST_CHANNELS) }, (_, k) => ({ width, height, ...place(k) }));
}

/** Gray pixels of a channel, black at its least value and white at its greatest. */
export function shades(values, { width, height, start, stride }) {
  const pixels = new Uint32Array(width * height);
  let [low, high] = [Infinity, -Infinity];
  for (let k = 0; k < pixels.length; k += 1) {
    const value = Number(values[start + k * stride]);
    if (value < low) low = value;
    if (value > high) high = value;
  }
  const scale = high > low ? 255 / (high - low) : 0;
  for (let k = 0; k < pixels.length; k += 1) {
    const value = Number(values[start + k * stride]);
    pixels[k] = 0xff000000 | (Math.round(Number.isFinite(value) ? (value - low) * scale : 0) * 0x010101);
  }
  return { pixels, low, high };
}

/** Small pictures of what was observed: `observation` as episodes.steps answers it, an array or several by name. */
export function multiples(observation, format) {
  const arrays = "dtype" in observation ? { observation } : observation;
  return Object.entries(arrays).flatMap(([name, array]) => {
    const values = valuesOf(array);
    const channels = channelsOf(array.shape.slice(1));
    if (values === null || array.shape[0] === 0) return [];
    return channels.map((channel, index) => {
      const { pixels, low, high } = shades(values, channel);
      const label = channels.length > 1 ? `${name} ${index}` : name;
      const canvas = h("canvas", { role: "img", width: channel.width, height: channel.height, "aria-label": `${label}, ${format(low)} to ${format(high)}` });
      canvas.getContext("2d").putImageData(new ImageData(new Uint8ClampedArray(pixels.buffer), channel.width, channel.height), 0, 0);
      return h("figure", { class: channel.height === 1 ? "vector" : null }, canvas, h("figcaption", {}, `${label} `, h("span", { class: "muted" }, `${format(low)} … ${format(high)}`)));
    });
  });
}
