// Crossfilter: conditions on columns, each a set of codes that pass; a cell is chosen if it passes every condition.
// How many conditions a cell fails is kept, so that a change touches its own column alone.

import { bytesFor } from "./sets.mjs";

const CODES = 256;

export class Crossfilter {
  /** @param {number} cells N */
  constructor(cells) {
    this.cells = cells;
    this.failed = new Uint8Array(cells);
    this.columns = new Map();
  }

  /** Take a column: one code a cell. It chooses nothing yet. */
  add(key, codes) {
    if (codes.length !== this.cells) throw new RangeError(`${codes.length} codes of ${this.cells} cells`);
    if (this.columns.size >= CODES - 1) throw new RangeError("too many columns");
    this.remove(key);
    this.columns.set(key, { codes, passes: new Uint8Array(CODES).fill(1), all: histogram(codes) });
  }

  remove(key) {
    if (!this.columns.has(key)) return;
    this.clear(key);
    this.columns.delete(key);
  }

  /** Let these codes of a column pass, and no others. */
  choose(key, wanted) {
    const passes = new Uint8Array(CODES);
    for (const code of wanted) passes[code] = 1;
    this.#pass(key, passes);
  }

  clear(key) {
    this.#pass(key, new Uint8Array(CODES).fill(1));
  }

  #pass(key, passes) {
    const column = this.columns.get(key);
    const change = new Int8Array(CODES);
    for (let code = 0; code < CODES; code++) change[code] = column.passes[code] - passes[code];
    column.passes = passes;
    if (change.every((each) => each === 0)) return;
    const { codes } = column;
    for (let row = 0; row < this.cells; row++) this.failed[row] += change[codes[row]];
  }

  /** Whether any condition keeps a code out. */
  get active() {
    return [...this.columns.values()].some(({ passes }) => passes.some((pass) => pass === 0));
  }

  /** The cells that pass every condition, as bits. */
  get bits() {
    const bits = new Uint8Array(bytesFor(this.cells));
    const { failed } = this;
    const whole = this.cells >> 3;
    for (let byte = 0, row = 0; byte < whole; byte++, row += 8) {
      let eight = 0;
      for (let bit = 0; bit < 8; bit++) eight |= (failed[row + bit] === 0) << bit;
      bits[byte] = eight;
    }
    for (let row = 8 * whole; row < this.cells; row++) bits[row >> 3] |= (failed[row] === 0) << (row & 7);
    return bits;
  }

  /**
   * How many cells have each code of a column: {all, chosen, others}, Uint32Array(256) each; "others" counts those
   * that pass the conditions on all other columns, which is what choosing one more code would bring.
   */
  counts(key) {
    const { codes, passes, all } = this.columns.get(key);
    const others = new Uint32Array(CODES);
    const { failed } = this;
    const own = Uint8Array.from(passes, (pass) => 1 - pass);
    for (let row = 0; row < this.cells; row++) others[codes[row]] += failed[row] === own[codes[row]];
    const chosen = Uint32Array.from(others, (count, code) => count * passes[code]);
    return { all, chosen, others };
  }
}

function histogram(codes) {
  const counts = new Uint32Array(CODES);
  for (let row = 0; row < codes.length; row++) counts[codes[row]]++;
  return counts;
}
