// A canvas over the map of the cells, as large as its stage, for what is drawn with every frame of the map.

import { h } from "./dom.mjs";

/**
 * Lay a canvas over a map.
 * @param {CellMap} map
 */
export function overlayOf(map) {
  const canvas = h("canvas", { class: "cell-map-features", "aria-hidden": "true" });
  map.parts.canvas.after(canvas);
  return { canvas, pen: canvas.getContext("2d") };
}

/** Make it as large as the stage and empty; returns its size in the pixels of the page. */
export function cleared({ map, canvas, pen }) {
  const { clientWidth: width, clientHeight: height } = map.parts.stage;
  const size = [Math.round(width * map.ratio), Math.round(height * map.ratio)];
  if (canvas.width !== size[0]) canvas.width = size[0];
  if (canvas.height !== size[1]) canvas.height = size[1];
  pen.setTransform(map.ratio, 0, 0, map.ratio, 0, 0);
  pen.clearRect(0, 0, width, height);
  return { width, height };
}
