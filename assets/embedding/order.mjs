// In which order cells are drawn: without a value first, the selected last, high values over low ones, and groups
// in turns, so that none hides another because its cells stand later in the file.

import { NO_VALUE } from "./palettes.mjs";

// A step through the rows that meets every row once and spreads neighbours over the whole.
function step(count) {
  const wanted = Math.max(1, Math.floor(count * 0.6180339887));
  for (let found = wanted; ; found++) if (divisor(found, count) === 1) return found;
}

const divisor = (a, b) => (b ? divisor(b, a % b) : a);

/**
 * Rows first .. first + count - 1 from back to front (a counting sort: one pass to count, one to place).
 * @param {Uint8Array} codes one byte a cell of the whole map
 * @param {Uint8Array | null} marks 1 where selected
 */
export function drawingOrder(codes, marks, kind, first, count) {
  const ranks = 512;
  const rank = new Uint16Array(ranks);
  for (let byte = 0; byte < 256; byte++) {
    let place = 1;
    if (byte === NO_VALUE) place = 0;
    else if (kind === "values") place = 1 + byte;
    else if (kind === "blend") place = 1 + (byte >> 4) + (byte & 15);
    rank[byte] = place;
    rank[256 + byte] = 256 + place;
  }
  const starts = new Uint32Array(ranks + 1);
  for (let row = first; row < first + count; row++) starts[rank[marks && marks[row] ? 256 + codes[row] : codes[row]] + 1]++;
  for (let place = 0; place < ranks; place++) starts[place + 1] += starts[place];
  const order = new Uint32Array(count);
  if (!count) return order;
  const stride = step(count);
  for (let turn = 0, place = 0; turn < count; turn++) {
    const row = first + place;
    order[starts[rank[marks && marks[row] ? 256 + codes[row] : codes[row]]]++] = row;
    place += stride;
    if (place >= count) place -= count;
  }
  return order;
}
