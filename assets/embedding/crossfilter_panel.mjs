// The crossfilter: columns with their groups and ranges; what passes all of them is the present selection.

import { Crossfilter } from "./crossfilter.mjs";
import { cellsOf, h, link, redraw, sign, told } from "./dom.mjs";
import { asked, columnOf, routeOf } from "./saved.mjs";
import { countOf, countsByCode } from "./sets.mjs";

const TOP = 254;
const NO_VALUE = 255;
const BARS = 32;
const MOST_COLUMNS = 12;
const MANY = 12;

export class CrossfilterPanel {
  constructor(panel) {
    this.panel = panel;
    this.filter = new Crossfilter(panel.about.cells);
    this.facets = new Map();
    this.choice = h("select", { id: "facet-choice", onchange: () => this.#add(this.choice.value) });
    this.label = h("label", { for: "facet-choice" }, "Add a column");
    this.told = h("p", { class: "muted small", id: "facet-told", role: "status" });
    this.list = h("div", { class: "facets", id: "facets" });
    this.element = h(
      "details",
      { class: "fold crossfilter", id: "crossfilter", ontoggle: () => this.#open() },
      h("summary", {}, "Choose cells by columns"),
      h("p", { class: "muted small" }, "Cells that pass every column below are selected; within a column, those of any group that is ticked."),
      h("div", { class: "facet-add" }, this.label, this.choice),
      this.list,
      this.told,
    );
  }

  async #open() {
    if (!this.element.open || this.offered) return;
    this.offered = true;
    try {
      const hits = await (await asked(routeOf(this.panel.run, "search.json", { text: "", limit: 200 }))).json();
      this.hits = hits.filter(({ key }) => /^(obs|note):/.test(key));
      this.#offer();
      const first = this.hits.find(({ key }) => key.startsWith("obs:"));
      if (first && !this.facets.size) await this.#add(first.key);
    } catch (error) {
      this.offered = false;
      this.panel.refuse(error);
    }
  }

  #offer() {
    const notes = this.panel.saved.state.columns.map(({ key, name }) => ({ key, name }));
    const known = new Set(notes.map(({ key }) => key));
    const all = [...notes, ...this.hits.filter(({ key }) => !key.startsWith("note:") && !known.has(key))];
    const free = all.filter(({ key }) => !this.facets.has(key));
    const first = h("option", { value: "" }, free.length ? "choose …" : "no more columns");
    this.choice.replaceChildren(first, ...free.map(({ key, name }) => h("option", { value: key }, name)));
    this.choice.disabled = !free.length || this.facets.size >= MOST_COLUMNS;
  }

  async #add(key) {
    if (!key || this.facets.has(key)) return;
    this.told.textContent = "Loading the column …";
    try {
      const { header, codes } = await columnOf(this.panel.run, key, { low: 1, high: 99 });
      if (codes.length !== this.panel.about.cells) throw new Error("The map shows some groups alone: show all cells first.");
      this.filter.add(key, codes);
      const make = header.kind === "groups" ? groupsFacet : rangeFacet;
      const facet = make(key, header, this.filter, () => this.#changed());
      const remove = sign("×", `Remove the column ${header.title}`, () => this.#remove(key));
      facet.element.querySelector(".facet-head").append(remove);
      this.facets.set(key, facet);
      this.list.append(facet.element);
      this.told.textContent = "";
      this.#offer();
      this.draw();
    } catch (error) {
      this.told.textContent = "";
      this.panel.refuse(error);
    }
  }

  #remove(key) {
    const facet = this.facets.get(key);
    const before = this.filter.active;
    this.filter.remove(key);
    this.facets.delete(key);
    facet.element.remove();
    this.#offer();
    if (before) this.#changed();
    else this.draw();
    this.choice.focus();
  }

  #changed() {
    const began = performance.now();
    const { filter } = this;
    this.made = filter.active ? filter.bits : null;
    this.panel.select(this.made, "crossfilter");
    this.draw();
    this.element.dataset.ms = (performance.now() - began).toFixed(1);
  }

  /** The counts, and whether what is selected is still what passes. */
  draw() {
    if (!this.facets.size) return;
    const { filter, panel } = this;
    const { bits } = panel.present;
    for (const [key, facet] of this.facets) {
      const { all, others } = filter.counts(key);
      // While nothing is ticked, what was selected elsewhere is counted.
      facet.count({ all, others: filter.active || !bits ? others : countsByCode(bits, filter.columns.get(key).codes) });
    }
    const passing = filter.active ? countOf(this.made) : 0;
    const other = filter.active && !(bits === this.made || (!bits && !passing));
    const words = !filter.active ? "" : passing ? `${cellsOf(passing)} pass.` : "No cell passes all columns.";
    const again = other && link("Select what passes", () => panel.select(this.made, "crossfilter"), { "data-key": "again" });
    redraw(this.told, other ? `${words} Something else is selected now. ` : words, again);
  }
}

// Ticks for groups, with how many of them pass the other columns, of how many.
function groupsFacet(key, header, filter, changed) {
  const ticked = new Set();
  const rows = [...header.groups.map(({ name }, code) => ({ name, code }))];
  if (header.missing) rows.push({ name: "no value", code: NO_VALUE });
  const apply = () => {
    if (ticked.size) filter.choose(key, ticked);
    else filter.clear(key);
    reset.hidden = !ticked.size;
    changed();
  };
  for (const row of rows) {
    row.box = h("input", { type: "checkbox", onchange: () => (row.box.checked ? ticked.add(row.code) : ticked.delete(row.code), apply()) });
    row.count = h("span", { class: "kind-count" });
    row.element = h("li", {}, h("label", {}, row.box, h("span", { class: "kind-name", title: row.name }, row.name), row.count));
  }
  const reset = link("Untick all", () => {
    ticked.clear();
    for (const { box } of rows) box.checked = false;
    apply();
  }, { hidden: true });
  const find = h("input", {
    type: "search", placeholder: `search ${rows.length} groups`, "aria-label": `Search the groups of ${header.title}`,
    oninput: () => {
      const wanted = find.value.trim().toLowerCase();
      for (const row of rows) row.element.hidden = !row.name.toLowerCase().includes(wanted);
    },
  });
  const head = h("div", { class: "facet-head" }, h("strong", {}, header.title), reset);
  const items = h("ul", { class: "kinds ticks" }, ...rows.map(({ element }) => element));
  const element = h("fieldset", { class: "facet", "data-facet": key, "aria-label": header.title }, head, rows.length > MANY && find, items);
  const count = ({ all, others }) => {
    for (const row of rows) {
      row.count.textContent = others[row.code] === all[row.code] ? told(all[row.code]) : `${told(others[row.code])} / ${told(all[row.code])}`;
      row.element.classList.toggle("none", !others[row.code]);
    }
  };
  return { element, count };
}

// A histogram with two handles and two numbers; the ends hold what lies beyond the 1st and the 99th percentile.
function rangeFacet(key, header, filter, changed) {
  const { low, high, least, most, title } = header;
  const known = low !== null && high > low;
  const valueOf = (code) => (code <= 0 ? least : code >= TOP ? most : low + ((high - low) * code) / TOP);
  const codeOf = (value) => (value <= least ? 0 : value >= most ? TOP : Math.min(TOP, Math.max(0, Math.round(((value - low) * TOP) / (high - low)))));
  const range = [0, TOP];
  const bars = Array.from({ length: BARS }, () => h("span", {}, h("i", {})));
  const apply = () => {
    const codes = Array.from({ length: range[1] - range[0] + 1 }, (_, place) => range[0] + place);
    if (range[0] === 0 && range[1] === TOP) filter.clear(key);
    else filter.choose(key, codes);
    show();
    changed();
  };
  const set = (end, code) => {
    range[end] = end ? Math.max(code, range[0]) : Math.min(code, range[1]);
    apply();
  };
  const names = [`${title}, from`, `${title}, to`];
  const handles = names.map((name, end) =>
    h("input", { type: "range", min: 0, max: TOP, value: range[end], "aria-label": name, disabled: !known, oninput: (event) => set(end, Number(event.target.value)) }));
  const fields = names.map((name, end) =>
    h("input", {
      type: "number", step: "any", "aria-label": `${name}, as a number`, disabled: !known,
      onchange: (event) => set(end, event.target.value === "" ? [0, TOP][end] : codeOf(Number(event.target.value))),
    }));
  const show = () => {
    range.forEach((code, end) => {
      handles[end].value = code;
      handles[end].setAttribute("aria-valuetext", short(valueOf(code)));
      fields[end].value = known ? short(valueOf(code)) : "";
    });
    bars.forEach((bar, place) => {
      const [first, last] = [place, place + 1].map((edge) => (edge * (TOP + 1)) / BARS);
      bar.classList.toggle("out", last <= range[0] || first > range[1]);
    });
  };
  const head = h("div", { class: "facet-head" }, h("strong", {}, title), h("small", { class: "muted" }, header.unit ?? ""));
  const element = h(
    "fieldset",
    { class: "facet", "data-facet": key, "aria-label": title },
    head,
    h("div", { class: "facet-bars", "aria-hidden": "true" }, ...bars),
    h("div", { class: "facet-handles" }, ...handles),
    h("div", { class: "facet-numbers" }, fields[0], h("span", {}, "to"), fields[1]),
    header.missing > 0 && h("p", { class: "muted small" }, `${cellsOf(header.missing)} without a value pass only while all do.`),
  );
  const count = ({ all, others }) => {
    const totals = [all, others].map((counts) => {
      const sums = new Float64Array(BARS);
      for (let code = 0; code <= TOP; code++) sums[Math.floor((code * BARS) / (TOP + 1))] += counts[code];
      return sums;
    });
    const highest = Math.max(1, ...totals[0]);
    bars.forEach((bar, place) => {
      bar.style.height = `${(100 * totals[0][place]) / highest}%`;
      bar.firstChild.style.height = totals[0][place] ? `${(100 * totals[1][place]) / totals[0][place]}%` : "0";
    });
  };
  show();
  return { element, count };
}

const short = (value) => (value === null ? "" : String(Number(value.toPrecision(4))));
