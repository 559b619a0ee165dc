// The map as SVG: its cells, the names of groups and panels, and the legend. Everything but the cells is always shapes.

import { told } from "./dom.mjs";
import { LOOKS, NO_VALUE, blended } from "./palettes.mjs";

const LINE = 19;
const LEGEND = 190;
const SIDE = 10;
const escaped = (text) => String(text).replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);

/**
 * @param {object} state cells (SVG), width, height, layout, labels, colouring, colours, hidden, theme, ramp, font
 * @returns {string} SVG
 */
export function drawing(state) {
  const { width, height, theme } = state;
  const look = LOOKS[theme];
  const key = legend(state, look);
  const whole = [width + Math.max(LEGEND, Math.ceil(key.width) + 2 * SIDE), Math.max(height, key.height)];
  const titles = state.layout.panels.length > 1
    ? state.layout.panels.map((panel) => `<text x="${panel.x + 4}" y="${panel.y - 8}" fill="${look.muted}" font-weight="600">${escaped(`${panel.title} · ${told(panel.count)} cells`)}</text>`)
    : [];
  const labels = state.labels.map((label) =>
    `<text x="${label.x.toFixed(1)}" y="${(label.y + 4).toFixed(1)}" text-anchor="middle" font-weight="600" fill="${look.ink}" stroke="${look.surface}" stroke-width="3.5" stroke-linejoin="round" paint-order="stroke">${escaped(label.name)}</text>`);
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${whole[0]}" height="${whole[1]}" viewBox="0 0 ${whole[0]} ${whole[1]}" font-family="${escaped(state.font)}" font-size="12">`
    + `<rect width="${whole[0]}" height="${whole[1]}" fill="${look.surface}"/>${state.cells}`
    + titles.join("") + labels.join("") + `<g transform="translate(${width + SIDE}, 8)">${key.shapes}</g></svg>`;
}

function legend({ colouring, colours, hidden, ramp, font }, look) {
  const widths = [];
  const text = (x, y, words, { bold = false, size = 12, fill = look.ink } = {}) => {
    widths.push(x + widthOf(words, `${bold ? "700" : "400"} ${size}px ${font}`));
    return `<text x="${x}" y="${y}" fill="${fill}"${bold ? ' font-weight="700"' : ""}${size === 12 ? "" : ` font-size="${size}"`}>${escaped(words)}</text>`;
  };
  const shapes = [text(0, 12, colouring.title, { bold: true })];
  if (colouring.unit) shapes.push(text(0, 28, colouring.unit, { size: 11, fill: look.muted }));
  let y = 40;
  const entry = (name, colour) => {
    shapes.push(`<circle cx="6" cy="${y - 4}" r="5" fill="${colour}"/>`, text(18, y, name));
    y += LINE;
  };
  if (colouring.kind === "groups") {
    colouring.groups.forEach((group, code) => group.count && !hidden.has(code) && entry(group.name, colours[code]));
  } else if (colouring.kind === "values") {
    const stops = ramp.map((colour, i) => `<stop offset="${i / (ramp.length - 1)}" stop-color="${colour}"/>`);
    shapes.push(`<linearGradient id="ramp" x1="0" y1="1" x2="0" y2="0">${stops.join("")}</linearGradient><rect y="${y}" width="14" height="150" fill="url(#ramp)"/>`);
    for (const [place, sign, value] of ends(colouring)) if (value !== null) shapes.push(text(22, y + place, sign + Number(value.toPrecision(3))));
    y += 174;
  } else {
    for (let i = 0; i < 225; i++) {
      const [first, second] = [i % 15, Math.floor(i / 15)];
      shapes.push(`<rect x="${first * 6}" y="${y + (14 - second) * 6}" width="6.2" height="6.2" fill="${blended(look.corners, first / 14, second / 14)}"/>`);
    }
    shapes.push(text(0, y + 106, `→ ${colouring.titles[0]}`), text(0, y + 122, `↑ ${colouring.titles[1]}`));
    y += 146;
  }
  if (colouring.missing && !hidden.has(NO_VALUE)) entry("no value", look.missing);
  return { shapes: shapes.join(""), height: y + 20, width: Math.max(...widths) };
}

// Values beyond an end of the scale have its colour.
const ends = ({ high, low, most, least }) => [[8, most > high ? "≥ " : "", high], [152, least < low ? "≤ " : "", low]];

let ruler = null;
function widthOf(words, font) {
  ruler ??= document.createElement("canvas").getContext("2d");
  ruler.font = font;
  return ruler.measureText(String(words)).width;
}
