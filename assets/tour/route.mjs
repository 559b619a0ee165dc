// Ways through the app without loading it anew, as its own links go.

// What the tour changes of an address; all else of a page's state is left to the page.
const SHOWN = ["run", "colour", "values", "panel", "with"];

export const here = () => window.location.pathname + window.location.search;

export function addressOf(path, parameters) {
  const query = Object.entries(parameters).filter(([, value]) => value).map(([name, value]) => `${name}=${encodeURIComponent(value)}`);
  return query.length ? `${path}?${query.join("&")}` : path;
}

/** Whether the page shows already what this address asks for. */
export function isHere(address) {
  const [now, wanted] = [new URL(window.location.href), new URL(address, window.location.href)];
  const alike = (name) => (now.searchParams.get(name) ?? "") === (wanted.searchParams.get(name) ?? "");
  return now.pathname === wanted.pathname && SHOWN.every(alike);
}

/** Go there; the step of the tour is kept in the history, so that the back button finds it. */
export function go(address, step = null) {
  const state = step === null ? {} : { tour: step };
  if (isHere(address)) {
    if (step !== null) window.history.replaceState({ ...window.history.state, ...state }, "");
    return;
  }
  window.history.pushState(state, "", address);
  // Dash's links tell it so, too.
  window.dispatchEvent(new CustomEvent("_dashprivate_pushstate"));
  window.scrollTo(0, 0);
}
