// The present selection of one run: one for all panels and pages, kept while the tab lives, with undo and redo.

import { countOf, fromText, isEmpty, same, toText } from "./sets.mjs";

const MOST_STEPS = 50;
// Half of what browsers keep for a site; beyond it a selection lasts as long as its page.
const LONGEST = 2_000_000;
const keyOf = (run) => `selection:${run}`;

/** Tells "change" with {detail: {text}} whenever other cells are selected. */
export class PresentSelection extends EventTarget {
  /**
   * @param {string} run
   * @param {number} cells of the run
   * @param {Storage} storage where it is kept
   */
  constructor(run, cells, storage = window.sessionStorage) {
    super();
    Object.assign(this, { run, cells, storage, bits: null, count: 0, past: [], future: [], kept: true });
    this.#restore();
  }

  /** Select other cells; null or none for no selection. */
  set(bits, text) {
    const next = isEmpty(bits) ? null : bits;
    if (same(this.bits, next)) return false;
    this.past = [...this.past, { bits: this.bits, text }].slice(-MOST_STEPS);
    this.future = [];
    this.#show(next, text);
    return true;
  }

  get undoText() {
    return this.past.at(-1)?.text ?? null;
  }

  get redoText() {
    return this.future.at(-1)?.text ?? null;
  }

  undo() {
    return this.#step(this.past, this.future);
  }

  redo() {
    return this.#step(this.future, this.past);
  }

  #step(from, to) {
    const step = from.pop();
    if (!step) return false;
    to.push({ bits: this.bits, text: step.text });
    this.#show(step.bits, step.text);
    return true;
  }

  #show(bits, text) {
    this.bits = bits;
    this.count = bits ? countOf(bits) : 0;
    this.#keep();
    this.dispatchEvent(new CustomEvent("change", { detail: { text } }));
  }

  #keep() {
    const text = this.bits ? `${this.cells}:${toText(this.bits, this.cells)}` : "";
    this.kept = text.length <= LONGEST;
    try {
      if (text && this.kept) this.storage.setItem(keyOf(this.run), text);
      else this.storage.removeItem(keyOf(this.run));
    } catch {
      // full, or not allowed: it lasts as long as the page
      this.kept = false;
    }
  }

  #restore() {
    let text = null;
    try {
      text = this.storage.getItem(keyOf(this.run));
    } catch {
      return;
    }
    const [cells, written] = (text ?? "").split(":");
    if (!written || Number(cells) !== this.cells) return;
    this.bits = fromText(written, this.cells);
    this.count = this.bits ? countOf(this.bits) : 0;
  }
}
