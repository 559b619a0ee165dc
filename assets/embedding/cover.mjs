// Cells that nobody can see, since others lie over them: a machine that draws in software does not draw them.

// What shines through so many layers is less than this share of the colour.
const SEEN = 0.05;

/** How many layers of this opacity hide what lies below. */
export const layersOf = (opacity) => Math.max(2, Math.ceil(Math.log(SEEN) / Math.log(1 - Math.min(opacity, 0.95))));

/**
 * The rows of an order, from back to front, without those that are outside or lie below so many others of their pixel.
 * @param {Uint32Array} order
 * @param {Uint16Array} places
 * @param {(row: number) => boolean} shown
 * @param {number[]} toClip scale x, y and shift x, y from a place 0..1 to clip space
 * @param {number} width of the panel, in pixels of the canvas
 */
export function uncovered(order, places, shown, toClip, width, height, layers) {
  const scale = [(toClip[0] * width) / 2 / 65535, (toClip[1] * height) / 2 / 65535];
  const shift = [((toClip[2] + 1) * width) / 2, ((toClip[3] + 1) * height) / 2];
  const over = new Uint8Array(width * height);
  const kept = new Uint32Array(order.length);
  let next = order.length;
  for (let i = order.length - 1; i >= 0; i--) {
    const row = order[i];
    const x = places[2 * row] * scale[0] + shift[0];
    const y = places[2 * row + 1] * scale[1] + shift[1];
    if (x < 0 || y < 0 || x >= width || y >= height || !shown(row)) continue;
    const pixel = (y | 0) * width + (x | 0);
    if (over[pixel] >= layers) continue;
    over[pixel]++;
    kept[--next] = row;
  }
  return kept.subarray(next);
}
