// The map of the cells: a host element gets a canvas, a legend and tools.
//
//   const map = mount(host)            host itself, with these methods; the same one if it is mounted already
//   map.show({run, colour, values, panel, labels, low, high, nonzero, blend, part})   what is left out stays; a promise
//   map.select(bits | null)            bits: ceil(N / 8) bytes, row = 8 * byte + bit, least significant bit first
//   map.selection()                    {bits, count}, or {bits: null, count: 0}
//   map.setHidden(names)               of groups
//   map.figure({font})                 as SVG, what is seen now
//   map.pixels()                       what is drawn: {data (RGBA, from below), width, height, ratio}
//   map.state()                        what is shown: about, colouring, colours, hidden, panels, labels, camera ...
// A "map:recolour" event of the document, {key}, has the values of a column asked for anew.
// Events of the host, which bubble:
//   map:select  {bits, count, how}     somebody selected: "lasso", "box", "click", "group" or "clear"; not after select()
//   map:hover   {row}                  -1: none any more
//   map:scale   {low, high, nonzero}   somebody set the ends of the colour scale
//   map:ready   {run, cells, key}      all cells of a show() are drawn

import { CellMap } from "./cell_map.mjs";

const METHODS = ["show", "select", "selection", "setHidden", "figure", "pixels", "state"];

/** Whether this browser can draw it; `?webgl=off` in the URL says no, to see what others see. */
export function capable() {
  if (new URLSearchParams(window.location.search).get("webgl") === "off") return false;
  const gl = document.createElement("canvas").getContext("webgl2");
  gl?.getExtension("WEBGL_lose_context")?.loseContext();
  return Boolean(gl);
}

export function mount(host) {
  if (!host.cellMap) {
    host.cellMap = new CellMap(host);
    for (const name of METHODS) host[name] = (...given) => host.cellMap[name](...given);
  }
  return host;
}
