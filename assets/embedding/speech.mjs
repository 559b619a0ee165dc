// The map in words, for those who do not see it.

import { told } from "./dom.mjs";

const NAMED = 3;

/** @param {{about: object, colouring: object, hidden: Set<number>, panels: object[], selected: number | null}} state */
export function summary({ about, colouring, hidden, panels, selected }) {
  const parts = [`Map of ${told(about.cells)} cells`];
  if (colouring.kind === "groups") {
    const groups = colouring.groups.map((group, code) => ({ ...group, code })).filter((group) => group.count > 0);
    const largest = [...groups].sort((a, b) => b.count - a.count).slice(0, NAMED);
    parts[0] += ` in ${told(groups.length)} groups of ${colouring.title}`;
    parts.push(`Largest: ${largest.map((group) => `${group.name} (${told(group.count)})`).join(", ")}`);
    const away = groups.filter((group) => hidden.has(group.code));
    if (away.length) parts.push(`Hidden: ${away.length > NAMED ? `${away.length} groups` : away.map((group) => group.name).join(", ")}`);
  } else if (colouring.kind === "values") {
    const ends = [colouring.least, colouring.most].map((end) => (end === null ? "none" : Number(end.toPrecision(3))));
    parts[0] += ` coloured by ${colouring.title}${colouring.unit ? `, ${colouring.unit}` : ""}`;
    parts.push(`Values from ${ends[0]} to ${ends[1]}`);
  } else {
    parts[0] += ` coloured by ${colouring.titles.join(" and ")}`;
  }
  if (colouring.missing) parts.push(`${told(colouring.missing)} cells have no value`);
  if (panels.length > 1) parts.push(`Panels: ${panels.map((panel) => panel.title).join(", ")}`);
  if (selected !== null) parts.push(`${told(selected)} cells are selected`);
  return parts.join(". ") + ".";
}
