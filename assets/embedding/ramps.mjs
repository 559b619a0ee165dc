// Scales of continuous values to choose from, lowest first. Lightness alone tells low from high in each of them.

import { LOOKS } from "./palettes.mjs";

// Evenly spaced colours; the two of matplotlib are in the public domain (CC0).
const VIRIDIS = ["#440154", "#414487", "#2a788e", "#22a884", "#7ad151", "#fde725"];
const CIVIDIS = ["#00224e", "#35456c", "#666970", "#948e77", "#c8b866", "#fee838"];
const own = (light, dark) => ({ light, dark, projector: light });
const both = (ramp) => own(ramp, ramp);

export const RAMPS = {
  sunset: { title: "Sunset", ...own(LOOKS.light.ramp, LOOKS.dark.ramp) },
  violet: { title: "Violet", ...own(["#e6dcf7", "#b9a0e3", "#8a5cd0", "#43108f"], ["#46386f", "#6d55b8", "#a98af0", "#eadfff"]) },
  red: { title: "Red", ...own(["#fadfd5", "#f2a98f", "#dd4a32", "#7c0610"], ["#65312b", "#a84437", "#f07b62", "#ffe0d6"]) },
  viridis: { title: "Viridis", ...both(VIRIDIS) },
  cividis: { title: "Cividis", ...both(CIVIDIS) },
};
const PLACE = "map-scale";

export const rampOf = (name, theme) => (RAMPS[name] ?? RAMPS.sunset)[theme];

/** The scale that somebody chose last. */
export function rememberedRamp() {
  try {
    const name = localStorage.getItem(PLACE);
    return Object.hasOwn(RAMPS, name ?? "") ? name : "sunset";
  } catch {
    return "sunset";
  }
}

export function rememberRamp(name) {
  try {
    localStorage.setItem(PLACE, name);
  } catch {
    // A full or forbidden store costs the memory of the choice, not the choice.
  }
}
