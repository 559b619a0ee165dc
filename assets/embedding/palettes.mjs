// What a byte looks like: 256 colours, light, dark and for a projector, edited by people and remembered.

export const NO_VALUE = 255;
export const TOP = 254;

// The colours of every figure of the app (monae_app/engine/analysis/palette.py and figures/style.py); a test compares them.
export const GROUPS = [
  "#00aa9b", "#ff8b0f", "#641fb2", "#2e4d7c", "#d82e00", "#aae017", "#c174ff", "#a25d5d", "#3ef0d1", "#8b0f55",
  "#b2b274", "#8383c9", "#c18355", "#ff9bff", "#2e8393", "#e0d193", "#aa0008", "#645daa", "#9355e0", "#74c1c1",
];
export const LOOKS = {
  light: {
    surface: "#ffffff", ink: "#16202e", muted: "#5b6676", missing: "#dde2e8", dimmed: "#e3e7ec",
    ramp: ["#f6e6c8", "#fbbd77", "#f0795a", "#c83e73", "#7f2380", "#2d1160"],
    // neither, the first alone, the second alone, both
    corners: ["#e9e4da", "#d9480f", "#1971c2", "#2b0a3d"],
  },
  dark: {
    surface: "#171d26", ink: "#e7ecf3", muted: "#9aa6b6", missing: "#303946", dimmed: "#29313c",
    ramp: ["#45306b", "#7f2d84", "#c23b75", "#f0705c", "#fdb56f", "#fcf5bd"],
    corners: ["#39414d", "#ff922b", "#4dabf7", "#ffffff"],
  },
};
// Stronger than on a desk, and points that the last row can see.
LOOKS.projector = { ...LOOKS.light, ink: "#000000", muted: "#2b3440", missing: "#c9d0d9", dimmed: "#d3d9e1", grown: 1.5 };

export const themeNow = () => {
  const { theme } = document.documentElement.dataset;
  return Object.hasOwn(LOOKS, theme ?? "") ? theme : "light";
};

export const rgb = (colour) => [1, 3, 5].map((place) => parseInt(colour.slice(place, place + 2), 16));
export const hex = (parts) => "#" + parts.map((part) => Math.round(part).toString(16).padStart(2, "0")).join("");

export function mixed(colour, other, share) {
  const yours = rgb(other);
  return hex(rgb(colour).map((mine, i) => mine * (1 - share) + yours[i] * share));
}

/** Colour of the group of this index; beyond the palette, shades of it that lie nearer to the background. */
export function groupColour(index, theme) {
  const lap = Math.floor(index / GROUPS.length);
  const colour = GROUPS[index % GROUPS.length];
  return lap ? mixed(colour, LOOKS[theme].surface, Math.min(0.35 * lap, 0.7)) : colour;
}

/** Colour at a share (0..1) of a scale that is given by evenly spaced colours. */
export function along(ramp, share) {
  const place = Math.min(Math.max(share, 0), 1) * (ramp.length - 1);
  const step = Math.min(Math.floor(place), ramp.length - 2);
  return mixed(ramp[step], ramp[step + 1], place - step);
}

export function blended(corners, first, second) {
  return mixed(mixed(corners[0], corners[1], first), mixed(corners[2], corners[3], first), second);
}

/**
 * 256 RGBA texels. Alpha 0: not drawn at all. A group that is hidden costs one texel, not a pass over the cells.
 * @param {{kind: string, groups?: object[]}} colouring
 * @param {string[]} colours of the groups
 * @param {string[]} ramp of continuous values, lowest first
 */
export function texels(colouring, theme, colours = [], hidden = new Set(), ramp = LOOKS[theme].ramp) {
  const look = LOOKS[theme];
  const found = new Uint8Array(256 * 4);
  const set = (byte, colour, alpha = 255) => found.set([...rgb(colour), alpha], 4 * byte);
  for (let byte = 0; byte < NO_VALUE; byte++) {
    if (colouring.kind === "groups") set(byte, colours[byte] || look.missing, hidden.has(byte) ? 0 : 255);
    else if (colouring.kind === "blend") set(byte, blended(look.corners, Math.min((byte >> 4) / 14, 1), Math.min((byte & 15) / 14, 1)));
    else set(byte, along(ramp, byte / TOP));
  }
  set(NO_VALUE, look.missing, hidden.has(NO_VALUE) ? 0 : 255);
  return found;
}

const place = (key) => `map-colours:${key}`;

/** What somebody chose for the groups of a column, by name: it holds in every run that has the column. */
export function remembered(key) {
  try {
    const kept = JSON.parse(localStorage.getItem(place(key)) || "{}");
    return kept && typeof kept === "object" ? kept : {};
  } catch {
    return {};
  }
}

export function remember(key, chosen) {
  try {
    if (Object.keys(chosen).length) localStorage.setItem(place(key), JSON.stringify(chosen));
    else localStorage.removeItem(place(key));
  } catch {
    // A full or forbidden store costs the memory of the colours, not the colours.
  }
}
