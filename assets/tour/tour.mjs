// The tour: ten steps through the pages on a bundled run, and back to where somebody came from.

import { appears, putBackSelection } from "./acting.mjs";
import { Bubble } from "./bubble.mjs";
import * as memory from "./memory.mjs";
import { addressOf, go, here, isHere } from "./route.mjs";
import { STEPS } from "./steps.mjs";

// Who waits longer than this for a page is told so; what is missing after that is said.
const QUICK_MS = 350;
const MISSING_MS = 10_000;
// What a step waits for may come later than its second best.
const BETTER_MS = 120_000;
const MISSING = "This part of the page has not appeared. Go on, or come back to it later.";

let bubble = null;
let known = null;
let step = 0;
let showing = new AbortController();

const visible = (selector) => {
  const element = document.querySelector(selector);
  return element && element.getClientRects().length ? element : null;
};
const parametersOf = (each) => ({ run: known.run, ...(each.show?.(known) ?? {}) });

/** Begin, or go on where somebody was. */
export async function start({ anew = false } = {}) {
  if (bubble) return;
  bubble = new Bubble({ next, back, leave });
  const kept = memory.read();
  const place = await appears(() => new URLSearchParams(window.location.search).get("run"), { patience: 3_000 });
  try {
    const asked = kept.run ?? place ?? "";
    const answer = await fetch(`/api/tour.json?run=${encodeURIComponent(asked)}`, { credentials: "same-origin" });
    if (!answer.ok) throw new Error((await answer.json()).found);
    known = await answer.json();
  } catch (error) {
    bubble.hands.next = bubble.hands.back = leave;
    bubble.show({ title: "The tour cannot begin", text: error.message, at: 0, of: 1 });
    return;
  }
  window.addEventListener("popstate", moved);
  const goesOn = !anew && (kept.on || kept.step > 0);
  const begun = goesOn && kept.on ? kept : { ...(goesOn ? { step: kept.step } : { step: 0 }), back: here() };
  memory.write({ ...begun, on: true, run: known.run });
  show(Math.min(begun.step ?? 0, STEPS.length - 1));
}

async function show(wanted) {
  showing.abort();
  showing = new AbortController();
  const { signal } = showing;
  const { run } = known;
  if (STEPS[step] !== STEPS[wanted]) putBackSelection({ memory });
  step = wanted;
  memory.write({ ...memory.read(), on: true, step });
  const each = STEPS[step];
  go(addressOf(each.path, parametersOf(each)), step);
  const told = (element, note = "") => {
    if (signal.aborted || !bubble) return Promise.resolve();
    return bubble.show({ element, side: each.side, title: each.title, text: each.text({ ...known, run }), at: step, of: STEPS.length, note });
  };
  const find = () => (arrived(each) ? each.at.map(visible).find(Boolean) : null);
  // A step that is there at once takes the place of the one before; else its words come first.
  let shown = await appears(find, { signal, patience: QUICK_MS });
  if (signal.aborted) return;
  await told(shown);
  const acting = each.act?.(known, { signal, memory }).then((found) => Object.assign(known, found));
  if (!shown) {
    shown = await appears(find, { signal, patience: MISSING_MS });
    if (signal.aborted) return;
    await told(shown, shown ? "" : MISSING);
  }
  await acting;
  if (signal.aborted) return;
  let text = each.text(known);
  await told(shown, shown ? "" : MISSING);
  // Something better may come, and the page may say more.
  await appears(() => {
    const now = find();
    if (now && (now !== shown || each.text(known) !== text)) {
      [shown, text] = [now, each.text(known)];
      told(now);
    }
    return false;
  }, { signal, patience: BETTER_MS });
}

// The page before is still there for a moment, and may have what this step looks for.
const arrived = (each) => isHere(addressOf(each.path, parametersOf(each)))
  && (each.path === "/" || Boolean(document.querySelector(`#nav-${each.path.slice(1)}.active`)));

const next = () => (step + 1 < STEPS.length ? show(step + 1) : finish());
const back = () => void (step > 0 && show(step - 1));

function moved({ state }) {
  if (typeof state?.tour === "number") show(state.tour);
  // Somebody went back to where they came from.
  else close();
}

/** End here, and go on another time. */
function leave() {
  const { back: before } = memory.read();
  close();
  if (!before) return;
  const [was, now] = [new URL(before, window.location.href), new URL(window.location.href)];
  // One stays on the page that one looks at, with one's own run and colours.
  go(was.pathname === now.pathname ? before : addressOf(now.pathname, { run: was.searchParams.get("run") }));
}

function finish() {
  const { back: before } = memory.read();
  close();
  memory.write({});
  if (before) go(before);
}

function close() {
  showing.abort();
  putBackSelection({ memory });
  window.removeEventListener("popstate", moved);
  bubble?.close();
  bubble = null;
  const { step: kept } = memory.read();
  memory.write({ step: kept, on: false });
  document.getElementById("tour-button")?.focus();
}
