// What the map looks like, for a file and for a test.

import { save } from "./dom.mjs";
import { drawing, rastered } from "./picture.mjs";

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

/** @param {"png" | "svg"} kind */
export async function pictureOf(map, kind, name) {
  const svg = drawing({ ...map.state(), ...shot(map), font: getComputedStyle(map.host).fontFamily });
  save(kind === "svg" ? new Blob([svg], { type: "image/svg+xml" }) : await rastered(svg), `${name}.${kind}`);
}

/** The points as a picture, at least twice as sharp as the page. Nobody sees it: the canvas is drawn anew at once. */
function shot(map) {
  const { canvas, stage } = map.parts;
  const [width, height] = [stage.clientWidth, stage.clientHeight];
  map.ratio = Math.max(2, map.ratio);
  Object.assign(canvas, { width: Math.round(width * map.ratio), height: Math.round(height * map.ratio) });
  map.draw(1);
  const points = canvas.toDataURL("image/png");
  map.lay();
  map.frames.now();
  return { points, width, height };
}
