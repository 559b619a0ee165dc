// What the map consists of in the page, and the theme and size that it follows.

import { h, told } from "./dom.mjs";
import { KEYS } from "./keyboard.mjs";

let number = 0;

/** Build the parts into the host. */
export function stageIn(host) {
  const described = `cell-map-summary-${++number}`;
  const svg = (name) => document.createElementNS("http://www.w3.org/2000/svg", name);
  const canvas = h("canvas", {
    class: "cell-map-canvas", tabindex: "0", role: "application", "aria-roledescription": "map", "aria-label": "Map of the cells",
    "aria-describedby": described,
  });
  const trail = svg("path");
  const overlay = svg("svg");
  overlay.setAttribute("class", "cell-map-trail");
  overlay.setAttribute("aria-hidden", "true");
  overlay.append(trail);
  const titles = h("div", { class: "cell-map-titles" });
  const message = h("div", { class: "cell-map-message", role: "alert", hidden: true });
  const summary = h("p", { class: "visually-hidden cell-map-summary", id: described });
  const live = h("p", { class: "visually-hidden cell-map-live", "aria-live": "polite" });
  const stage = h("div", { class: "cell-map-stage" }, canvas, overlay, titles, summary, live, message);
  host.classList.add("cell-map");
  host.replaceChildren(stage);
  return { stage, canvas, trail, titles, message, summary, live, keys: KEYS };
}

export function writeTitles(titles, layout) {
  const shown = layout.panels.length > 1 ? layout.panels : [];
  titles.replaceChildren(...shown.map((panel) => {
    const title = h("div", { "data-panel": panel.key }, h("strong", {}, panel.title), ` · ${told(panel.count)} cells`);
    Object.assign(title.style, { left: `${panel.x}px`, top: `${panel.y - 22}px`, width: `${layout.width}px` });
    return title;
  }));
}

/** Call back when the theme, the size or the sharpness of the screen changes, and when the host is gone. */
export function watched(host, stage, { theme, size, gone }) {
  const themes = new MutationObserver(theme);
  themes.observe(document.documentElement, { attributeFilter: ["data-theme"] });
  const sizes = new ResizeObserver(() => (host.isConnected ? size() : gone()));
  sizes.observe(stage);
  window.addEventListener("resize", size);
  return () => {
    themes.disconnect();
    sizes.disconnect();
    window.removeEventListener("resize", size);
  };
}
