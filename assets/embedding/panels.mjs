// One to four panels in one canvas: whose cells each shows, and where it lies.

const GAP = 10;
export const HEAD = 24;

/** @param {string} choice "joint", "split" (a panel a modality), "all" (those and the joint one) or a modality */
export function panelsOf(choice, about) {
  const joint = { key: "joint", title: "All cells", first: 0, count: about.cells };
  const each = about.modalities.filter((modality) => modality.count > 0);
  if (choice === "split" && each.length > 1) return each.slice(0, 4);
  if (choice === "all" && each.length > 1) return [...each.slice(0, 3), joint];
  return [each.find((modality) => modality.key === choice) || joint];
}

/**
 * Give every panel its rectangle (CSS pixels, from the upper left): as many columns as make the maps largest.
 * @returns {{panels: object[], width: number, height: number}} with x, y; all panels are of one size
 */
export function laidOut(panels, width, height, ratio = 1) {
  const head = panels.length > 1 ? HEAD : 0;
  let best = null;
  for (let columns = 1; columns <= panels.length; columns++) {
    const rows = Math.ceil(panels.length / columns);
    const size = [(width - GAP * (columns - 1)) / columns, (height - GAP * (rows - 1)) / rows - head];
    const scale = Math.min(size[0] / ratio, size[1]);
    // Panels that are compared stand in one row, unless that costs much; an empty corner is a waste.
    const worth = scale * (rows * columns > panels.length ? 0.85 : 1);
    if (!best || worth >= best.worth) best = { worth, columns, size };
  }
  const [w, h] = best.size.map((length) => Math.max(Math.floor(length), 1));
  const placed = panels.map((panel, index) => ({
    ...panel,
    x: Math.round((index % best.columns) * (w + GAP)),
    y: Math.round(Math.floor(index / best.columns) * (h + head + GAP)) + head,
  }));
  return { panels: placed, width: w, height: h };
}

/** The panel under a place of the canvas. */
export const panelAt = (layout, x, y) =>
  layout.panels.find((panel) => x >= panel.x && x < panel.x + layout.width && y >= panel.y && y < panel.y + layout.height);
