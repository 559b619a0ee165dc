// The small bar of tools on the map, and the line that says how many cells are selected.

import { h, told } from "./dom.mjs";
import { Help } from "./help.mjs";

const ICONS = {
  pan: "M12 3v18M3 12h18M12 3l-2.5 2.5M12 3l2.5 2.5M12 21l-2.5-2.5M12 21l2.5-2.5M3 12l2.5-2.5M3 12l2.5 2.5M21 12l-2.5-2.5M21 12l-2.5 2.5",
  lasso: "M7 16.5c-2.6-1-4-2.8-4-5C3 7.4 7 4.5 12 4.5s9 2.9 9 7-4 6.5-9 6.5c-.8 0-1.6-.1-2.3-.2M7 14.8a1.9 1.9 0 1 0 0 3.8 1.9 1.9 0 0 0 0-3.8M7 18.6c.2 1.2-.3 2-1.5 2.6",
  box: "M4 4h3M10.5 4h3M17 4h3v3M20 10.5v3M20 17v3h-3M13.5 20h-3M7 20H4v-3M4 13.5v-3M4 7V4",
  in: "M11 4a7 7 0 1 0 0 14 7 7 0 0 0 0-14M16 16l4.5 4.5M8 11h6M11 8v6",
  out: "M11 4a7 7 0 1 0 0 14 7 7 0 0 0 0-14M16 16l4.5 4.5M8 11h6",
  reset: "M4 9V4h5M20 9V4h-5M4 15v5h5M20 15v5h-5",
  help: "M9 9.2a3.1 3.1 0 1 1 4.6 2.7c-1 .6-1.6 1.2-1.6 2.4M12 17.6v.4",
};
const TOOLS = [["pan", "Move (V)"], ["lasso", "Lasso (L): draw around cells. Shift adds, Alt takes away"], ["box", "Box (B): Shift adds, Alt takes away"]];
const DEEDS = [["in", "Zoom in (+)"], ["out", "Zoom out (−)"], ["reset", "Show all (0, or double click)"], ["help", "Hands and keys (?)"]];

const icon = (name) => {
  const drawn = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  drawn.setAttribute("viewBox", "0 0 24 24");
  drawn.setAttribute("aria-hidden", "true");
  const path = drawn.appendChild(document.createElementNS(drawn.namespaceURI, "path"));
  path.setAttribute("d", ICONS[name]);
  return drawn;
};

export class Tools {
  /** @param {{tool(name), zoom(factor), reset(), clear(), help()}} hands */
  constructor(parent, hands, canvas) {
    this.help = new Help(parent, canvas);
    const button = (name, title, act) => h("button", { type: "button", title, "aria-label": title.split(" (")[0], "data-tool": name, onclick: act }, icon(name));
    this.tools = TOOLS.map(([name, title]) => button(name, title, () => hands.tool(name)));
    const deeds = { in: () => hands.zoom(1.6), out: () => hands.zoom(1 / 1.6), reset: () => hands.reset(), help: () => hands.help() };
    this.bar = parent.appendChild(h("div", { class: "cell-map-tools", role: "toolbar", "aria-label": "Tools of the map" },
      h("div", { role: "group" }, ...this.tools),
      h("div", { role: "group" }, ...DEEDS.map(([name, title]) => button(name, title, deeds[name])))));
    this.said = h("span", {});
    this.line = parent.appendChild(h("div", { class: "cell-map-selected", hidden: true }, this.said,
      h("button", { type: "button", class: "link-button", title: "Escape", onclick: () => hands.clear() }, "Clear")));
  }

  choose(tool) {
    for (const button of this.tools) button.setAttribute("aria-pressed", String(button.dataset.tool === tool));
  }

  /** @param {number | null} count null: nothing is selected */
  selected(count, cells) {
    this.line.hidden = count === null;
    if (count !== null) this.said.textContent = `${told(count)} of ${told(cells)} cells selected`;
  }
}
