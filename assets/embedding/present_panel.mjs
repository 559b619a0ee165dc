// Head of the panel: how many cells are selected, of which kind, what can be done with them, undo and redo.

import { cellsOf, h, link, redraw, save, sign, told } from "./dom.mjs";
import { asked, columnOf, routeOf } from "./saved.mjs";
import { countOf, countsByCode, intersection, inverted, rangeOf, union } from "./sets.mjs";

const MOST_GROUPS = 6;
const NEIGHBOURS = 15;
const EMPTY =
  "Draw around cells with the lasso (L) or a box (B) on the map, choose groups in the crossfilter below, or show a " +
  "selection that is saved.";

export class PresentPanel {
  constructor(panel) {
    this.panel = panel;
    this.steps = h("div", { class: "selection-steps" });
    this.count = h("p", { class: "selection-count", id: "selection-count" });
    this.kinds = h("div", { class: "selection-kinds" });
    this.actions = h("div", { class: "selection-actions" });
    this.name = h("input", { type: "text", id: "selection-name", maxLength: 80, placeholder: "e.g. B cells", autocomplete: "off" });
    this.saving = h(
      "form",
      { class: "selection-save", onsubmit: (event) => this.#save(event) },
      h("label", { for: "selection-name" }, "Name it"),
      this.name,
      h("button", { type: "submit", class: "button small" }, "Save"),
    );
    this.across = this.#across();
    const head = h("div", { class: "selection-head" }, h("h2", {}, "Selection"), this.steps);
    this.element = h("div", { class: "selection-present" }, head, this.count, this.kinds, this.actions, this.saving, this.across);
    panel.saved.addEventListener("change", () => this.draw());
    this.draw();
  }

  draw() {
    const { present, saved, about } = this.panel;
    const { bits, count } = present;
    this.#drawSteps();
    const share = count ? ` (${shareOf(count, about.cells)})` : "";
    redraw(this.count, count ? h("strong", {}, told(count)) : "", count ? ` of ${cellsOf(about.cells)}${share}` : EMPTY);
    this.count.classList.toggle("muted", !count);
    this.saving.hidden = !count || !saved.state.editable;
    this.across.hidden = !count || about.modalities.length < 2;
    redraw(
      this.actions,
      count > 0 && link("Invert", () => this.panel.select(inverted(bits, about.cells), "inversion"), { "data-key": "invert" }),
      count > 0 && link("Clear", () => this.panel.select(null, "clearing"), { "data-key": "clear", id: "selection-clear" }),
      count > 0 && link("Cells as CSV", () => this.#table(), { "data-key": "csv", id: "selection-csv" }),
      !saved.state.editable && saved.state.why_not && h("p", { class: "muted small" }, saved.state.why_not),
      count > 0 && !present.kept && h("p", { class: "muted small" }, "This selection is too large to be kept when the page is reloaded: save it."),
    );
    this.#drawKinds(bits, count);
  }

  #drawSteps() {
    const { undoable, redoable } = this.panel;
    const step = (text, word, next, go, key) =>
      sign(text, next ? `${word}: ${next.text}` : `Nothing to ${word.toLowerCase()}`, go, { disabled: !next, "data-key": key, id: `selection-${key}` });
    redraw(this.steps, step("↶", "Undo", undoable, this.panel.undo, "undo"), step("↷", "Redo", redoable, this.panel.redo, "redo"));
  }

  async #drawKinds(bits, count) {
    const turn = (this.turn = (this.turn ?? 0) + 1);
    if (!count) {
      this.kinds.replaceChildren();
      return;
    }
    const { about } = this.panel;
    const modalities = about.modalities.map(({ title, first, count: size }) => {
      const chosen = countOf(intersection(bits, rangeOf(first, first + size, about.cells)));
      return bar(title, chosen, size);
    });
    const column = await this.#column();
    if (turn !== this.turn) return;
    this.kinds.replaceChildren(list("By modality", modalities), ...(column ? [this.#byColumn(bits, column)] : []));
  }

  #byColumn(bits, { header, codes }) {
    const counts = countsByCode(bits, codes);
    const groups = header.groups.map(({ name, count }, code) => ({ name, size: count, chosen: counts[code] }));
    groups.push({ name: "no value", size: header.missing, chosen: counts[255] });
    const there = groups.filter(({ chosen }) => chosen).sort((a, b) => b.chosen - a.chosen);
    const shown = there.slice(0, MOST_GROUPS).map(({ name, chosen, size }) => bar(name, chosen, size));
    const more = there.length - shown.length;
    const rest = more > 0 && h("li", { class: "muted small" }, `and ${told(more)} more ${more === 1 ? "group" : "groups"}`);
    return list(`By ${header.title}`, [...shown, rest]);
  }

  // The column that colours the map or, where that holds no groups, the labels of the run.
  async #column() {
    const { columns, version: latest } = this.panel.saved.state;
    const shown = new URL(window.location.href).searchParams.get("colour") ?? "";
    const note = shown.startsWith("note:");
    // The address is behind for a moment when a column gets another name or goes.
    const wanted = note && !columns.some(({ key }) => key === shown) ? "" : shown;
    const version = note ? latest : 0;
    if (this.known?.wanted === wanted && this.known.version === version) return this.known.column;
    let column = null;
    for (const key of /^(obs|note):/.test(wanted) ? [wanted, ""] : [""]) {
      column = await columnOf(this.panel.run, key).catch(() => null);
      if (column?.header.kind === "groups") break;
    }
    if (column?.header.kind !== "groups" || column.codes.length !== this.panel.about.cells) column = null;
    this.known = { wanted, version, column };
    return column;
  }

  async #save(event) {
    event.preventDefault();
    const name = this.name.value;
    if (await this.panel.change((saved) => saved.save(name, this.panel.present.bits))) this.name.value = "";
  }

  async #table() {
    const { run, present } = this.panel;
    try {
      const answer = await asked(routeOf(run, "cells.csv"), { method: "POST", body: present.bits });
      save(await answer.blob(), "selected_cells.csv");
    } catch (error) {
      this.panel.refuse(error);
    }
  }

  // The nearest cells of the other modalities.
  #across() {
    const k = h("input", { type: "number", id: "selection-k", min: 1, max: 100, value: NEIGHBOURS });
    const follow = h("input", { type: "checkbox", id: "selection-follow" });
    const title = "Add the cells of the other modality that are nearest to those selected, in the space that both share";
    const go = link("Light up neighbours", () => this.#lightUp(k), { id: "selection-neighbours", title });
    this.told = h("p", { class: "muted small", role: "status" });
    this.follow = () => void (follow.checked && this.panel.present.count && this.#lightUp(k));
    return h(
      "div",
      { class: "selection-across" },
      h("div", { class: "across-line" }, go, h("label", {}, k, "nearest")),
      h("label", {}, follow, "whenever I select on the map"),
      this.told,
    );
  }

  async #lightUp(k) {
    const { run, present } = this.panel;
    const before = present.bits;
    this.told.textContent = "Looking for neighbours …";
    try {
      const url = routeOf(run, "neighbours", { k: k.value });
      const answer = await asked(url, { method: "POST", body: before });
      const found = new Uint8Array(await answer.arrayBuffer());
      if (present.bits !== before) return;
      this.told.textContent = decodeURIComponent(answer.headers.get("X-Monae-Told") ?? "");
      this.panel.select(union(before, found), "neighbours");
    } catch (error) {
      this.told.textContent = "";
      this.panel.refuse(error);
    }
  }
}

const shareOf = (count, all) => {
  const share = (100 * count) / all;
  return share < 0.1 ? "< 0.1 %" : `${share.toFixed(share < 10 ? 1 : 0)} %`;
};

function bar(name, chosen, size) {
  const full = size ? (100 * chosen) / size : 0;
  return h(
    "li",
    { title: `${told(chosen)} of ${cellsOf(size)} of ${name}` },
    h("span", { class: "kind-name" }, name),
    h("span", { class: "kind-bar", "aria-hidden": "true" }, h("span", { style: `width:${full.toFixed(1)}%` })),
    h("span", { class: "kind-count" }, told(chosen)),
  );
}

const list = (title, items) => h("div", {}, h("h3", {}, title), h("ul", { class: "kinds" }, ...items));
