// What people do with the map, by pointer, keyboard, tools and legend, and what the map does then.

import { told } from "./dom.mjs";
import { NO_VALUE } from "./palettes.mjs";
import { pointed } from "./pointed.mjs";

// Highlighting a group under the pointer draws all cells; a slow machine is spared.
const QUICK_MS = 80;

/** For gestures, keyboard and tools. */
export function handsOf(map) {
  const moved = (act) => (...given) => {
    if (!map.data) return;
    act(...given);
    map.hover.hide();
    map.settle();
    map.frames.ask({ moving: true });
  };
  return {
    layout: () => map.layout,
    tool: (name) => (name ? map.chooseTool(name) : map.tool),
    pan: moved((dx, dy) => map.camera.pan(dx, dy)),
    zoom: moved((factor, x, y) => map.camera.zoomAt(factor, x, y)),
    reset: moved(() => map.camera.reset()),
    hover: (panel, x, y) => hover(map, panel, x, y),
    click: (panel, x, y, event) => click(map, panel, x, y, event),
    enclose: (panel, corners, event, how) => {
      const places = corners.map((corner) => map.camera.toSheet(...corner));
      map.selecting.enclose(places, panel, map.data, map.colours.hidden, event);
      map.selected(how);
    },
    walk: (step) => walk(map, step),
    take: (event) => {
      if (map.walked < 0) return;
      map.selecting.group(map.walked, map.data.codes, event);
      map.selected("group");
    },
    clear: () => clear(map),
    help: () => map.tools.help.toggle(),
  };
}

/** For the legend. */
export function legendHandsOf(map) {
  const changing = (act) => (...given) => {
    act(...given);
    map.repaint();
  };
  return {
    toggle: changing((code) => {
      map.colours.toggle(code);
      // The pointer is still on its entry: the others are not dimmed for a group that is hidden.
      if (map.colours.hidden.has(code)) map.look(-1);
    }),
    solo: changing((code) => map.colours.solo(code)),
    paint: changing((code, colour) => map.colours.paint(code, colour)),
    unpaint: changing(() => map.colours.unpaint()),
    look: (code) => map.frames.cost < QUICK_MS && map.look(map.colours.hidden.has(code) || code === NO_VALUE ? -1 : code),
    ramp: changing((name) => map.colours.rescale(name)),
    scale: (scale) => {
      map.tell("map:scale", scale);
      map.show(scale);
    },
  };
}

function hover(map, panel, x, y) {
  const found = panel && map.data ? pointed(map, panel, x, y) : null;
  const row = found ? found.row : -1;
  if (row === map.hover.row) return;
  if (found) map.hover.show(found);
  else map.hover.hide();
  map.tell("map:hover", { row });
}

function click(map, panel, x, y, event) {
  const found = map.data ? pointed(map, panel, x, y) : null;
  if (found) {
    map.selecting.cell(found.row, map.data.about.cells, event);
    map.selected("click");
  } else if (map.tool !== "pan") clear(map);
}

function clear(map) {
  if (map.gestures.cancel()) return;
  map.look(-1);
  if (!map.selecting.bits) return;
  map.selecting.set(null);
  map.selected("clear");
}

/** Go to the next group (1) or the one before (-1), among those that are not hidden. */
function walk(map, step) {
  const groups = (map.data?.groups || []).map((group, code) => ({ ...group, code })).filter((group) => group.count && !map.colours.hidden.has(group.code));
  if (!groups.length) return;
  const before = groups.findIndex((group) => group.code === map.walked);
  const first = step > 0 ? 0 : groups.length - 1;
  const place = before < 0 ? first : (before + step + groups.length) % groups.length;
  map.look(groups[place].code);
  map.say(`${groups[place].name}, ${told(groups[place].count)} cells, ${place + 1} of ${groups.length}.`);
}
