// What the tour does for its visitor on a page; each act says how it is undone.

const POLL_MS = 100;
const PATIENCE_MS = 15_000;

/** Wait until `found` returns something; null when it never does, or nobody waits any more. */
export async function appears(found, { signal, patience = PATIENCE_MS } = {}) {
  const until = performance.now() + patience;
  for (;;) {
    const value = found();
    if (value || signal?.aborted || performance.now() > until) return signal?.aborted ? null : value || null;
    await new Promise((done) => setTimeout(done, POLL_MS));
  }
}

const map = () => document.getElementById("map");
const told = (number) => number.toLocaleString("en-US");

function pick(host, bits, count, how) {
  host.select(bits);
  host.dispatchEvent(new CustomEvent("map:select", { detail: { bits, count, how }, bubbles: true }));
}

// A selection of a few thousand cells, as text that a tab can keep.
const asText = (bits) => (bits ? btoa(String.fromCharCode(...bits)) : "");
const asBits = (text) => (text ? Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0)) : null);
const counted = (bits) => (bits ? bits.reduce((sum, byte) => sum + byte.toString(2).replaceAll("0", "").length, 0) : 0);

/** Select the largest group of the map, and remember what was selected before. */
export async function chooseLargest({ run, colour }, { signal, memory }) {
  const ready = () => {
    const host = map();
    const shown = host?.state?.();
    const panel = document.querySelector("#selection-panel .selection-head");
    return panel && shown?.groups && shown.colouring.key === colour && shown.choice.run === run ? { host, ...shown } : null;
  };
  const shown = await appears(ready, { signal });
  if (!shown) return {};
  const { host, groups, codes } = shown;
  const most = groups.reduce((best, group, code) => (group.count > groups[best].count ? code : best), 0);
  const bits = new Uint8Array(Math.ceil(codes.length / 8));
  codes.forEach((code, row) => { if (code === most) bits[row >> 3] |= 1 << (row & 7); });
  // Resumed after a reload, what was there before is known already.
  if (memory.get("selected") === undefined) memory.set("selected", asText(host.selection().bits));
  pick(host, bits, groups[most].count, "group");
  return { chosen: `${groups[most].name}, ${told(groups[most].count)} cells` };
}

/** Put back what was selected before the tour chose cells, as soon as the map is there. */
export function putBackSelection({ memory }) {
  const text = memory.get("selected");
  const host = map();
  if (text === undefined || !host?.selection) return;
  const bits = asBits(text);
  pick(host, bits, counted(bits), bits ? "group" : "clear");
  memory.set("selected", undefined);
}

/** Press Compare, unless a comparison is there or under way. */
export async function pressCompare(_, { signal }) {
  const button = await appears(() => {
    const found = document.getElementById("differential-start");
    const first = document.getElementById("differential-first");
    return found && / · /.test(first?.textContent ?? "") ? found : null;
  }, { signal });
  const idle = document.querySelector("#differential-result")?.hidden && document.querySelector("#differential-progress")?.hidden;
  if (button && idle) button.click();
  return {};
}
