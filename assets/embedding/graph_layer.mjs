// A graph of groups over the map of the cells: a circle each, lines as wide as groups are connected, a cross at the root.
// It follows the camera of the map, and goes with it into its figures.

import { cleared, overlayOf } from "./overlay.mjs";
import { LOOKS } from "./palettes.mjs";

const WIDEST = 7;
const [SMALLEST, LARGEST] = [4, 11];
const CROSS = 7;

export class GraphLayer {
  /** @param {CellMap} map */
  constructor(map) {
    Object.assign(this, { map, graph: null, ...overlayOf(map) });
    map.layers.push(this);
  }

  /** @param {{nodes: object[], edges: object[], root: {x: number, y: number}} | null} graph */
  show(graph) {
    this.graph = graph;
    this.map.frames?.ask();
  }

  /** Draw it where the camera has it; called with every frame of the map. */
  draw() {
    const { map, pen } = this;
    cleared(this);
    const look = LOOKS[map.colours.theme];
    for (const { from, to, wide } of this.#lines()) {
      for (const [colour, more] of [[look.surface, 2], [look.ink, 0]]) {
        pen.beginPath();
        pen.moveTo(from.x, from.y);
        pen.lineTo(to.x, to.y);
        Object.assign(pen, { strokeStyle: colour, lineWidth: wide + more, lineCap: "round", globalAlpha: 0.75 });
        pen.stroke();
      }
    }
    pen.globalAlpha = 1;
    for (const node of this.#nodes()) {
      pen.beginPath();
      pen.arc(node.x, node.y, node.size, 0, 2 * Math.PI);
      Object.assign(pen, { fillStyle: look.surface, strokeStyle: look.ink, lineWidth: 2 });
      pen.fill();
      pen.stroke();
    }
    const root = this.#root();
    if (!root) return;
    for (const [colour, wide] of [[look.surface, 6], [look.ink, 2.5]]) {
      pen.beginPath();
      for (const turn of [-1, 1]) {
        pen.moveTo(root.x - CROSS, root.y - turn * CROSS);
        pen.lineTo(root.x + CROSS, root.y + turn * CROSS);
      }
      Object.assign(pen, { strokeStyle: colour, lineWidth: wide, lineCap: "round" });
      pen.stroke();
    }
  }

  /** What is seen, as SVG. */
  svg() {
    const look = LOOKS[this.map.colours.theme];
    const lines = this.#lines().map(({ from, to, wide }) =>
      `<line x1="${from.x.toFixed(1)}" y1="${from.y.toFixed(1)}" x2="${to.x.toFixed(1)}" y2="${to.y.toFixed(1)}" stroke="${look.ink}" stroke-width="${wide.toFixed(1)}" stroke-linecap="round" opacity="0.75"/>`);
    const circles = this.#nodes().map(({ x, y, size }) =>
      `<circle cx="${x.toFixed(1)}" cy="${y.toFixed(1)}" r="${size.toFixed(1)}" fill="${look.surface}" stroke="${look.ink}" stroke-width="2"/>`);
    const root = this.#root();
    const cross = root
      ? `<path d="M${root.x - CROSS} ${root.y - CROSS}l${2 * CROSS} ${2 * CROSS}M${root.x - CROSS} ${root.y + CROSS}l${2 * CROSS} ${-2 * CROSS}" stroke="${look.ink}" stroke-width="2.5" stroke-linecap="round"/>`
      : "";
    return `<g>${lines.join("")}${circles.join("")}${cross}</g>`;
  }

  #at({ x, y }) {
    const [panel] = this.map.layout.panels;
    const [left, top] = this.map.camera.toPanel(x, y);
    return { x: left + panel.x, y: top + panel.y };
  }

  get #ready() {
    return this.graph && this.map.data && this.map.layout.panels.length;
  }

  #nodes() {
    if (!this.#ready) return [];
    const most = Math.max(...this.graph.nodes.map((node) => node.cells), 1);
    return this.graph.nodes.map((node) => ({ ...node, ...this.#at(node), size: SMALLEST + (LARGEST - SMALLEST) * Math.sqrt(node.cells / most) }));
  }

  #lines() {
    if (!this.#ready) return [];
    const nodes = this.graph.nodes.map((node) => this.#at(node));
    return this.graph.edges.map(({ from, to, weight }) => ({ from: nodes[from], to: nodes[to], wide: Math.max(WIDEST * weight, 0.8) }));
  }

  #root() {
    return this.#ready && this.graph.root ? this.#at(this.graph.root) : null;
  }
}
