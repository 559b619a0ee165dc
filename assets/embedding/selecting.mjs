// What is selected on one map: by a lasso, a box, a click or a group, joined to what was selected before.

import { cellsInside } from "./lasso.mjs";
import { bytesFor, countOf, difference, union } from "./sets.mjs";

/** Shift adds, Alt takes away. */
export const joining = (event) => (event?.altKey ? "subtract" : event?.shiftKey ? "add" : "replace");

export class Selecting {
  constructor() {
    this.bits = null;
    this.count = null;
  }

  /** @param {Uint8Array | null} bits */
  set(bits) {
    const count = bits ? countOf(bits) : 0;
    this.bits = count ? bits : null;
    this.count = count || null;
  }

  join(bits, event) {
    const how = joining(event);
    if (how === "replace") return this.set(bits);
    const before = this.bits || new Uint8Array(bits.length);
    this.set(how === "add" ? union(before, bits) : difference(before, bits));
  }

  /** @param {object} data places, codes; @param {Set<number>} hidden codes */
  enclose(corners, panel, data, hidden, event) {
    const visible = new Uint8Array(256).fill(1);
    for (const code of hidden) visible[code] = 0;
    this.join(cellsInside(corners, data.places, panel, data.codes, visible).bits, event);
  }

  cell(row, cells, event) {
    const bits = new Uint8Array(bytesFor(cells));
    bits[row >> 3] |= 1 << (row & 7);
    this.join(bits, event);
  }

  group(code, codes, event) {
    const bits = new Uint8Array(bytesFor(codes.length));
    for (let row = 0; row < codes.length; row++) if (codes[row] === code) bits[row >> 3] |= 1 << (row & 7);
    this.join(bits, event);
  }
}

/** One byte a cell, 1 where it is selected; null where nothing is. */
export function marksOf(bits, cells) {
  if (!bits) return null;
  const marks = new Uint8Array(cells);
  for (let byte = 0; byte < bits.length; byte++) {
    const eight = bits[byte];
    if (!eight) continue;
    const end = Math.min(8, cells - 8 * byte);
    for (let bit = 0; bit < end; bit++) marks[8 * byte + bit] = (eight >> bit) & 1;
  }
  return marks;
}
