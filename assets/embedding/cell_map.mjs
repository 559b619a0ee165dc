// One map: it fetches what it shall show, keeps it, and sees that every part of the stage follows.

import { Camera } from "./camera.mjs";
import { Colours } from "./colours.mjs";
import { told } from "./dom.mjs";
import { feedOf } from "./feed.mjs";
import { Frames } from "./frames.mjs";
import { Gestures } from "./gestures.mjs";
import { handsOf, legendHandsOf } from "./hands.mjs";
import { Hover } from "./hover.mjs";
import { listen } from "./keyboard.mjs";
import { Labels } from "./labels.mjs";
import { Legend } from "./legend.mjs";
import { drawingOrder } from "./order.mjs";
import { LOOKS } from "./palettes.mjs";
import { laidOut, panelsOf } from "./panels.mjs";
import { Points } from "./points.mjs";
import { Selecting, marksOf } from "./selecting.mjs";
import { figureOf, pixelsOf } from "./snapshot.mjs";
import { summary } from "./speech.mjs";
import { stageIn, watched, writeTitles } from "./stage.mjs";
import { Tools } from "./tools.mjs";

const CONTEXT = { antialias: false, depth: false, stencil: false, premultipliedAlpha: true, powerPreference: "high-performance" };
const [SETTLED_MS, WAITING_MS] = [160, 250];

export class CellMap {
  constructor(host) {
    this.host = host;
    Object.assign(this, { parts: stageIn(host), choice: {}, data: null, layers: [], layout: { panels: [], width: 1, height: 1 } });
    Object.assign(this, { camera: new Camera(), selecting: new Selecting(), colours: new Colours(), walked: -1, tool: "pan" });
    const { canvas, stage, trail } = this.parts;
    this.labels = new Labels(stage);
    this.hover = new Hover(stage, (row, signal) => this.feed.cell(row, this.choice, signal));
    const hands = handsOf(this);
    this.tools = new Tools(stage, hands, canvas);
    this.legend = new Legend(host, legendHandsOf(this));
    this.gestures = new Gestures(canvas, trail, hands);
    listen(canvas, hands);
    canvas.addEventListener("blur", () => this.look(-1));
    canvas.addEventListener("webglcontextlost", (event) => event.preventDefault());
    canvas.addEventListener("webglcontextrestored", () => this.#restore());
    // What it is coloured by has other values now.
    this.recolour = ({ detail }) => {
      if (this.data?.colouring.key !== detail.key) return;
      this.wanted = null;
      this.show({});
    };
    document.addEventListener("map:recolour", this.recolour);
    this.unwatch = watched(host, stage, { theme: () => this.#recolour(), size: () => this.#resize(), gone: () => this.#leave() });
    this.chooseTool("pan");
  }

  // A context takes its time, and the page stands still meanwhile: what is fetched is under way by then.
  #begin() {
    this.gl = this.parts.canvas.getContext("webgl2", CONTEXT);
    this.points = new Points(this.gl);
    this.frames = new Frames(this.gl, (every) => this.draw(every));
  }

  async show(choice) {
    this.choice = { panel: "joint", labels: true, ...this.choice, ...choice };
    const { run, part = null } = this.choice;
    const feed = feedOf(run, part);
    const { colour, values, low, high, nonzero, blend } = this.choice;
    const wanted = JSON.stringify([feed.key, colour, values, low, high, nonzero, blend]);
    if (wanted !== this.wanted) {
      this.wanted = wanted;
      const shown = await this.#load(feed).catch((error) => this.#refuse(error, wanted));
      if (!shown) return;
    }
    if (!this.data) return;
    const drawn = this.frames.next();
    this.#arrange();
    await drawn;
    this.tell("map:ready", { run, cells: this.data.about.cells, key: this.data.colouring.key });
  }

  async #load(feed) {
    this.asking?.abort();
    this.asking = new AbortController();
    const { signal } = this.asking;
    const slow = setTimeout(() => this.host.classList.add("loading"), WAITING_MS);
    try {
      // Places are fetched once, whatever the colour.
      if (this.sheet?.key !== feed.key) this.sheet = { key: feed.key, coming: Promise.all([feed.about(), feed.places()]) };
      this.sheet.coming.catch(() => {});
      const coming = Promise.all([this.sheet.coming, feed.colour(this.choice, signal)]);
      if (!this.gl) this.#begin();
      const [[about, places], colouring] = await coming;
      if (signal.aborted) return false;
      if (colouring.codes.length !== about.cells || places.length !== 2 * about.cells) throw new Error("The map has changed meanwhile: reload the page.");
      this.#take(feed, about, places, colouring);
      return true;
    } finally {
      clearTimeout(slow);
      if (!signal.aborted) this.host.classList.remove("loading");
    }
  }

  #take(feed, about, places, colouring) {
    this.parts.message.hidden = true;
    if (this.feed?.key !== feed.key) {
      this.feed = feed;
      this.grid = null;
      this.camera.setBounds(about.bounds);
      this.camera.reset();
      this.selecting.set(null);
      this.points.setMarks(null);
      this.points.setPlaces(places);
      this.tools.selected(null);
    }
    const { codes, ...rest } = colouring;
    this.data = { about, places, codes, groups: rest.groups, colouring: rest };
    this.walked = -1;
    this.points.setCodes(codes);
    this.colours.take(rest);
    this.points.setPalette(this.colours.texels);
    this.hover.forget();
    this.arranged = null;
  }

  #refuse(error, wanted) {
    if (error.name === "AbortError" || wanted !== this.wanted) return false;
    this.wanted = null;
    if (this.sheet?.key !== this.feed?.key) this.sheet = null;
    this.parts.message.replaceChildren(error.message);
    this.parts.message.hidden = false;
    return false;
  }

  /** Panels, orders, legend and words: everything that follows from the data and the choice. */
  #arrange() {
    const { about, colouring } = this.data;
    this.panels = panelsOf(this.choice.panel, about);
    const arranged = JSON.stringify(this.panels.map((panel) => panel.key));
    if (arranged !== this.arranged) {
      this.arranged = arranged;
      this.lay();
      this.unordered = true;
      this.labels.found.clear();
      // The cells are on their way while the rest is written.
      this.frames.now();
      this.labels.measure(this.data, this.layout, this.camera);
      this.legend.draw({ ...this.colours.state, colouring, choice: this.choice });
      this.#label();
    } else this.frames.ask();
    this.#describe();
  }

  #order() {
    const { codes, colouring: { kind } } = this.data;
    this.unordered = false;
    const marks = marksOf(this.selecting.bits, codes.length);
    this.points.setMarks(marks);
    this.points.setOrders(new Map(this.panels.map((panel) => [panel.key, drawingOrder(codes, marks, kind, panel.first, panel.count)])));
  }

  lay() {
    const { canvas, stage, titles } = this.parts;
    const [width, height] = [stage.clientWidth, stage.clientHeight];
    this.ratio = Math.min(window.devicePixelRatio || 1, 3);
    const size = [Math.round(width * this.ratio), Math.round(height * this.ratio)];
    // Setting the size clears the canvas, even to the same.
    if (canvas.width !== size[0]) canvas.width = Math.max(size[0], 1);
    if (canvas.height !== size[1]) canvas.height = Math.max(size[1], 1);
    if (!this.data) return;
    this.layout = laidOut(this.panels, width, height, this.camera.span[0] / this.camera.span[1]);
    this.camera.resize(this.layout.width, this.layout.height);
    writeTitles(titles, this.layout);
  }

  draw(every) {
    if (this.unordered) this.#order();
    const { dimmed, grown } = LOOKS[this.colours.theme];
    this.points.draw(this.layout, this.camera, { ratio: this.ratio, dimmed, grown, walked: this.walked, every });
    if (this.data) this.#label();
  }

  #label() {
    this.labels.draw(this.layout, this.camera, { groups: this.data.groups, hidden: this.colours.hidden, on: this.choice.labels });
    for (const layer of this.layers) layer.draw();
  }

  /** Somebody has selected: say how many at once, draw them in the next frame. */
  selected(how) {
    this.#mark();
    const { bits, count } = this.selection();
    this.say(bits ? `${told(count)} cells selected.` : "Nothing is selected.");
    this.tell("map:select", { bits, count, how });
  }

  #mark() {
    this.tools.selected(this.selecting.count, this.data.about.cells);
    this.unordered = true;
    this.#describe();
    this.frames.ask();
  }

  /** Look at one group alone; -1: at all. */
  look(code) {
    if (code === this.walked) return;
    this.walked = code;
    this.legend.mark(code);
    this.frames.ask();
  }

  /** Other colours, or other groups hidden: one texel each. */
  repaint() {
    this.points.setPalette(this.colours.texels);
    this.legend.draw({ ...this.colours.state, colouring: this.data.colouring, choice: this.choice });
    this.#describe();
    this.frames.ask();
  }

  chooseTool(name) {
    this.tool = name;
    this.tools.choose(name);
    this.parts.canvas.dataset.mode = name;
  }

  // Which groups are in sight is looked at when the hand rests.
  settle() {
    clearTimeout(this.settling);
    this.settling = setTimeout(() => {
      if (!this.data) return;
      this.labels.measure(this.data, this.layout, this.camera);
      this.frames.ask();
    }, SETTLED_MS);
  }

  /** Aloud, for screen readers. */
  say = (text) => void (this.parts.live.textContent = text);

  #describe() {
    const selected = this.selecting.count;
    this.parts.summary.textContent = `${summary({ ...this.data, hidden: this.colours.hidden, panels: this.panels, selected })} ${this.parts.keys}`;
  }

  #recolour() {
    this.colours.follow();
    if (!this.data) return;
    this.legend.drawn = null;
    this.repaint();
    this.hover.hide();
  }

  #resize() {
    const { canvas, stage } = this.parts;
    if (!stage.clientWidth) return;
    const before = [canvas.width, canvas.height];
    this.lay();
    if (!this.data || (canvas.width === before[0] && canvas.height === before[1])) return;
    this.labels.measure(this.data, this.layout, this.camera);
    // At once: a canvas of a new size is empty until it is drawn.
    this.frames.now();
  }

  #restore() {
    this.points.build();
    if (!this.data) return;
    this.points.setPlaces(this.data.places);
    this.points.setCodes(this.data.codes);
    this.points.setPalette(this.colours.texels);
    this.unordered = true;
    this.frames.ask();
  }

  #leave() {
    this.unwatch();
    document.removeEventListener("map:recolour", this.recolour);
    this.frames?.stop();
    this.asking?.abort();
    // A browser allows a handful of contexts.
    this.gl?.getExtension("WEBGL_lose_context")?.loseContext();
  }

  tell = (name, detail) => this.host.dispatchEvent(new CustomEvent(name, { detail, bubbles: true }));

  select(bits) {
    if (!this.data || (!bits && !this.selecting.bits)) return;
    this.selecting.set(bits);
    this.#mark();
  }

  selection = () => ({ bits: this.selecting.bits, count: this.selecting.count || 0 });

  setHidden(names) {
    if (!this.data?.groups) return;
    this.colours.hide(this.data.groups.flatMap((group, code) => (names.includes(group.name) ? [code] : [])));
    this.repaint();
  }

  state() {
    return { ...this.data, ...this.colours.state, panels: this.layout.panels, layout: this.layout, labels: this.labels.shown, camera: this.camera, choice: this.choice, tool: this.tool };
  }

  pixels = () => pixelsOf(this);
  figure = (look) => figureOf(this, look);
}
