// What one cell is: a ring around it and a note beside it, at once from what is known here, then from the server.

import { h } from "./dom.mjs";

const PATIENCE_MS = 110;

export class Hover {
  /** @param {(row: number, signal: AbortSignal) => Promise<object>} ask */
  constructor(parent, ask) {
    this.ask = ask;
    this.ring = parent.appendChild(h("div", { class: "cell-map-ring", hidden: true }));
    this.note = parent.appendChild(h("div", { class: "cell-map-note", role: "tooltip", hidden: true }));
    this.row = -1;
    this.known = new Map();
  }

  /** @param {{row: number, x: number, y: number, colour: string, first: string, second: string}} cell */
  show(cell) {
    Object.assign(this.ring.style, { transform: `translate(${cell.x}px, ${cell.y}px)`, borderColor: cell.colour });
    if (cell.row !== this.row) this.#ask(cell);
    this.ring.hidden = this.note.hidden = false;
    this.#place(cell);
  }

  hide() {
    this.row = -1;
    clearTimeout(this.timer);
    this.asking?.abort();
    this.ring.hidden = this.note.hidden = true;
  }

  /** Another colour, or another run: what was said does not hold any more. */
  forget() {
    this.known.clear();
    this.hide();
  }

  #ask(cell) {
    this.row = cell.row;
    clearTimeout(this.timer);
    this.asking?.abort();
    this.#write(cell, this.known.get(cell.row));
    if (this.known.has(cell.row)) return;
    this.timer = setTimeout(async () => {
      this.asking = new AbortController();
      const said = await this.ask(cell.row, this.asking.signal).catch(() => null);
      if (!said || this.row !== cell.row) return;
      if (this.known.size > 2000) this.known.clear();
      this.known.set(cell.row, said);
      this.#write(cell, said);
      this.#place(cell);
    }, PATIENCE_MS);
  }

  #write(cell, said) {
    const number = said && typeof said.value === "number" ? said.value.toPrecision(4).replace(/\.?0+$/, "") : null;
    const parts = [h("strong", {}, h("i", { style: `background: ${cell.colour}` }), number || cell.first)];
    if (cell.second) parts.push(h("span", { class: "muted" }, cell.second));
    if (said) {
      parts.push(h("span", { class: "cell-id" }, [said.id, said.modality].filter(Boolean).join(" · ")));
      const labels = Object.entries(said.labels || {}).filter(([, value]) => value !== null && value !== cell.first);
      if (labels.length) parts.push(h("dl", {}, ...labels.slice(0, 6).flatMap(([name, value]) => [h("dt", {}, name), h("dd", {}, String(value))])));
    }
    this.note.replaceChildren(...parts);
  }

  #place({ x, y }) {
    const room = this.note.parentElement;
    const [width, height] = [this.note.offsetWidth, this.note.offsetHeight];
    const left = x + 14 + width > room.clientWidth ? x - 14 - width : x + 14;
    const top = Math.min(Math.max(y - height / 2, 4), Math.max(room.clientHeight - height - 4, 4));
    this.note.style.transform = `translate(${Math.max(left, 4)}px, ${top}px)`;
  }
}
