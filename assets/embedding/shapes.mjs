// The cells as shapes: dots in few paths, one for each look in each stretch of the drawing order.

import { NO_VALUE, mixed } from "./palettes.mjs";

// Groups are drawn in turns, so that none lies over all others: so many stretches, each with a path a group.
const STRETCHES = 12;
// What the shaders know of a cell (shaders.mjs).
const [FRONT, BACK] = [0, 1];

/**
 * The cells of a panel that are in sight, by place and look, from back to front.
 * @param {Uint32Array} rows from back to front
 * @param {object} map places, codes, marks (1 where selected, or null), texels
 * @param {Camera} camera of the panel, which is width x height
 * @param {number} margin around the panel, within which a dot still reaches into it
 * @returns {{x: Float32Array, y: Float32Array, look: Uint16Array}} look: 2 * code + front or back
 */
export function inSight(rows, { places, codes, marks, texels }, camera, margin) {
  const { width, height } = camera;
  const [x, y, look] = [new Float32Array(rows.length), new Float32Array(rows.length), new Uint16Array(rows.length)];
  const [left, top] = camera.fromSheet(0, 0);
  const [right, bottom] = camera.fromSheet(65535, 65535);
  const [dx, dy] = [(right - left) / 65535, (bottom - top) / 65535];
  let count = 0;
  for (const row of rows) {
    const code = codes[row];
    if (texels[4 * code + 3] === 0) continue;
    const [px, py] = [left + places[2 * row] * dx, top + places[2 * row + 1] * dy];
    if (px < -margin || px > width + margin || py < -margin || py > height + margin) continue;
    x[count] = px;
    y[count] = py;
    look[count++] = 2 * code + (marks && !marks[row] ? BACK : FRONT);
  }
  return { x: x.subarray(0, count), y: y.subarray(0, count), look: look.subarray(0, count) };
}

/** How a look is painted, as the shaders paint it: colour, opacity, and the diameter of a dot. */
export function paintOf(look, { texels, size, opacity, selecting, dimmed }) {
  const [code, front] = [look >> 1, look % 2 === FRONT];
  const own = "#" + [0, 1, 2].map((part) => texels[4 * code + part].toString(16).padStart(2, "0")).join("");
  const grown = (front ? (selecting ? 1.15 : 1) : 0.85) * (code === NO_VALUE ? 0.85 : 1);
  return {
    colour: front ? own : mixed(dimmed, own, 0.1),
    opacity: front ? Math.max(opacity, selecting ? 0.8 : 0) : opacity * 0.6,
    diameter: size * grown,
  };
}

/**
 * Cells in sight as SVG. A dot is a line without length that ends round: the shortest thing that SVG can say, and PDF too.
 * @param {{x: Float32Array, y: Float32Array, look: Uint16Array}} cells
 * @param {(look: number) => object} paint
 */
export function dots({ x, y, look }, paint) {
  const paths = [];
  for (let stretch = 0, begin = 0; stretch < STRETCHES; stretch++) {
    const end = Math.round(((stretch + 1) * look.length) / STRETCHES);
    const lines = new Map();
    for (; begin < end; begin++) {
      if (!lines.has(look[begin])) lines.set(look[begin], []);
      lines.get(look[begin]).push(`M${place(x[begin])} ${place(y[begin])}h0`);
    }
    for (const [key, each] of lines) {
      const { colour, opacity, diameter } = paint(key);
      paths.push(`<path d="${each.join("")}" stroke="${colour}" stroke-opacity="${round(opacity)}" stroke-width="${round(diameter)}"/>`);
    }
  }
  return `<g fill="none" stroke-linecap="round">${paths.join("")}</g>`;
}

const place = (length) => Math.round(length * 20) / 20;
const round = (number) => Number(number.toFixed(2));
