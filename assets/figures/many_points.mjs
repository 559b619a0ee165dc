// Many points of a figure of plotly as shapes. plotly itself makes an element of each, which takes it half a minute for
// fifty thousand: it draws the figure without them, and they are put where it would have them.

import { dots } from "../embedding/shapes.mjs";

// Below this plotly is quick.
export const MANY = 2000;
// Colours of a scale are told apart in so many steps.
const STEPS = 255;

/** Whether points of this trace, as plotly completes it, are plain discs in colours that are understood here. */
export function plain({ type, mode, marker, selectedpoints, x, y, xaxis, yaxis }) {
  if (!["scatter", "scattergl"].includes(type) || mode !== "markers" || selectedpoints || !xaxis || !yaxis || !many(x) || !many(y)) return false;
  if (many(marker.color) && !understood(marker)) return false;
  if ((marker.symbol ?? "circle") !== "circle" || many(marker.opacity) || many(marker.line?.width) || marker.line?.width > 0) return false;
  return !(many(marker.size) && (marker.sizemode === "area" || (marker.sizeref ?? 1) !== 1)) && !marker.reversescale;
}

// One colour each, or finite numbers along a scale that is written as the figures of the app write it.
function understood({ color, colorscale }) {
  if (Array.prototype.every.call(color, (each) => typeof each === "string")) return true;
  if (!Array.prototype.every.call(color, Number.isFinite)) return false;
  return !colorscale || colorscale.every(([, colour]) => /^(#[0-9a-f]{6}|rgba?\([\d\s.,]+\))$/i.test(colour));
}

/** The same figure without these points: axes, colours and legend stay as they are. */
export function emptied(data, layout, { _fullData, _fullLayout }, plainOnes) {
  const bare = data.map((trace, place) => {
    const uid = `points${place}`;
    if (!plainOnes.has(place)) return { ...trace, uid };
    const { marker, name } = _fullData[place];
    const { size, color, cmin, cmax } = marker;
    const one = { ...trace.marker, size: first(size), color: many(color) ? [color[0]] : color };
    if (cmin !== undefined) Object.assign(one, { cmin, cmax, cauto: false });
    return { ...trace, uid, name, type: "scatter", x: [null], y: [null], text: null, customdata: null, marker: one };
  });
  const fixed = { ...layout };
  for (const [key, axis] of Object.entries(_fullLayout)) {
    if (/^[xy]axis\d*$/.test(key)) fixed[key] = { ...layout[key], range: [...axis.range], autorange: false };
    if (/^coloraxis\d*$/.test(key) && layout[key]) fixed[key] = { ...layout[key], cmin: axis.cmin, cmax: axis.cmax, cauto: false };
  }
  return { data: bare, layout: fixed };
}

/**
 * Put the points into the SVG of the emptied figure.
 * @param {string} svg
 * @param {HTMLElement} graph with all points
 * @param {HTMLElement} bare the emptied figure, as it is drawn in the size of the file
 */
export function filled(svg, graph, bare, plainOnes) {
  const drawing = new DOMParser().parseFromString(svg, "image/svg+xml");
  for (const place of plainOnes) {
    const group = drawing.querySelector(`.scatterlayer .tracepoints${place}`);
    if (!group) continue;
    const shapes = new DOMParser().parseFromString(`<svg xmlns="http://www.w3.org/2000/svg">${dotsOf(graph._fullData[place], graph._fullLayout, bare._fullLayout)}</svg>`, "image/svg+xml");
    group.append(drawing.adoptNode(shapes.documentElement.firstChild));
  }
  return new XMLSerializer().serializeToString(drawing);
}

function dotsOf(trace, { [trace.marker.coloraxis]: shared }, layout) {
  const [across, up] = ["x", "y"].map((letter) => layout[trace[`${letter}axis`].replace(letter, `${letter}axis`)]);
  const { marker, opacity = 1, x, y } = trace;
  const colourOf = colours(marker, shared ?? marker);
  const looks = new Map();
  const count = Math.min(x.length, y.length);
  const cells = { x: new Float32Array(count), y: new Float32Array(count), look: new Uint16Array(count) };
  let kept = 0;
  for (let i = 0; i < count; i++) {
    const [px, py] = [across.d2p(x[i]), up.d2p(y[i])];
    const diameter = many(marker.size) ? marker.size[i] : marker.size;
    if (!(px >= -diameter && px <= across._length + diameter && py >= -diameter && py <= up._length + diameter)) continue;
    const colour = colourOf(i);
    const key = `${colour} ${diameter}`;
    if (!looks.has(key)) looks.set(key, looks.size);
    cells.x[kept] = px;
    cells.y[kept] = py;
    cells.look[kept++] = looks.get(key);
  }
  const paints = [...looks.keys()].map((key) => {
    const [, colour, diameter] = /^(.*) (\S+)$/.exec(key);
    return { colour, opacity: opacity * (marker.opacity ?? 1), diameter: Number(diameter) };
  });
  return dots({ x: cells.x.subarray(0, kept), y: cells.y.subarray(0, kept), look: cells.look.subarray(0, kept) }, (look) => paints[look]);
}

/** The colour of each point: one for all, one each, or along a scale. */
function colours({ color }, { colorscale, cmin, cmax }) {
  if (!many(color)) return () => color;
  if (typeof color[0] !== "number") return (i) => color[i];
  const stops = colorscale.map(([share, colour]) => [share, parts(colour)]);
  const known = new Map();
  return (i) => {
    const share = Math.min(Math.max((color[i] - cmin) / (cmax - cmin || 1), 0), 1);
    const step = Math.round(share * STEPS);
    if (!known.has(step)) known.set(step, between(stops, step / STEPS));
    return known.get(step);
  };
}

function between(stops, share) {
  const above = Math.max(stops.findIndex(([place]) => place >= share), 1);
  const [[low, one], [high, other]] = [stops[above - 1], stops[above]];
  const part = Math.min(Math.max((share - low) / (high - low || 1), 0), 1);
  return `rgb(${one.map((mine, i) => Math.round(mine * (1 - part) + other[i] * part)).join(",")})`;
}

const parts = (colour) => (colour.startsWith("#")
  ? [1, 3, 5].map((place) => parseInt(colour.slice(place, place + 2), 16))
  : colour.match(/[\d.]+/g).slice(0, 3).map(Number));

const many = (value) => Array.isArray(value) || ArrayBuffer.isView(value);
const first = (value) => (many(value) ? value[0] : value);
