// Features over the map of the cells: a mark each, names where there is room, a note under the pointer, a click chooses.
// It follows the camera of the map, and goes with it into its figures.

import { h } from "./dom.mjs";
import { cleared, overlayOf } from "./overlay.mjs";
import { LOOKS } from "./palettes.mjs";

const SIZE = 5;
const REACH_PIXELS = 9;
const MOST_NAMES = 90;
const MOST_PEAKS = 15;
const LETTERS = 11.5;
const LINE = 14;
// Corners of the marks by modality, around their middle; what is not here is a circle.
const SHAPES = {
  rna: [[0, -1.3], [1.3, 0], [0, 1.3], [-1.3, 0]],
  atac: [[0, -1.25], [1.25, 0.95], [-1.25, 0.95]],
  protein: [[-1, -1], [1, -1], [1, 1], [-1, 1]],
  motif: [[-1.25, -0.95], [1.25, -0.95], [0, 1.25]],
};
const escaped = (text) => String(text).replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);

export class FeatureLayer {
  /**
   * @param {CellMap} map
   * @param {(key: string) => void} choose called with the key of a feature that was clicked
   */
  constructor(map, choose) {
    Object.assign(this, { map, features: [], chosen: null, shown: [], names: [], pointed: null, ...overlayOf(map) });
    this.note = map.parts.stage.appendChild(h("div", { class: "cell-map-note feature-note", role: "tooltip", hidden: true }));
    map.layers.push(this);
    this.#listen(map.gestures.hands, choose);
  }

  /**
   * Show other features, the most important ones first.
   * @param {{key: string, name: string, kind: string, modality: string, x: number, y: number, told: string}[]} features
   * @param {string | null} chosen key of the one that stands out
   */
  show(features, chosen) {
    Object.assign(this, { features, chosen });
    this.#point(null);
    this.map.frames?.ask();
  }

  /** Draw them where the camera has them; called with every frame of the map. */
  draw() {
    const { map, pen } = this;
    const { width, height } = cleared(this);
    this.#lay(width, height);
    const look = LOOKS[map.colours.theme];
    for (const mark of [...this.shown].reverse()) this.#mark(mark, look);
    pen.textAlign = "left";
    pen.textBaseline = "middle";
    pen.lineJoin = "round";
    for (const name of this.names) {
      pen.font = fontOf(name, map);
      pen.lineWidth = 3.5;
      pen.strokeStyle = look.surface;
      pen.strokeText(name.text, name.x, name.y);
      pen.fillStyle = look.ink;
      pen.fillText(name.text, name.x, name.y);
    }
  }

  /** What is seen, as SVG. */
  svg() {
    const { map } = this;
    const look = LOOKS[map.colours.theme];
    const marks = [...this.shown].reverse().map((mark) => {
      const { fill, edge, size } = this.#paint(mark, look);
      const paint = `fill="${fill}" stroke="${edge}" stroke-width="1.4" stroke-linejoin="round"`;
      const corners = SHAPES[mark.modality];
      if (!corners) return `<circle cx="${mark.x.toFixed(1)}" cy="${mark.y.toFixed(1)}" r="${size}" ${paint}/>`;
      const places = corners.map(([x, y]) => `${(mark.x + x * size).toFixed(1)},${(mark.y + y * size).toFixed(1)}`);
      return `<polygon points="${places.join(" ")}" ${paint}/>`;
    });
    const names = this.names.map(({ text, x, y, bold }) =>
      `<text x="${x.toFixed(1)}" y="${(y + 4).toFixed(1)}" font-size="${letters(map)}" font-weight="${bold ? 700 : 500}" fill="${look.ink}" stroke="${look.surface}" stroke-width="3" stroke-linejoin="round" paint-order="stroke">${escaped(text)}</text>`);
    return `<g>${marks.join("")}${names.join("")}</g>`;
  }

  // Marks in sight, and names beside them that lie neither over another nor over the name of a group.
  #lay(width, height) {
    const { map } = this;
    const [panel] = map.layout.panels;
    this.shown = [];
    this.names = [];
    if (!map.data || !panel) return;
    for (const feature of this.features) {
      const [x, y] = map.camera.toPanel(feature.x, feature.y);
      if (x < 0 || y < 0 || x > width || y > height) continue;
      this.shown.push({ ...feature, x: x + panel.x, y: y + panel.y });
    }
    // the chosen one lies over all others
    this.shown.sort((a, b) => (b.key === this.chosen) - (a.key === this.chosen));
    const taken = map.labels.shown.map((label) => boxAt(label.x - label.half, label.y, 2 * label.half, 17));
    taken.push(...this.shown.slice(0, MOST_NAMES).map((mark) => boxAt(mark.x - SIZE, mark.y, 2 * SIZE, 2 * SIZE)));
    // the names of peaks are long, and say less
    const worth = (mark) => (mark.key === this.chosen ? 2 : mark.modality === "atac" ? 0 : 1);
    let places = MOST_PEAKS;
    for (const mark of [...this.shown].sort((a, b) => worth(b) - worth(a))) {
      if (this.names.length >= MOST_NAMES || (!worth(mark) && places-- <= 0)) break;
      const name = { text: mark.name, bold: mark.key === this.chosen };
      this.pen.font = fontOf(name, map);
      const wide = this.pen.measureText(mark.name).width;
      const own = boxAt(mark.x - SIZE, mark.y, 2 * SIZE, 2 * SIZE);
      const spots = [[mark.x + SIZE + 4, mark.y], [mark.x - SIZE - 4 - wide, mark.y], [mark.x - wide / 2, mark.y - LINE], [mark.x - wide / 2, mark.y + LINE]];
      const inside = spots.filter(([x, y]) => x > 2 && x + wide < width - 2 && y > LINE / 2 && y < height - LINE / 2);
      const free = inside.find(([x, y]) => !taken.some((other) => over(boxAt(x, y, wide, LINE), other) && !same(other, own)));
      // the chosen one is named in any case
      const spot = free ?? (name.bold ? inside[0] : null);
      if (!spot) continue;
      const [x, y] = spot;
      taken.push(boxAt(x, y, wide, LINE));
      this.names.push({ ...name, x, y, key: mark.key });
    }
  }

  #paint(mark, look) {
    const chosen = mark.key === this.chosen;
    const pointed = mark.key === this.pointed?.key;
    const size = SIZE * (look.grown ?? 1) * (chosen || pointed ? 1.5 : 1) * (this.features.length > 300 && !chosen ? 0.7 : 1);
    return { size, fill: chosen ? accent() : look.surface, edge: look.ink };
  }

  #mark(mark, look) {
    const { pen } = this;
    const { size, fill, edge } = this.#paint(mark, look);
    const corners = SHAPES[mark.modality];
    pen.beginPath();
    if (corners) {
      corners.forEach(([x, y], place) => pen[place ? "lineTo" : "moveTo"](mark.x + x * size, mark.y + y * size));
      pen.closePath();
    } else pen.arc(mark.x, mark.y, size, 0, 2 * Math.PI);
    Object.assign(pen, { fillStyle: fill, strokeStyle: edge, lineWidth: 1.4, lineJoin: "round" });
    pen.fill();
    pen.stroke();
  }

  /** The feature under a place of a panel, which comes before the cell there. */
  #at(panel, x, y) {
    let [best, nearest] = [null, REACH_PIXELS];
    for (const mark of panel ? this.shown : []) {
      const apart = Math.hypot(mark.x - panel.x - x, mark.y - panel.y - y);
      if (apart < nearest) [best, nearest] = [mark, apart];
    }
    return best;
  }

  // Hands of the map, which know cells alone, are asked after the features.
  #listen(hands, choose) {
    const { hover, click } = hands;
    hands.hover = (panel, x, y) => {
      const mark = this.map.tool === "pan" ? this.#at(panel, x, y) : null;
      this.#point(mark);
      this.map.parts.canvas.classList.toggle("pointing", Boolean(mark));
      return mark ? hover(null) : hover(panel, x, y);
    };
    hands.click = (panel, x, y, event) => {
      const mark = this.map.tool === "pan" ? this.#at(panel, x, y) : null;
      return mark ? choose(mark.key) : click(panel, x, y, event);
    };
  }

  #point(mark) {
    if (mark?.key === this.pointed?.key) return;
    this.pointed = mark;
    this.note.hidden = !mark;
    if (mark) {
      this.note.replaceChildren(h("strong", {}, mark.name), h("span", { class: "muted" }, mark.kind), h("span", {}, mark.told));
      const room = this.map.parts.stage;
      const [wide, high] = [this.note.offsetWidth, this.note.offsetHeight];
      const left = mark.x + 14 + wide > room.clientWidth ? mark.x - 14 - wide : mark.x + 14;
      const top = Math.min(Math.max(mark.y - high / 2, 4), Math.max(room.clientHeight - high - 4, 4));
      this.note.style.transform = `translate(${Math.max(left, 4)}px, ${top}px)`;
    }
    this.map.frames?.ask();
  }
}

const accent = () => getComputedStyle(document.documentElement).getPropertyValue("--accent").trim() || "#0b7a70";
const letters = (map) => LETTERS * (LOOKS[map.colours.theme].grown ? 1.3 : 1);
const fontOf = ({ bold }, map) => `${bold ? 700 : 500} ${letters(map)}px ${getComputedStyle(map.host).fontFamily}`;
const boxAt = (x, y, width, height) => ({ x, y: y - height / 2, width, height });
const over = (a, b) => a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
const same = (a, b) => a.x === b.x && a.y === b.y && a.width === b.width;
