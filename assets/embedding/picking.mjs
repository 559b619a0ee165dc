// Which cell lies under the pointer: a uniform grid over the sheet, made when somebody first points at it.

export class Grid {
  /** @param {Uint16Array} places interleaved u, v of every cell */
  constructor(places) {
    const cells = places.length / 2;
    this.places = places;
    // About eight cells a bin where they lie evenly.
    this.bits = Math.min(Math.max(Math.ceil(Math.log2(Math.max(cells, 1) / 8) / 2), 3), 10);
    this.shift = 16 - this.bits;
    const bins = 1 << (2 * this.bits);
    this.starts = new Uint32Array(bins + 1);
    for (let row = 0; row < cells; row++) this.starts[this.#bin(row) + 1]++;
    for (let bin = 0; bin < bins; bin++) this.starts[bin + 1] += this.starts[bin];
    const next = this.starts.slice(0, bins);
    this.rows = new Uint32Array(cells);
    for (let row = 0; row < cells; row++) this.rows[next[this.#bin(row)]++] = row;
  }

  #bin(row) {
    return ((this.places[2 * row + 1] >> this.shift) << this.bits) | (this.places[2 * row] >> this.shift);
  }

  /**
   * The nearest cell to (u, v), or -1.
   * @param {number[]} pixel width and height of a pixel on the sheet
   * @param {number} reach in pixels
   * @param {(row: number) => boolean} wanted
   */
  nearest(u, v, pixel, reach, wanted) {
    const last = (1 << this.bits) - 1;
    const bin = (place) => Math.min(Math.max(Math.floor(place) >> this.shift, 0), last);
    let found = -1;
    let least = reach * reach;
    for (let y = bin(v - reach * pixel[1]); y <= bin(v + reach * pixel[1]); y++) {
      for (let x = bin(u - reach * pixel[0]); x <= bin(u + reach * pixel[0]); x++) {
        const at = (y << this.bits) | x;
        for (let i = this.starts[at]; i < this.starts[at + 1]; i++) {
          const row = this.rows[i];
          const far = ((this.places[2 * row] - u) / pixel[0]) ** 2 + ((this.places[2 * row + 1] - v) / pixel[1]) ** 2;
          if (far <= least && wanted(row)) [found, least] = [row, far];
        }
      }
    }
    return found;
  }
}
