// Cells inside a polygon. The polygon becomes a bitmap over its bounding box: a bitmap cell lies outside, inside, or
// on the border. Only cells on the border are tested exactly, against the edges of their row of the bitmap.

import { bytesFor } from "./sets.mjs";

const SIDE = 512;
const INSIDE = 1;
const BORDER = 2;
// Rounding must not let an edge slip past a bitmap cell.
const SLACK = 1e-3;

/**
 * @param {number[][]} polygon corners (u, v) on the sheet, closed by itself; loops that cross count as inside
 * @param {Uint16Array} places
 * @param {{first: number, count: number}} rows
 * @param {Uint8Array} codes
 * @param {Uint8Array} visible 256: whether cells of this code can be selected
 * @returns {{bits: Uint8Array, count: number}}
 */
export function cellsInside(polygon, places, rows, codes, visible) {
  const bits = new Uint8Array(bytesFor(places.length / 2));
  let count = 0;
  const sheet = rasterised(polygon);
  if (!sheet) return { bits, count };
  const { mask, u0, v0, su, sv, u1, v1 } = sheet;
  for (let row = rows.first, end = rows.first + rows.count; row < end; row++) {
    const u = places[2 * row];
    if (u < u0 || u > u1) continue;
    const v = places[2 * row + 1];
    if (v < v0 || v > v1 || !visible[codes[row]]) continue;
    const line = Math.min(((v - v0) * sv) | 0, SIDE - 1);
    const found = mask[line * SIDE + Math.min(((u - u0) * su) | 0, SIDE - 1)];
    if (!found || (found === BORDER && !winds(sheet.edges[line], u, v))) continue;
    bits[row >> 3] |= 1 << (row & 7);
    count++;
  }
  return { bits, count };
}

/** Whether the edges wind around a place; `edges` are all that cross its height, as flat u, v, u, v. */
function winds(edges, u, v) {
  let turns = 0;
  for (let i = 0; i < edges.length; i += 4) {
    const [au, av, bu, bv] = [edges[i], edges[i + 1], edges[i + 2], edges[i + 3]];
    if (av <= v === bv <= v) continue;
    if (au + ((v - av) / (bv - av)) * (bu - au) > u) turns += bv > av ? 1 : -1;
  }
  return turns !== 0;
}

function rasterised(polygon) {
  if (polygon.length < 3) return null;
  const us = polygon.map((corner) => corner[0]);
  const vs = polygon.map((corner) => corner[1]);
  const [u0, u1, v0, v1] = [Math.min(...us), Math.max(...us), Math.min(...vs), Math.max(...vs)];
  if (!(u1 > u0 && v1 > v0)) return null;
  const [su, sv] = [SIDE / (u1 - u0), SIDE / (v1 - v0)];
  const mask = new Uint8Array(SIDE * SIDE);
  const edges = Array.from({ length: SIDE }, () => []);
  const clamp = (place) => Math.min(Math.max(Math.floor(place), 0), SIDE - 1);
  polygon.forEach(([au, av], i) => {
    const [bu, bv] = polygon[(i + 1) % polygon.length];
    const [top, bottom] = [clamp((Math.min(av, bv) - v0) * sv - SLACK), clamp((Math.max(av, bv) - v0) * sv + SLACK)];
    for (let line = top; line <= bottom; line++) {
      edges[line].push(au, av, bu, bv);
      // The part of the edge within this line of the bitmap.
      const cut = (v) => (bv === av ? [au, bu] : [au + Math.min(Math.max((v - av) / (bv - av), 0), 1) * (bu - au)]);
      const ends = [...cut(v0 + (line - SLACK) / sv), ...cut(v0 + (line + 1 + SLACK) / sv)].map((u) => (u - u0) * su);
      mask.fill(BORDER, line * SIDE + clamp(Math.min(...ends) - SLACK), line * SIDE + clamp(Math.max(...ends) + SLACK) + 1);
    }
  });
  for (let line = 0; line < SIDE; line++) fillLine(mask, line, edges[line], v0 + (line + 0.5) / sv, u0, su);
  return { mask, edges, u0, u1, v0, v1, su, sv };
}

/** No edge passes a bitmap cell that is not on the border: its middle speaks for all of it. */
function fillLine(mask, line, edges, v, u0, su) {
  const crossings = [];
  for (let i = 0; i < edges.length; i += 4) {
    const [au, av, bu, bv] = [edges[i], edges[i + 1], edges[i + 2], edges[i + 3]];
    if (av <= v === bv <= v) continue;
    crossings.push([(au + ((v - av) / (bv - av)) * (bu - au) - u0) * su, bv > av ? 1 : -1]);
  }
  crossings.sort((a, b) => a[0] - b[0]);
  let turns = 0;
  for (let i = 0; i + 1 < crossings.length; i++) {
    turns += crossings[i][1];
    if (!turns) continue;
    const end = Math.min(Math.ceil(crossings[i + 1][0] - 0.5), SIDE);
    for (let column = Math.max(Math.ceil(crossings[i][0] - 0.5), 0); column < end; column++) {
      const at = line * SIDE + column;
      if (mask[at] === 0) mask[at] = INSIDE;
    }
  }
}
