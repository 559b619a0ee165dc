// What is selected on one map: by a lasso, a box, a click or a group, joined to what was selected before.

import { add, combined, countBits, emptyBits } from "./bits.mjs";
import { cellsInside } from "./lasso.mjs";

/** Shift adds, Alt takes away. */
export const joining = (event) => (event?.altKey ? "subtract" : event?.shiftKey ? "add" : "replace");

export class Selecting {
  constructor() {
    this.bits = null;
    this.count = null;
  }

  /** @param {Uint8Array | null} bits */
  set(bits) {
    const count = bits ? countBits(bits) : 0;
    this.bits = count ? bits : null;
    this.count = count || null;
  }

  join(bits, event) {
    this.set(combined(this.bits, bits, joining(event)));
  }

  /** @param {object} data places, codes; @param {Set<number>} hidden codes */
  enclose(corners, panel, data, hidden, event) {
    const visible = new Uint8Array(256).fill(1);
    for (const code of hidden) visible[code] = 0;
    this.join(cellsInside(corners, data.places, panel, data.codes, visible).bits, event);
  }

  cell(row, cells, event) {
    const bits = emptyBits(cells);
    add(bits, row);
    this.join(bits, event);
  }

  group(code, codes, event) {
    const bits = emptyBits(codes.length);
    for (let row = 0; row < codes.length; row++) if (codes[row] === code) bits[row >> 3] |= 1 << (row & 7);
    this.join(bits, event);
  }
}
