// The map by keyboard, while the canvas has the focus.

const STEP_PIXELS = 48;

export const KEYS = "Arrows move, plus and minus zoom, 0 shows all. N and P walk over the groups, Enter selects the one walked to. "
  + "L lasso, B box, V move. Escape clears. Question mark tells it all.";

/** @param {object} hands pan(dx, dy), zoom(factor), reset(), tool(name), walk(step), take(event), clear(), help() */
export function listen(canvas, hands) {
  const keys = {
    ArrowLeft: () => hands.pan(STEP_PIXELS, 0),
    ArrowRight: () => hands.pan(-STEP_PIXELS, 0),
    ArrowUp: () => hands.pan(0, STEP_PIXELS),
    ArrowDown: () => hands.pan(0, -STEP_PIXELS),
    "+": () => hands.zoom(1.3),
    "=": () => hands.zoom(1.3),
    "-": () => hands.zoom(1 / 1.3),
    "0": () => hands.reset(),
    l: () => hands.tool("lasso"),
    b: () => hands.tool("box"),
    v: () => hands.tool("pan"),
    n: () => hands.walk(1),
    p: () => hands.walk(-1),
    Enter: (event) => hands.take(event),
    Escape: () => hands.clear(),
    "?": () => hands.help(),
  };
  canvas.addEventListener("keydown", (event) => {
    const act = keys[event.key] || keys[event.key.toLowerCase()];
    // Keys of the browser stay the browser's.
    if (!act || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    act(event);
  });
}
