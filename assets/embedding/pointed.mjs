// The cell that somebody points at, and what is known of it without asking the server.

import { Grid } from "./picking.mjs";
import { NO_VALUE, TOP } from "./palettes.mjs";

const REACH_PIXELS = 9;

/**
 * @param {object} map data, grid (made here when it is first needed), camera, colours
 * @param {object} panel under the pointer
 * @returns {object | null} row, x, y on the canvas, colour, and the first and second line of what is known
 */
export function pointed(map, panel, x, y) {
  const { places, codes, colouring } = map.data;
  map.grid ??= new Grid(places);
  const { camera } = map;
  const [u, v] = camera.toSheet(x, y);
  const pixel = [65535 / (camera.span[0] * camera.scale), 65535 / (camera.span[1] * camera.scale)];
  const end = panel.first + panel.count;
  const row = map.grid.nearest(u, v, pixel, REACH_PIXELS, (each) => each >= panel.first && each < end && !map.colours.hidden.has(codes[each]));
  if (row < 0) return null;
  const [px, py] = camera.fromSheet(places[2 * row], places[2 * row + 1]);
  return { row, x: px + panel.x, y: py + panel.y, colour: colourOf(codes[row], map.colours), ...toldBy(codes[row], colouring) };
}

function colourOf(code, colours) {
  const texel = colours.texels.subarray(4 * code, 4 * code + 3);
  return `rgb(${texel.join(" ")})`;
}

function toldBy(code, colouring) {
  if (code === NO_VALUE) return { first: "no value", second: colouring.title };
  if (colouring.kind === "groups") return { first: colouring.groups[code].name, second: "" };
  if (colouring.kind === "blend") return { first: colouring.titles.join(" and "), second: "" };
  const value = colouring.low + (code / TOP) * (colouring.high - colouring.low);
  const sign = code === TOP ? "≥ " : code === 0 ? "≤ " : "≈ ";
  return { first: sign + Number(value.toPrecision(3)), second: colouring.title };
}
