// The map as a file: PNG at twice its size, or SVG with the points as a picture and everything else as shapes.

import { told } from "./dom.mjs";
import { LOOKS, blended } from "./palettes.mjs";

const LINE = 19;
const LEGEND = 190;
const escaped = (text) => String(text).replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);

/**
 * @param {object} state points (a data URL of the canvas), width, height, layout, labels, colouring, colours, hidden,
 *   theme, ramp, font
 * @returns {string} SVG
 */
export function drawing(state) {
  const { width, height, theme } = state;
  const look = LOOKS[theme];
  const key = legend(state, look);
  const whole = [width + LEGEND, Math.max(height, key.height)];
  const titles = state.layout.panels.length > 1
    ? state.layout.panels.map((panel) => `<text x="${panel.x + 4}" y="${panel.y - 8}" fill="${look.muted}" font-weight="600">${escaped(`${panel.title} · ${told(panel.count)} cells`)}</text>`)
    : [];
  const labels = state.labels.map((label) =>
    `<text x="${label.x.toFixed(1)}" y="${(label.y + 4).toFixed(1)}" text-anchor="middle" font-weight="600" fill="${look.ink}" stroke="${look.surface}" stroke-width="3.5" stroke-linejoin="round" paint-order="stroke">${escaped(label.name)}</text>`);
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${whole[0]}" height="${whole[1]}" viewBox="0 0 ${whole[0]} ${whole[1]}" font-family="${escaped(state.font)}" font-size="12">`
    + `<rect width="100%" height="100%" fill="${look.surface}"/><image href="${state.points}" width="${width}" height="${height}"/>`
    + titles.join("") + labels.join("") + `<g transform="translate(${width + 10}, 8)">${key.shapes}</g></svg>`;
}

function legend({ colouring, colours, hidden, ramp }, look) {
  const text = (x, y, words, more = "") => `<text x="${x}" y="${y}" fill="${look.ink}" ${more}>${escaped(words)}</text>`;
  const shapes = [text(0, 12, colouring.title, 'font-weight="700"')];
  if (colouring.unit) shapes.push(`<text x="0" y="28" fill="${look.muted}" font-size="11">${escaped(colouring.unit)}</text>`);
  let y = 40;
  if (colouring.kind === "groups") {
    colouring.groups.forEach((group, code) => {
      if (!group.count || hidden.has(code)) return;
      shapes.push(`<circle cx="6" cy="${y - 4}" r="5" fill="${colours[code]}"/>`, text(18, y, group.name));
      y += LINE;
    });
  } else if (colouring.kind === "values") {
    const stops = ramp.map((colour, i) => `<stop offset="${i / (ramp.length - 1)}" stop-color="${colour}"/>`);
    shapes.push(`<linearGradient id="ramp" x1="0" y1="1" x2="0" y2="0">${stops.join("")}</linearGradient><rect y="${y}" width="14" height="150" fill="url(#ramp)"/>`);
    for (const [place, value] of [[8, colouring.high], [152, colouring.low]]) if (value !== null) shapes.push(text(22, y + place, Number(value.toPrecision(3))));
    y += 160;
  } else {
    for (let i = 0; i < 225; i++) {
      const [first, second] = [i % 15, Math.floor(i / 15)];
      shapes.push(`<rect x="${first * 6}" y="${y + (14 - second) * 6}" width="6.2" height="6.2" fill="${blended(look.corners, first / 14, second / 14)}"/>`);
    }
    shapes.push(text(0, y + 106, `→ ${colouring.titles[0]}`), text(0, y + 122, `↑ ${colouring.titles[1]}`));
    y += 130;
  }
  return { shapes: shapes.join(""), height: y + 20 };
}

/** Draw an SVG into a PNG. */
export async function rastered(svg, scale = 2) {
  const image = new Image();
  image.src = URL.createObjectURL(new Blob([svg], { type: "image/svg+xml" }));
  try {
    await image.decode();
    const sheet = Object.assign(document.createElement("canvas"), { width: image.width * scale, height: image.height * scale });
    sheet.getContext("2d").drawImage(image, 0, 0, sheet.width, sheet.height);
    return await new Promise((done) => sheet.toBlob(done, "image/png"));
  } finally {
    URL.revokeObjectURL(image.src);
  }
}
