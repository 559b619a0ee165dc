// Names of groups at the medians of their cells, written over the canvas; largest first, none over another.

const BINS = 512;
const FEWEST_GROUPS = 3;
const MOST_LABELS = 60;
// A group of which only a fringe is in sight has no name there.
const LEAST_SHARE = 0.02;
// Pixels of a line, and of its letters on a desk.
const HEIGHT = 17;
const DESK_SIZE = 12;
// In heights of a label: where it may move to when another is in its place.
const NUDGES = [0, -1, 1, -2, 2, -3, 3];

/**
 * Medians of the cells in sight, a group each.
 * @param {Uint16Array} places
 * @param {Uint8Array} codes
 * @param {{first: number, count: number}} rows
 * @param {number} groups how many
 * @param {number[]} seen part of the sheet: u0, u1, v0, v1
 * @returns {{code: number, u: number, v: number, count: number}[]} largest first
 */
export function medians(places, codes, rows, groups, seen) {
  const [u0, u1, v0, v1] = [Math.max(seen[0], 0), Math.min(seen[1], 65535), Math.max(seen[2], 0), Math.min(seen[3], 65535)];
  if (!(u1 > u0 && v1 > v0)) return [];
  const [su, sv] = [BINS / (u1 - u0 + 1), BINS / (v1 - v0 + 1)];
  const across = new Uint32Array(groups * BINS);
  const along = new Uint32Array(groups * BINS);
  const counts = new Uint32Array(groups);
  const all = new Uint32Array(groups);
  for (let row = rows.first, end = rows.first + rows.count; row < end; row++) {
    const code = codes[row];
    if (code >= groups) continue;
    all[code]++;
    const u = places[2 * row];
    const v = places[2 * row + 1];
    if (u < u0 || u > u1 || v < v0 || v > v1) continue;
    across[code * BINS + (((u - u0) * su) | 0)]++;
    along[code * BINS + (((v - v0) * sv) | 0)]++;
    counts[code]++;
  }
  const middle = (bins, code) => {
    let rest = counts[code] / 2;
    let bin = 0;
    for (; bin < BINS - 1 && rest > bins[code * BINS + bin]; bin++) rest -= bins[code * BINS + bin];
    const inBin = bins[code * BINS + bin];
    return bin + (inBin ? rest / inBin : 0.5);
  };
  return Array.from(counts, (count, code) => ({ code, count, u: u0 + middle(across, code) / su, v: v0 + middle(along, code) / sv }))
    .filter(({ count, code }) => count && count >= LEAST_SHARE * all[code])
    .sort((a, b) => b.count - a.count);
}

/** Place boxes (middle x, y; width) from the most to the least important; what finds no room is left out. */
export function placed(wanted, width, height, line = HEIGHT) {
  const taken = [];
  for (const label of wanted) {
    if (taken.length >= MOST_LABELS) break;
    const half = label.width / 2 + 3;
    if (label.x < 0 || label.x > width || label.y < 0 || label.y > height) continue;
    const x = Math.min(Math.max(label.x, half), Math.max(width - half, half));
    for (const nudge of NUDGES) {
      const y = Math.min(Math.max(label.y + nudge * line, line / 2), height - line / 2);
      if (taken.some((other) => Math.abs(other.x - x) < other.half + half && Math.abs(other.y - y) < line)) continue;
      taken.push({ ...label, x, y, half });
      break;
    }
  }
  return taken;
}

export class Labels {
  constructor(parent) {
    this.layer = parent.appendChild(document.createElement("div"));
    this.layer.className = "cell-map-labels";
    this.layer.setAttribute("aria-hidden", "true");
    this.pen = document.createElement("canvas").getContext("2d");
    this.found = new Map();
    this.shown = [];
  }

  /** Find the medians anew, for what is in sight now. */
  measure(data, layout, camera) {
    const names = data.groups;
    this.found = new Map();
    if (!names || names.filter((group) => group.count).length < FEWEST_GROUPS) return;
    for (const panel of layout.panels) this.found.set(panel.key, medians(data.places, data.codes, panel, names.length, camera.seen));
  }

  /** Write them where the camera has them. */
  draw(layout, camera, { groups, hidden, on }) {
    const { fontFamily, fontSize } = getComputedStyle(this.layer);
    const font = `600 ${fontSize} ${fontFamily}`;
    const line = HEIGHT * (parseFloat(fontSize) / DESK_SIZE);
    if (this.pen.font !== font) this.pen.font = font;
    this.shown = [];
    for (const panel of on && groups ? layout.panels : []) {
      const wanted = (this.found.get(panel.key) || []).filter(({ code }) => !hidden.has(code)).map((median) => {
        const name = groups[median.code].name;
        const [x, y] = camera.fromSheet(median.u, median.v);
        return { name, code: median.code, x, y, width: this.pen.measureText(name).width };
      });
      for (const label of placed(wanted, layout.width, layout.height, line)) this.shown.push({ ...label, x: label.x + panel.x, y: label.y + panel.y, panel: panel.key });
    }
    while (this.layer.children.length < this.shown.length) this.layer.appendChild(document.createElement("span"));
    Array.from(this.layer.children).forEach((span, index) => {
      const label = this.shown[index];
      span.hidden = !label;
      if (!label) return;
      if (span.textContent !== label.name) span.textContent = label.name;
      span.dataset.panel = label.panel;
      span.style.transform = `translate(${label.x}px, ${label.y}px) translate(-50%, -50%)`;
    });
  }
}
