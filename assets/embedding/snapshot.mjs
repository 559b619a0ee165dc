// What the map looks like, for a file and for a test.

import { SHARPNESS, asShapes } from "../figures/rule.mjs";
import { drawingOrder } from "./order.mjs";
import { LOOKS } from "./palettes.mjs";
import { drawing } from "./picture.mjs";
import { density } from "./points.mjs";
import { marksOf } from "./selecting.mjs";
import { dots, inSight, paintOf } from "./shapes.mjs";

/** What is drawn: RGBA bytes, rows from below. */
export function pixelsOf(map) {
  const { gl } = map;
  map.frames.moving = false;
  map.frames.now();
  const [width, height] = [gl.drawingBufferWidth, gl.drawingBufferHeight];
  const data = new Uint8Array(4 * width * height);
  gl.readPixels(0, 0, width, height, gl.RGBA, gl.UNSIGNED_BYTE, data);
  return { data, width, height, ratio: map.ratio };
}

/**
 * The map as SVG: cells in sight as shapes, or as a picture where they are too many.
 * @param {{font?: string}} look
 */
export function figureOf(map, { font = getComputedStyle(map.host).fontFamily } = {}) {
  if (!map.data) throw new Error("there is no map yet.");
  const { clientWidth: width, clientHeight: height } = map.parts.stage;
  const over = map.layers.map((layer) => layer.svg()).join("");
  return drawing({ ...map.state(), cells: (shapes(map) ?? shot(map, width, height)) + over, width, height, font });
}

/** Cells as shapes, panel by panel; null where they are too many. */
function shapes(map) {
  const { data: { places, codes, colouring }, camera, layout, panels } = map;
  const { texels } = map.colours;
  const marks = marksOf(map.selecting.bits, codes.length);
  const ratio = Math.max(SHARPNESS, map.ratio);
  let count = 0;
  const drawn = [];
  for (const [index, panel] of panels.entries()) {
    const { size, opacity } = density(layout.width * layout.height, panel.count, camera.zoom, ratio);
    const order = drawingOrder(codes, marks, colouring.kind, panel.first, panel.count);
    const cells = inSight(order, { places, codes, marks, texels }, camera, size);
    count += cells.look.length;
    if (!asShapes(count)) return null;
    const how = { texels, size, opacity, selecting: Boolean(marks), dimmed: LOOKS[map.colours.theme].dimmed };
    const { x, y } = layout.panels[index];
    drawn.push(`<clipPath id="panel-${index}"><rect width="${layout.width}" height="${layout.height}"/></clipPath>`
      + `<g transform="translate(${x},${y})"><g clip-path="url(#panel-${index})">${dots(cells, (look) => paintOf(look, how))}</g></g>`);
  }
  return drawn.join("");
}

/** Cells as a picture, at least twice as sharp as the page. Nobody sees it: the canvas is drawn anew at once. */
function shot(map, width, height) {
  const { canvas } = map.parts;
  map.ratio = Math.max(SHARPNESS, map.ratio);
  Object.assign(canvas, { width: Math.round(width * map.ratio), height: Math.round(height * map.ratio) });
  map.draw(1);
  const picture = canvas.toDataURL("image/png");
  map.lay();
  map.frames.now();
  return `<image href="${picture}" width="${width}" height="${height}"/>`;
}
