const LEAST = 0.02;
const MOST = 2;
/** A graph that is small fits without being blown up. */
const FITTED = 1;
const MARGIN = 32;

/** What is seen of a plane: `scale` pixels a unit, the plane's origin at (x, y). */
export function fitted(content, box) {
  const room = { width: Math.max(1, box.width - 2 * MARGIN), height: Math.max(1, box.height - 2 * MARGIN) };
  const scale = Math.max(LEAST, Math.min(FITTED, room.width / content.width, room.height / content.height));
  return { scale, x: (box.width - content.width * scale) / 2, y: (box.height - content.height * scale) / 2 };
}

/** After zooming by a factor, the point of the plane that lies under `point` still there. */
export function zoomed({ scale, x, y }, factor, point) {
  const next = Math.min(MOST, Math.max(LEAST, scale * factor));
  const ratio = next / scale;
  return { scale: next, x: point.x - (point.x - x) * ratio, y: point.y - (point.y - y) * ratio };
}

/** Moved as little as needed, so that a spot of the plane is seen whole, and with it at no less than `least` pixels a unit. */
export function showing(camera, spot, box, least = 0) {
  let { scale, x, y } = camera;
  if (scale < least) {
    const centre = { x: spot.x + spot.width / 2, y: spot.y + spot.height / 2 };
    return { scale: least, x: box.width / 2 - centre.x * least, y: box.height / 2 - centre.y * least };
  }
  const shift = (from, size, room) => (from < MARGIN ? MARGIN - from : Math.min(0, room - MARGIN - from - size));
  x += shift(x + spot.x * scale, spot.width * scale, box.width);
  y += shift(y + spot.y * scale, spot.height * scale, box.height);
  return { scale, x, y };
}

/** Without empty room on one side while there is more of the plane on the other; what has room is in the middle. */
export function filling({ scale, x, y }, content, box) {
  const place = (at, size, room) => (size + 2 * MARGIN <= room ? (room - size) / 2 : Math.min(MARGIN, Math.max(room - MARGIN - size, at)));
  return { scale, x: place(x, content.width * scale, box.width), y: place(y, content.height * scale, box.height) };
}

/** Never so far away that nothing of the plane is seen. */
export function held({ scale, x, y }, content, box) {
  const keep = (at, size, room) => Math.min(room - 2 * MARGIN, Math.max(2 * MARGIN - size, at));
  return { scale, x: keep(x, content.width * scale, box.width), y: keep(y, content.height * scale, box.height) };
}
