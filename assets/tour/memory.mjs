// Where the tour stands, kept by the tab: a reload goes on, and so does somebody who left.

const PLACE = "monae-tour";

/**
 * @returns {object} on: whether the tour is shown; step: 0 and up; back: address to come back to; run: the one that the
 *   tour goes through; selected: what was chosen on its map before
 */
export function read() {
  try {
    const kept = JSON.parse(sessionStorage.getItem(PLACE) || "{}");
    return kept && typeof kept === "object" ? kept : {};
  } catch {
    return {};
  }
}

export const get = (name) => read()[name];

/** undefined forgets. */
export const set = (name, value) => write({ ...read(), [name]: value });

export function write(kept) {
  try {
    sessionStorage.setItem(PLACE, JSON.stringify(kept));
  } catch {
    // A tab that keeps nothing shows the tour all the same.
  }
  document.dispatchEvent(new CustomEvent("tour:kept", { detail: kept }));
}
