// The saved selections: show, combine with what is selected now, rename, recolour, download, delete with a way back.

import { cellsOf, h, link, redraw, sign, told } from "./dom.mjs";
import { routeOf } from "./saved.mjs";
import { difference, intersection, same, union } from "./sets.mjs";

const JOINS = [
  ["∪", "Add its cells to the selection", union, "add"],
  ["∩", "Keep only its cells in the selection", intersection, "keep"],
  ["−", "Take its cells out of the selection", difference, "take"],
];

export class SetsPanel {
  constructor(panel) {
    this.panel = panel;
    this.shown = null;
    this.renaming = null;
    this.title = h("h3", { class: "selection-title" });
    this.list = h("ul", { class: "saved-sets", id: "saved-sets", "aria-label": "Saved selections" });
    this.all = h("a", { class: "link-button small", id: "saved-csv", download: "", title: "All cells, with every column and selection that is saved" }, "Everything as CSV");
    this.element = h("div", { class: "selection-sets" }, this.title, this.list, this.all);
    panel.saved.addEventListener("change", () => this.draw());
    this.#closeMenus();
    this.draw();
  }

  draw() {
    const { sets, columns } = this.panel.saved.state;
    this.title.textContent = sets.length ? `Saved selections (${sets.length})` : "Saved selections";
    const nothing = h("li", { class: "muted small" }, "None yet: select cells, and give them a name.");
    redraw(this.list, sets.length ? sets.map((set) => this.#row(set)) : nothing);
    this.all.hidden = !sets.length && !columns.length;
    this.all.href = routeOf(this.panel.run, "annotations.csv");
  }

  #row(set) {
    const { panel } = this;
    const { editable } = panel.saved.state;
    const pressed = this.shown?.id === set.id && same(this.shown.bits, panel.present.bits);
    const keyed = (what) => ({ "data-key": `${what}-${set.id}` });
    const colour = h("input", {
      type: "color", class: "set-dot", value: set.colour, disabled: !editable, "aria-label": `Colour of ${set.name}`,
      onchange: (event) => panel.change((saved) => saved.changeSet(set.id, { colour: event.target.value })), ...keyed("dot"),
    });
    const name = h(
      "button",
      { type: "button", class: "set-name", "aria-pressed": String(pressed), title: pressed ? `Hide ${set.name}` : `Show ${set.name} alone`, onclick: () => this.#show(set, pressed), ...keyed("name") },
      set.name,
    );
    const joins = JOINS.map(([text, label, join, key]) =>
      sign(text, `${label}: ${set.name}`, () => this.#join(set, join, text), { disabled: !panel.present.count && join !== union, ...keyed(key) }));
    const more = h("details", { class: "set-more", ...keyed("more") }, h("summary", { "aria-label": `More about ${set.name}`, title: "More" }, "⋯"), this.#more(set, keyed));
    const first = this.renaming === set.id ? this.#rename(set) : name;
    return h("li", { class: "saved-set" }, colour, first, h("span", { class: "set-count", title: cellsOf(set.count) }, told(set.count)), h("span", { class: "set-joins" }, ...joins, more));
  }

  #more(set, keyed) {
    const { panel } = this;
    const { editable } = panel.saved.state;
    const csv = routeOf(panel.run, `selections/${set.id}.csv`);
    const all = routeOf(panel.run, `selections/${set.id}.csv`, { cells: "all" });
    return h(
      "div",
      { class: "set-menu" },
      editable && link("Rename", () => this.#begin(set), keyed("rename")),
      editable && panel.present.count > 0 && link("Replace by what is selected now", () => panel.change((saved) => saved.replaceSet(set.id, panel.present.bits)), keyed("replace")),
      h("a", { class: "link-button", href: csv, download: "", ...keyed("csv") }, "Its cells as CSV"),
      h("a", { class: "link-button", href: all, download: "", ...keyed("all") }, "All cells, in it or not, as CSV"),
      editable && link("Delete", () => this.#remove(set), keyed("delete")),
    );
  }

  // Whoever looks elsewhere, or presses Escape, is done with a menu.
  #closeMenus() {
    const { signal } = this.panel.stopped;
    const opened = () => this.list.querySelectorAll(".set-more[open]");
    const outside = ({ target }) => opened().forEach((menu) => void (menu.contains(target) || (menu.open = false)));
    document.addEventListener("pointerdown", outside, { signal });
    this.list.addEventListener("focusin", outside, { signal });
    this.list.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      for (const menu of opened()) {
        menu.open = false;
        menu.querySelector("summary").focus();
      }
    });
  }

  #begin(set) {
    this.renaming = set.id;
    this.draw();
    const field = this.list.querySelector(".set-rename");
    field.focus();
    field.select();
  }

  #rename(set) {
    const end = () => {
      this.renaming = null;
      this.draw();
    };
    const field = h("input", {
      type: "text", class: "set-rename", maxLength: 80, value: set.name, "aria-label": `New name of ${set.name}`, "data-key": `field-${set.id}`,
      onkeydown: (event) => void (event.key === "Escape" && end()),
    });
    const send = async (event) => {
      event.preventDefault();
      if (await this.panel.change((saved) => saved.changeSet(set.id, { name: field.value }))) end();
    };
    return h("form", { class: "rename-form", onsubmit: send }, field, h("button", { type: "submit", class: "button small" }, "OK"));
  }

  async #show(set, pressed) {
    if (pressed) return this.panel.select(null, `hiding “${set.name}”`);
    await this.#with(set, (bits) => {
      this.shown = { id: set.id, bits };
      this.panel.select(bits, `show “${set.name}”`);
      this.draw();
    });
  }

  #join(set, join, text) {
    return this.#with(set, (bits) => {
      const { present } = this.panel;
      this.panel.select(present.bits ? join(present.bits, bits) : bits, `${text} “${set.name}”`);
    });
  }

  async #with(set, use) {
    try {
      use(await this.panel.saved.bits(set.id));
    } catch (error) {
      this.panel.refuse(error);
    }
  }

  async #remove(set) {
    if (await this.panel.change((saved) => saved.removeSet(set.id))) {
      this.panel.tell(`“${set.name}” is deleted.`, () => this.#bringBack());
      this.list.querySelector("button, a")?.focus();
    }
  }

  async #bringBack() {
    await this.panel.undo();
    this.panel.alert.replaceChildren();
  }
}
