// What a pointer does on the canvas: drag, wheel, pinch, click, and drawing a lasso or a box.

import { panelAt } from "./panels.mjs";

const CLICK_PIXELS = 4;
const POINT_PIXELS = 3;
const LINE_PIXELS = 16;

export class Gestures {
  /**
   * @param {HTMLCanvasElement} canvas
   * @param {SVGPathElement} trail of a lasso or box
   * @param {object} hands layout(), tool(), pan(dx, dy), zoom(factor, px, py), reset(), hover(panel, px, py) or
   *   hover(null), click(panel, px, py, event), enclose(panel, corners in pixels of the panel, event, how)
   */
  constructor(canvas, trail, hands) {
    Object.assign(this, { canvas, trail, hands });
    this.pointers = new Map();
    const on = (name, act, options) => canvas.addEventListener(name, act.bind(this), options);
    on("pointerdown", this.#down);
    on("pointermove", this.#move);
    on("pointerup", this.#up);
    on("pointercancel", this.#cancel);
    on("pointerleave", () => this.hands.hover(null));
    on("wheel", this.#wheel, { passive: false });
    on("dblclick", () => this.hands.tool() === "pan" && this.hands.reset());
  }

  /** Give up what is being drawn. Says whether there was anything. */
  cancel() {
    const drawing = Boolean(this.drawn);
    this.drawn = null;
    this.trail.setAttribute("d", "");
    return drawing;
  }

  #at(event) {
    const box = this.canvas.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }

  #down(event) {
    if (event.button > 1) return;
    this.canvas.focus({ preventScroll: true });
    this.canvas.setPointerCapture(event.pointerId);
    const place = this.#at(event);
    this.pointers.set(event.pointerId, place);
    this.hands.hover(null);
    this.start = place;
    this.far = false;
    if (this.pointers.size > 1) return void this.cancel();
    this.panel = panelAt(this.hands.layout(), ...place);
    const draws = this.hands.tool() !== "pan" && event.button === 0 && this.panel;
    this.drawn = draws ? [place] : null;
    // A middle button would scroll the page.
    if (event.button === 1) event.preventDefault();
  }

  #move(event) {
    const place = this.#at(event);
    const before = this.pointers.get(event.pointerId);
    if (!before) {
      const panel = panelAt(this.hands.layout(), ...place);
      return this.hands.hover(panel || null, panel ? place[0] - panel.x : 0, panel ? place[1] - panel.y : 0);
    }
    if (Math.hypot(place[0] - this.start[0], place[1] - this.start[1]) > CLICK_PIXELS) this.far = true;
    if (this.pointers.size === 2) return this.#pinch(event.pointerId, before, place);
    if (this.drawn) this.#draw(place);
    else if (this.far) {
      this.hands.pan(place[0] - before[0], place[1] - before[1]);
      this.canvas.classList.add("moving");
    }
    if (this.far || this.drawn) this.pointers.set(event.pointerId, place);
  }

  #pinch(id, before, place) {
    const other = [...this.pointers].find(([each]) => each !== id)[1];
    const apart = (a, b) => Math.max(Math.hypot(a[0] - b[0], a[1] - b[1]), 1);
    this.#zoom(apart(place, other) / apart(before, other), [(place[0] + other[0]) / 2, (place[1] + other[1]) / 2]);
    this.hands.pan((place[0] - before[0]) / 2, (place[1] - before[1]) / 2);
    this.pointers.set(id, place);
  }

  #draw(place) {
    const last = this.drawn[this.drawn.length - 1];
    if (this.hands.tool() === "box") this.drawn = [this.drawn[0], place];
    else if (Math.hypot(place[0] - last[0], place[1] - last[1]) >= POINT_PIXELS) this.drawn.push(place);
    const corners = this.#corners();
    this.trail.setAttribute("d", corners.length > 1 ? `M${corners.map((corner) => corner.map((c) => c.toFixed(1)).join(",")).join("L")}Z` : "");
  }

  #corners() {
    if (this.hands.tool() !== "box" || this.drawn.length < 2) return this.drawn;
    const [[x0, y0], [x1, y1]] = this.drawn;
    return [[x0, y0], [x1, y0], [x1, y1], [x0, y1]];
  }

  #up(event) {
    if (!this.pointers.delete(event.pointerId)) return;
    this.canvas.classList.remove("moving");
    const { panel, drawn } = this;
    const corners = drawn && this.#corners();
    this.cancel();
    if (this.pointers.size || !panel) return;
    const inPanel = ([x, y]) => [x - panel.x, y - panel.y];
    if (!this.far) this.hands.click(panel, ...inPanel(this.start), event);
    else if (corners && corners.length > 2) this.hands.enclose(panel, corners.map(inPanel), event, this.hands.tool());
  }

  #cancel(event) {
    this.pointers.delete(event.pointerId);
    this.canvas.classList.remove("moving");
    this.cancel();
  }

  #wheel(event) {
    event.preventDefault();
    const pixels = event.deltaY * (event.deltaMode === 1 ? LINE_PIXELS : 1);
    // A pinch on a touchpad comes as a wheel with Ctrl, in small steps.
    this.#zoom(Math.exp(-Math.max(Math.min(pixels, 240), -240) * (event.ctrlKey ? 0.01 : 0.0018)), this.#at(event));
  }

  #zoom(factor, place) {
    const layout = this.hands.layout();
    const panel = panelAt(layout, ...place) || layout.panels[0];
    if (panel) this.hands.zoom(factor, place[0] - panel.x, place[1] - panel.y);
  }
}
