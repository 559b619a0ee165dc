/* The rows of the antibody grid: a field a row, told to the server as it is left; see components/antibody_grid.py.

   Drawn here and not by Dash, whose callbacks over all fields take minutes to be worked out at 200 antibodies. */
"use strict";

(function () {
  const clientside = (window.dash_clientside = window.dash_clientside || {});
  const TYPED = "antibodies-typed";
  let fields = new Map();
  let filter = "";

  function element(tag, attributes, ...children) {
    const made = Object.assign(document.createElement(tag), attributes);
    made.append(...children);
    return made;
  }

  const tell = (name, said) => clientside.set_props(TYPED, { data: { name, time: Date.now(), ...said } });

  function line(row) {
    const input = element("input", { type: "text", placeholder: "no link", autocomplete: "off", spellcheck: false });
    const reset = element("button", { type: "button", className: "link-button", textContent: "Reset" });
    const [taken, note, weight] = [element("span"), element("small"), element("td")];
    input.setAttribute("aria-label", `Genes of ${row.name}`);
    reset.setAttribute("aria-label", `Reset ${row.name}`);
    input.addEventListener("change", () => tell(row.name, { text: input.value }));
    reset.addEventListener("click", () => {
      tell(row.name, { reset: true });
      input.focus();
    });
    const name = element("th", { scope: "row", textContent: row.name });
    const cells = [element("td", {}, input), element("td", {}, taken, note), weight, element("td", {}, reset)];
    return { tr: element("tr", {}, name, ...cells), input, taken, note, weight, reset };
  }

  function build(box, rows) {
    fields = new Map(rows.map((row) => [row.name, line(row)]));
    filter = "";
    const titles = ["Antibody", "Genes", "Taken for", "Weight", ""];
    const head = element("tr", {}, ...titles.map((text) => element("th", { scope: "col", textContent: text })));
    const body = element("tbody", {}, ...[...fields.values()].map((field) => field.tr));
    const nothing = element("p", { className: "muted", textContent: "No antibody is left by this filter." });
    box.replaceChildren(element("table", { className: "table antibodies" }, element("thead", {}, head), body), nothing);
  }

  function fill(row, wrong) {
    const field = fields.get(row.name);
    const refused = row.name in wrong;
    // what was refused stays, to be corrected
    if (!refused && field.input.value !== row.gene) field.input.value = row.gene;
    field.input.setAttribute("aria-invalid", String(refused));
    field.taken.textContent = row.taken;
    field.note.textContent = row.note;
    field.weight.textContent = row.weight;
    field.reset.hidden = !row.by_hand;
    field.tr.className = refused ? "wrong" : row.by_hand ? "by-hand" : row.gene ? "" : "alone";
  }

  function sift(box, rows, alone, find) {
    const wanted = (find || "").trim().toLowerCase();
    let left = 0;
    for (const row of rows) {
      const told = `${row.name} ${row.taken} ${row.gene}`.toLowerCase();
      const kept = !(alone && row.gene) && told.includes(wanted);
      fields.get(row.name).tr.hidden = !kept;
      left += kept;
    }
    box.lastChild.hidden = left > 0;
  }

  clientside.antibodies = {
    draw(rows, wrong, alone, find, id) {
      const box = document.getElementById(id);
      if (!box || !rows) return clientside.no_update;
      const same = box.firstChild && rows.length === fields.size && rows.every((row) => fields.has(row.name));
      if (!same) build(box, rows);
      for (const row of rows) fill(row, wrong || {});
      // a row that is mapped by hand does not leave from under it
      const key = JSON.stringify([alone || [], find || ""]);
      if (key !== filter) sift(box, rows, (alone || []).length > 0, find);
      filter = key;
      return clientside.no_update;
    },
  };
})();
