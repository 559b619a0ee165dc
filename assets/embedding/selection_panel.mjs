// The panel of the present selection: fills what monae_app/web/components/selection_panel.py leaves room for, and
// keeps maps, panel and tab at one selection.

import { ColumnsPanel } from "./columns_panel.mjs";
import { CrossfilterPanel } from "./crossfilter_panel.mjs";
import { cellsOf, h } from "./dom.mjs";
import { PresentPanel } from "./present_panel.mjs";
import { PresentSelection } from "./present.mjs";
import { asked, routeOf, SavedSelections } from "./saved.mjs";
import { bytesFor, gathered, isEmpty, same, spread } from "./sets.mjs";
import { SetsPanel } from "./sets_panel.mjs";

const SPEAK_MS = 400;
const HOW = { lasso: "lasso", box: "box", click: "click", group: "choice of a group", clear: "clearing" };
// By run, for as long as the tab shows the app: steps can be taken back after a visit to another page.
const selections = new Map();
// Maps that have been drawn, and of how many cells; they are known by what they tell.
const maps = new Map();
let panel = null;
// What a link selects, until its run is there.
let lent = null;

class SelectionPanel {
  constructor(root, run) {
    Object.assign(this, { root, run, done: [], undone: [], stopped: new AbortController() });
    this.body = root.querySelector("#selection-body");
    this.spoken = root.querySelector("#selection-spoken");
    this.alert = h("div", { class: "selection-alert" });
  }

  async start() {
    const { run, body } = this;
    body.replaceChildren(h("p", { class: "muted small" }, run ? "Loading …" : "No run is open."));
    if (!run) return;
    const { signal } = this.stopped;
    try {
      this.about = await (await asked(routeOf(run, "map.json"), { signal })).json();
      const { cells } = this.about;
      if (selections.get(run)?.cells !== cells) selections.set(run, new PresentSelection(run, cells));
      this.present = selections.get(run);
      this.saved = new SavedSelections(run);
      this.saved.addEventListener("change", () => this.#offer(), { signal });
      this.present.addEventListener("change", (event) => this.#changed(event.detail.text), { signal });
      this.#build();
      // Somebody may have been quicker than the answers of the server.
      if (this.early) this.take(...this.early);
      else this.#show();
      this.restore();
      await this.saved.load();
    } catch (error) {
      if (!signal.aborted) this.refuse(error, () => body.append(this.alert));
    }
  }

  // What is saved can be mapped alone (monae_app/web/pages/embedding/some_cells.py).
  #offer() {
    const { version } = this.saved.state;
    if (document.getElementById("some-cells-chosen")) window.dash_clientside?.set_props?.("some-cells-saved", { data: version });
  }

  stop() {
    this.stopped.abort();
    this.saved?.close();
  }

  #build() {
    this.parts = [new PresentPanel(this), new SetsPanel(this), new ColumnsPanel(this), new CrossfilterPanel(this)];
    const [first, ...rest] = this.parts.map((part) => part.element);
    this.body.replaceChildren(first, this.alert, ...rest);
  }

  /** Select what a link selects. */
  restore() {
    if (lent?.run !== this.run) return;
    const { bits, error } = lent;
    lent = null;
    if (error) this.refuse(error);
    else if (!bits || bits.length === bytesFor(this.about.cells)) this.select(bits, "selection of the link");
  }

  // Somebody did something, here or on a map: take it, and remember it for undo.
  select(bits, text) {
    if (this.present.set(bits, text)) this.#did("cells");
  }

  /** Change what is saved, and say what is refused; true if it went well. */
  async change(work, { remember = true } = {}) {
    this.alert.replaceChildren();
    try {
      await work(this.saved);
      if (remember) this.#did("saved");
      return true;
    } catch (error) {
      this.refuse(error);
      return false;
    }
  }

  refuse(error, before = () => {}) {
    before();
    const words = [error.expected && `Expected: ${error.expected}`, error.todo && `To do: ${error.todo}`];
    const close = h("button", { type: "button", class: "link-button", onclick: () => this.alert.replaceChildren() }, "Close");
    const lines = words.filter(Boolean).map((line) => h("p", {}, line));
    const title = h("p", { class: "notice-title" }, error.found ?? String(error.message ?? error));
    this.alert.replaceChildren(h("div", { class: "notice notice-error", role: "alert" }, title, ...lines, close));
  }

  /** Say that something is done, with a way back. */
  tell(text, undo = null) {
    const button = undo && h("button", { type: "button", class: "link-button", onclick: undo }, "Undo");
    this.alert.replaceChildren(h("div", { class: "notice notice-good", role: "status" }, h("p", {}, text), button ?? ""));
  }

  #did(what) {
    this.done.push(what);
    this.undone = [];
    this.parts?.forEach((part) => part.draw?.());
  }

  #changed(text) {
    this.#show();
    clearTimeout(this.speaking);
    this.speaking = setTimeout(() => {
      const now = this.present.count ? `${cellsOf(this.present.count)} selected` : "No cells selected";
      this.spoken.textContent = `${now}: ${text}`;
    }, SPEAK_MS);
  }

  // Every map shows what is selected.
  #show() {
    const { bits, count } = this.present;
    for (const map of maps.keys()) this.showOn(map);
    this.parts?.forEach((part) => part.draw?.());
    document.dispatchEvent(new CustomEvent("selection:change", { detail: { run: this.run, bits, count } }));
  }

  async showOn(map) {
    if (!map.isConnected) maps.delete(map);
    else if (map !== this.asking && this.present) {
      const shown = await this.#shownOn(map);
      const { bits } = this.present;
      const here = bits && shown ? gathered(bits, shown) : bits;
      const cells = maps.get(map);
      if (here && here.length !== bytesFor(cells)) return;
      const next = isEmpty(here) ? null : here;
      if (!same(map.selection().bits, next)) map.select(next);
    }
  }

  // A map may show some cells alone: which these are, among all; null for all.
  async #shownOn(map) {
    const part = map.state?.().choice?.part ?? null;
    if (!part) return null;
    const { key } = part;
    if (this.shown?.key !== key) {
      const url = routeOf(this.run, "shown.bits", { part: key });
      this.shown = { key, bits: new Uint8Array(await (await asked(url)).arrayBuffer()) };
    }
    return this.shown.bits;
  }

  // A map has selected: it shows that already.
  async take({ bits, how }, map) {
    try {
      const shown = await this.#shownOn(map);
      const all = shown && bits ? spread(bits, shown) : bits?.slice() ?? null;
      if (all && all.length !== bytesFor(this.about.cells)) return;
      this.asking = map;
      this.select(all, HOW[how] ?? "selection on the map");
      this.parts[0].follow();
    } catch (error) {
      this.refuse(error);
    } finally {
      this.asking = null;
    }
  }

  get undoable() {
    return this.#next(this.done, this.present.undoText, this.saved.state.undo);
  }

  get redoable() {
    return this.#next(this.undone, this.present.redoText, this.saved.state.redo);
  }

  // What was done last comes first; after a reload only what is saved can be taken back.
  #next(list, cells, saved) {
    const texts = { cells, saved };
    const what = [...list].reverse().find((each) => texts[each]) ?? (saved ? "saved" : cells ? "cells" : null);
    return what && { what, text: texts[what] };
  }

  undo = () => this.#move(this.undoable, this.done, this.undone, "undo");
  redo = () => this.#move(this.redoable, this.undone, this.done, "redo");

  async #move(next, from, to, word) {
    if (!next || this.moving) return;
    this.moving = true;
    if (next.what === "cells") this.present[word]();
    const went = next.what === "cells" || (await this.change((saved) => saved[word](), { remember: false }));
    this.moving = false;
    if (!went) return;
    const place = from.lastIndexOf(next.what);
    if (place >= 0) from.splice(place, 1);
    to.push(next.what);
    this.spoken.textContent = `${word === "undo" ? "Undone" : "Done again"}: ${next.text}`;
    this.parts.forEach((part) => part.draw?.());
  }
}

function mount() {
  const root = document.getElementById("selection-panel");
  if (panel && (panel.root !== root || panel.run !== root?.dataset.run)) {
    panel.stop();
    panel = null;
  }
  if (root && !panel && root.querySelector("#selection-body")) {
    panel = new SelectionPanel(root, root.dataset.run);
    panel.start();
  }
}

// React writes the attribute after it has told us.
document.addEventListener("selection:run", () => setTimeout(mount));
document.addEventListener("map:select", ({ detail, target }) => {
  if (panel?.parts) panel.take(detail, target);
  else if (panel) panel.early = [detail, target];
});
document.addEventListener("map:ready", ({ detail, target }) => {
  maps.set(target, detail.cells);
  panel?.showOn(target);
  panel?.parts?.[0].draw();
});
document.addEventListener("selection:read", ({ detail }) => {
  if (panel?.run === detail.run && panel.present?.count) detail.bits = panel.present.bits;
});
document.addEventListener("selection:restore", ({ detail }) => {
  lent = detail;
  if (panel?.parts) panel.restore();
});
document.addEventListener("keydown", (event) => {
  const key = event.key.toLowerCase();
  if (!panel?.present || !(event.ctrlKey || event.metaKey) || event.altKey || (key !== "z" && key !== "y")) return;
  const target = event.target instanceof Element ? event.target : document.body;
  const writing = target.matches("textarea, input:not([type=checkbox], [type=range], [type=color], [type=radio])");
  const here = [panel.root, ...maps.keys()].some((element) => element.contains(target));
  if (writing || !here) return;
  event.preventDefault();
  if (key === "y" || event.shiftKey) panel.redo();
  else panel.undo();
});
mount();
