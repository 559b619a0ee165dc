// What a map shows beside its address, for a link: groups hidden and recoloured, place, cells alone, cells selected.

import { asked, routeOf } from "./saved.mjs";

const named = (map, codes) => codes.map((code) => map.data.groups[code]?.name).filter((name) => name !== undefined);
const base64 = (bits) => btoa(Array.from(bits, (byte) => String.fromCharCode(byte)).join(""));
const bytes = (text) => Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0));

/**
 * @param {object} map a CellMap that has drawn
 * @param {Uint8Array | null} selection among all cells of the run
 */
export function viewOf(map, selection) {
  const { camera, colours, data, choice } = map;
  return {
    key: data.colouring.key ?? "",
    hidden: data.groups ? named(map, [...colours.hidden]) : [],
    colours: colours.chosen,
    scale: colours.scale,
    camera: camera.atRest ? null : [camera.x, camera.y, camera.zoom],
    part: choice.part?.key ?? null,
    selection: selection && base64(selection),
  };
}

/** Keep what the map shows; what a link has to say of it, or null where no map is drawn. */
export async function kept(map, run) {
  if (!map?.data) return null;
  const wanted = { run, bits: null };
  document.dispatchEvent(new CustomEvent("selection:read", { detail: wanted }));
  const body = JSON.stringify(viewOf(map, wanted.bits));
  const answer = await asked(routeOf(run, "views"), { method: "POST", body, headers: { "Content-Type": "application/json" } });
  return (await answer.json()).token;
}

/** Show what a link says, once what its address says is drawn. Nothing of it is remembered for other maps. */
export async function restore(map, run, token) {
  const view = await (await asked(routeOf(run, `views/${token}.json`))).json();
  if (view.key === (map.data.colouring.key ?? "")) map.colours.lend(view);
  if (view.camera) [map.camera.x, map.camera.y, map.camera.zoom] = view.camera;
  map.repaint();
  map.settle();
  const bits = view.selection && bytes(view.selection);
  document.dispatchEvent(new CustomEvent("selection:restore", { detail: { run, bits } }));
}
