// Columns that the user makes: put what is selected into a group, colour the map by a column, rename, delete.

import { h, link, redraw, sign, told } from "./dom.mjs";
import { columnOf, routeOf } from "./saved.mjs";
import { withCodes } from "./sets.mjs";

const NEW = "";

export class ColumnsPanel {
  constructor(panel) {
    this.panel = panel;
    this.renaming = null;
    this.title = h("h3", { class: "selection-title" }, "Annotation columns");
    this.list = h("div", { class: "note-columns", id: "note-columns" });
    this.form = this.#form();
    this.element = h("div", { class: "selection-columns" }, this.title, this.list, this.form);
    panel.saved.addEventListener("change", () => {
      this.#follow(panel.saved.state.columns);
      this.draw();
    });
    this.draw();
  }

  draw() {
    const { columns, editable } = this.panel.saved.state;
    const nothing = h("p", { class: "muted small" }, "None yet: a column holds a group for each cell that you put into one.");
    redraw(this.list, columns.length ? columns.map((column) => this.#column(column)) : nothing);
    this.form.hidden = !this.panel.present.count || !editable;
    this.#offer(columns);
  }

  #form() {
    this.choice = h("select", { id: "note-choice", onchange: () => this.#offer(this.panel.saved.state.columns) });
    this.name = h("input", { type: "text", id: "note-name", maxLength: 80, placeholder: "name of the column", "aria-label": "Name of the new column" });
    this.group = h("input", { type: "text", id: "note-group", maxLength: 80, placeholder: "existing or new", autocomplete: "off" });
    this.group.setAttribute("list", "note-groups");
    this.groups = h("datalist", { id: "note-groups" });
    const out = link("Take out", () => this.#takeOut(), { id: "note-out", title: "The selected cells are in no group of the column then" });
    this.out = out;
    return h(
      "form",
      { class: "note-form", id: "note-form", onsubmit: (event) => this.#add(event) },
      h("label", { for: "note-choice" }, "Add to column"), this.choice,
      this.name,
      h("label", { for: "note-group" }, "Group"), this.group, this.groups,
      h("span", { class: "note-buttons" }, h("button", { type: "submit", class: "button small" }, "Add"), out),
    );
  }

  // The columns that there are, and the groups of the chosen one.
  #offer(columns) {
    const before = this.choice.value;
    const key = columns.map(({ id, name }) => `${id} ${name}`).join("\n");
    if (key !== this.offered) {
      this.offered = key;
      const options = columns.map(({ id, name }) => h("option", { value: id }, name));
      this.choice.replaceChildren(...options, h("option", { value: NEW }, "A new column …"));
      this.choice.value = columns.some(({ id }) => id === before) ? before : columns.at(-1)?.id ?? NEW;
    }
    const column = columns.find(({ id }) => id === this.choice.value);
    this.name.hidden = Boolean(column);
    this.out.hidden = !column;
    this.groups.replaceChildren(...(column?.groups ?? []).map(({ name }) => h("option", { value: name })));
  }

  async #add(event) {
    event.preventDefault();
    const { bits } = this.panel.present;
    const [id, group] = [this.choice.value, this.group.value];
    const made = (saved) => (id === NEW ? saved.addColumn(this.name.value, group, bits) : saved.assign(id, group, bits, true));
    let column = null;
    const went = await this.panel.change(async (saved) => (column = await made(saved)));
    if (!went) return;
    this.group.value = this.name.value = "";
    this.choice.value = column.id;
    this.#offer(this.panel.saved.state.columns);
    this.panel.tell(`${told(this.panel.present.count)} cells are in “${group.trim()}” of “${column.name}”.`);
  }

  async #takeOut() {
    const { bits } = this.panel.present;
    await this.panel.change((saved) => saved.assign(this.choice.value, null, bits, false));
  }

  // The column that colours the map is filled, renamed or deleted: here, by undo, or in another tab.
  #follow(columns) {
    const shown = new URL(window.location.href).searchParams.get("colour");
    const before = this.known?.find(({ key }) => key === shown);
    this.known = columns;
    if (!before) return;
    const now = columns.find(({ id }) => id === before.id);
    if (!now) this.#colourByDefault();
    else if (now.key !== before.key) this.#colour(now);
    else if (JSON.stringify(now) !== JSON.stringify(before)) {
      document.dispatchEvent(new CustomEvent("map:recolour", { detail: { key: now.key } }));
    }
  }

  async #colourByDefault() {
    const { header } = await columnOf(this.panel.run, "");
    this.#colour({ name: header.title, key: header.key });
  }

  #column(column) {
    const { panel } = this;
    const { editable } = panel.saved.state;
    const keyed = (what) => ({ "data-key": `${what}-${column.id}` });
    const csv = routeOf(panel.run, `annotations/${column.id}.csv`);
    const title = `${column.groups.length} ${column.groups.length === 1 ? "group" : "groups"}`;
    const actions = h(
      "span",
      { class: "note-actions" },
      link("Colour by it", () => this.#colour(column), { title: `Colour the map by ${column.name}`, ...keyed("colour") }),
      editable && link("Rename", () => this.#begin(column.id), keyed("rename")),
      h("a", { class: "link-button", href: csv, download: "", ...keyed("csv") }, "CSV"),
      editable && link("Delete", () => this.#remove(column, null), keyed("delete")),
    );
    const heading = this.renaming === column.id ? this.#rename(column.name, (name) => panel.saved.renameColumn(column.id, name)) : null;
    const groups = column.groups.map((group, code) => this.#group(column, group, code));
    return h(
      "details",
      { class: "note-column", open: columns(panel) <= 2, ...keyed("column") },
      h("summary", {}, column.name, h("small", { class: "muted" }, ` ${title}`)),
      heading, actions, h("ul", {}, ...groups),
    );
  }

  #group(column, group, code) {
    const { panel } = this;
    const { editable } = panel.saved.state;
    const key = `${column.id}-${group.name}`;
    if (this.renaming === key) return h("li", {}, this.#rename(group.name, (name) => panel.saved.renameGroup(column.id, group.name, name)));
    return h(
      "li",
      { class: "note-group" },
      h("button", { type: "button", class: "set-name", title: `Select ${group.name}`, onclick: () => this.#select(column, group, code), "data-key": `group-${key}` }, group.name),
      h("span", { class: "set-count" }, told(group.count)),
      editable && sign("✎", `Rename ${group.name}`, () => this.#begin(key), { "data-key": `pen-${key}` }),
      editable && sign("×", `Remove the group ${group.name}`, () => this.#remove(column, group.name), { "data-key": `out-${key}` }),
    );
  }

  #begin(key) {
    this.renaming = key;
    this.draw();
    const field = this.list.querySelector(".set-rename");
    field?.focus();
    field?.select();
  }

  #rename(name, send) {
    const end = () => {
      this.renaming = null;
      this.draw();
    };
    const field = h("input", {
      type: "text", class: "set-rename", maxLength: 80, value: name, "aria-label": `New name of ${name}`, "data-key": "note-field",
      onkeydown: (event) => void (event.key === "Escape" && end()),
    });
    const submit = async (event) => {
      event.preventDefault();
      if (await this.panel.change(() => send(field.value))) end();
    };
    return h("form", { class: "rename-form", onsubmit: submit }, field, h("button", { type: "submit", class: "button small" }, "OK"));
  }

  async #remove(column, group) {
    const remove = (saved) => (group === null ? saved.removeColumn(column.id) : saved.removeGroup(column.id, group));
    if (!(await this.panel.change(remove))) return;
    this.panel.tell(group === null ? `The column “${column.name}” is deleted.` : `The group “${group}” is removed.`, async () => {
      await this.panel.undo();
      this.panel.alert.replaceChildren();
    });
  }

  async #select(column, group, code) {
    try {
      const { codes } = await columnOf(this.panel.run, column.key);
      const passes = new Uint8Array(256);
      passes[code] = 1;
      this.panel.select(withCodes(codes, passes), `group “${group.name}”`);
    } catch (error) {
      this.panel.refuse(error);
    }
  }

  #colour(column) {
    // The menu keeps no value that is not among its options.
    const options = [{ label: `${column.name} · cells`, value: column.key, search: column.name }];
    window.dash_clientside?.set_props?.("map-colour", { options, value: column.key });
  }
}

const columns = (panel) => panel.saved.state.columns.length;
