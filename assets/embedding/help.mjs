// What hands and keys can do on the map, told by a card over it.

import { h } from "./dom.mjs";

const HANDS = [
  ["Drag", "move the map"],
  ["Wheel, pinch", "zoom to the pointer"],
  ["Double click", "show all"],
  ["Lasso, box", "select cells; Shift adds, Alt takes away"],
  ["Click", "select one cell"],
  ["Legend: click", "hide a group, or show it again"],
  ["Legend: double click", "see a group alone"],
  ["Legend: dot", "give a group another colour"],
];
const KEYS = [
  ["← ↑ → ↓", "move"],
  ["+ −", "zoom"],
  ["0", "show all"],
  ["L B V", "lasso, box, move"],
  ["N P", "walk over the groups"],
  ["Enter", "select the group"],
  ["Esc", "clear the selection"],
  ["Ctrl Z, Ctrl Y", "undo, redo"],
  ["?", "this card"],
];

const list = (title, entries) =>
  h("div", {}, h("h3", {}, title), h("dl", {}, ...entries.flatMap(([key, does]) => [h("dt", {}, key), h("dd", {}, does)])));

export class Help {
  /** @param {HTMLElement} stage */
  constructor(stage, canvas) {
    this.canvas = canvas;
    const close = h("button", { type: "button", class: "link-button", onclick: () => this.toggle(false) }, "Close");
    this.card = stage.appendChild(h("div", {
      class: "cell-map-help", role: "dialog", "aria-label": "Hands and keys on the map", tabindex: "-1", hidden: true,
      onkeydown: (event) => {
        if (event.key !== "Escape" && event.key !== "?") return;
        event.preventDefault();
        this.toggle(false);
      },
    }, list("Hands", HANDS), list("Keys, while the map has the focus", KEYS), close));
  }

  toggle(open = this.card.hidden) {
    this.card.hidden = !open;
    (open ? this.card : this.canvas).focus();
  }
}
