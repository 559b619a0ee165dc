// The map of the cells: a host element gets a canvas, a legend and tools.
//
//   const map = mount(host)            host itself, with these methods; the same one if it is mounted already
//   map.show({run, colour, values, panel, labels, low, high, nonzero, blend, part})   what is left out stays; a promise
//   map.select(bits | null)            bits: ceil(N / 8) bytes, row = 8 * byte + bit, least significant bit first
//   map.selection()                    {bits, count}, or {bits: null, count: 0}
//   map.setHidden(names)               of groups
//   map.picture("png" | "svg", name)   saved as a file
//   map.pixels()                       what is drawn: {data (RGBA, from below), width, height, ratio}
//   map.state()                        what is shown: about, colouring, colours, hidden, panels, labels, camera ...
// Events of the host, which bubble:
//   map:select  {bits, count, how}     somebody selected: "lasso", "box", "click", "group" or "clear"; not after select()
//   map:hover   {row}                  -1: none any more
//   map:scale   {low, high, nonzero}   somebody set the ends of the colour scale
//   map:ready   {run, cells, key}      all cells of a show() are drawn

import { Camera } from "./camera.mjs";
import { Colours } from "./colours.mjs";
import { feedOf } from "./feed.mjs";
import { Frames } from "./frames.mjs";
import { Gestures } from "./gestures.mjs";
import { Hover } from "./hover.mjs";
import { listen } from "./keyboard.mjs";
import { Labels } from "./labels.mjs";
import { Legend, told } from "./legend.mjs";
import { drawingOrder } from "./order.mjs";
import { LOOKS } from "./palettes.mjs";
import { laidOut, panelsOf } from "./panels.mjs";
import { drawing, rastered, saved } from "./picture.mjs";
import { pointed } from "./pointed.mjs";
import { Points } from "./points.mjs";
import { Selecting } from "./selecting.mjs";
import { summary } from "./speech.mjs";
import { stageIn, watched, writeTitles } from "./stage.mjs";
import { Tools } from "./tools.mjs";
import { marksOf } from "./bits.mjs";

const CONTEXT = { antialias: false, depth: false, stencil: false, premultipliedAlpha: true, powerPreference: "high-performance" };
const METHODS = ["show", "select", "selection", "setHidden", "picture", "pixels", "state"];
// Highlighting a group under the pointer draws all cells; a slow machine is spared.
const QUICK_MS = 80;
const SETTLED_MS = 160;
const WAITING_MS = 250;

export function mount(host) {
  if (!host.cellMap) {
    host.cellMap = new CellMap(host);
    for (const name of METHODS) host[name] = (...given) => host.cellMap[name](...given);
  }
  return host;
}

class CellMap {
  constructor(host) {
    this.host = host;
    Object.assign(this, { parts: stageIn(host), choice: {}, data: null, layout: { panels: [], width: 1, height: 1 } });
    Object.assign(this, { camera: new Camera(), selecting: new Selecting(), colours: new Colours(), walked: -1, tool: "pan" });
    const { canvas, stage, trail } = this.parts;
    this.gl = canvas.getContext("webgl2", CONTEXT);
    this.points = new Points(this.gl);
    this.frames = new Frames(this.gl, (every) => this.#draw(every));
    this.labels = new Labels(stage);
    this.hover = new Hover(stage, (row, signal) => this.feed.cell(row, this.choice, signal));
    this.tools = new Tools(stage, this.#hands());
    this.legend = new Legend(host, this.#legendHands());
    this.gestures = new Gestures(canvas, trail, this.#hands());
    listen(canvas, this.#hands());
    canvas.addEventListener("blur", () => this.#look(-1));
    canvas.addEventListener("webglcontextlost", (event) => event.preventDefault());
    canvas.addEventListener("webglcontextrestored", () => this.#restore());
    const gone = () => this.#leave();
    this.unwatch = watched(host, stage, { theme: () => this.#recolour(), size: () => this.#resize(), gone });
    this.#chooseTool("pan");
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
    this.#arrange();
    await this.frames.next();
    this.#tell("map:ready", { run, cells: this.data.about.cells, key: this.data.colouring.key });
  }

  async #load(feed) {
    this.asking?.abort();
    this.asking = new AbortController();
    const { signal } = this.asking;
    const slow = setTimeout(() => this.host.classList.add("loading"), WAITING_MS);
    try {
      // Places are fetched once, whatever the colour.
      if (this.sheet?.key !== feed.key) this.sheet = { key: feed.key, coming: Promise.all([feed.about(), feed.places()]) };
      const [[about, places], colouring] = await Promise.all([this.sheet.coming, feed.colour(this.choice, signal)]);
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
    const { about, codes, colouring } = this.data;
    this.panels = panelsOf(this.choice.panel, about);
    const arranged = JSON.stringify(this.panels.map((panel) => panel.key));
    if (arranged !== this.arranged) {
      this.arranged = arranged;
      this.#lay();
      this.#order(codes, colouring.kind);
      this.labels.measure(this.data, this.layout, this.camera);
      this.legend.draw({ ...this.colours.state, colouring, choice: this.choice });
    }
    this.#say();
    this.frames.ask();
  }

  #order(codes, kind) {
    const marks = this.selecting.bits ? marksOf(this.selecting.bits, codes.length) : null;
    this.points.setMarks(marks);
    this.points.setOrders(new Map(this.panels.map((panel) => [panel.key, drawingOrder(codes, marks, kind, panel.first, panel.count)])));
  }

  #lay() {
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

  #draw(every) {
    const { dimmed } = LOOKS[this.colours.theme];
    this.points.draw(this.layout, this.camera, { ratio: this.ratio, dimmed, walked: this.walked, every });
    if (this.data) this.labels.draw(this.layout, this.camera, { groups: this.data.groups, hidden: this.colours.hidden, on: this.choice.labels });
  }

  #hands() {
    const moved = (act) => (...given) => {
      if (!this.data) return;
      act(...given);
      this.hover.hide();
      this.#settle();
      this.frames.ask({ moving: true });
    };
    return {
      layout: () => this.layout,
      tool: (name) => (name ? this.#chooseTool(name) : this.tool),
      pan: moved((dx, dy) => this.camera.pan(dx, dy)),
      zoom: moved((factor, x, y) => this.camera.zoomAt(factor, x, y)),
      reset: moved(() => this.camera.reset()),
      hover: (panel, x, y) => this.#hover(panel, x, y),
      click: (panel, x, y, event) => this.#click(panel, x, y, event),
      enclose: (panel, corners, event, how) => {
        this.selecting.enclose(corners.map((corner) => this.camera.toSheet(...corner)), panel, this.data, this.colours.hidden, event);
        this.#selected(how);
      },
      walk: (step) => this.#walk(step),
      take: (event) => {
        if (this.walked < 0) return;
        this.selecting.group(this.walked, this.data.codes, event);
        this.#selected("group");
      },
      clear: () => this.#clear(),
    };
  }

  #legendHands() {
    const hide = (act) => (code) => {
      act(code);
      this.points.setPalette(this.colours.texels);
      this.legend.draw({ ...this.colours.state, colouring: this.data.colouring, choice: this.choice });
      this.#say();
      this.frames.ask();
    };
    return {
      hide: hide((codes) => this.colours.hide(codes)),
      toggle: hide((code) => this.colours.toggle(code)),
      solo: hide((code) => this.colours.solo(code)),
      paint: (code, colour) => hide(() => this.colours.paint(code, colour))(code),
      unpaint: hide(() => this.colours.unpaint()),
      look: (code) => this.frames.cost < QUICK_MS && this.#look(this.colours.hidden.has(code) || code === 255 ? -1 : code),
      scale: (scale) => {
        this.#tell("map:scale", scale);
        this.show(scale);
      },
    };
  }

  #hover(panel, x, y) {
    const found = panel && this.data ? pointed(this, panel, x, y) : null;
    if (!found === (this.hover.row < 0) && (found?.row ?? -1) === this.hover.row) return;
    if (found) this.hover.show(found);
    else this.hover.hide();
    this.#tell("map:hover", { row: found ? found.row : -1 });
  }

  #click(panel, x, y, event) {
    const found = this.data ? pointed(this, panel, x, y) : null;
    if (found) {
      this.selecting.cell(found.row, this.data.about.cells, event);
      this.#selected("click");
    } else if (this.tool !== "pan") this.#clear();
  }

  #clear() {
    if (this.gestures.cancel()) return;
    this.#look(-1);
    if (!this.selecting.bits) return;
    this.selecting.set(null);
    this.#selected("clear");
  }

  #selected(how) {
    this.#mark();
    const { bits, count } = this.selection();
    this.parts.live.textContent = bits ? `${told(count)} cells selected.` : "Nothing is selected.";
    this.#tell("map:select", { bits, count, how });
  }

  #mark() {
    this.tools.selected(this.selecting.count, this.data.about.cells);
    this.#order(this.data.codes, this.data.colouring.kind);
    this.#say();
    this.frames.ask();
  }

  #walk(step) {
    const groups = (this.data?.groups || []).map((group, code) => ({ ...group, code })).filter((group) => group.count && !this.colours.hidden.has(group.code));
    if (!groups.length) return;
    const before = groups.findIndex((group) => group.code === this.walked);
    const place = before < 0 ? (step > 0 ? 0 : groups.length - 1) : (before + step + groups.length) % groups.length;
    this.#look(groups[place].code);
    this.parts.live.textContent = `${groups[place].name}, ${told(groups[place].count)} cells, ${place + 1} of ${groups.length}.`;
  }

  #look(code) {
    if (code === this.walked) return;
    this.walked = code;
    this.legend.mark(code);
    this.frames.ask();
  }

  #chooseTool(name) {
    this.tool = name;
    this.tools.choose(name);
    this.parts.canvas.dataset.tool = name;
  }

  // Which groups are in sight is looked at when the hand rests.
  #settle() {
    clearTimeout(this.settling);
    this.settling = setTimeout(() => {
      if (!this.data) return;
      this.labels.measure(this.data, this.layout, this.camera);
      this.frames.ask();
    }, SETTLED_MS);
  }

  #say() {
    const selected = this.selecting.count;
    this.parts.summary.textContent = `${summary({ ...this.data, hidden: this.colours.hidden, panels: this.panels, selected })} ${this.parts.keys}`;
  }

  #recolour() {
    this.colours.follow();
    if (!this.data) return;
    this.points.setPalette(this.colours.texels);
    this.legend.drawn = null;
    this.legend.draw({ ...this.colours.state, colouring: this.data.colouring, choice: this.choice });
    this.hover.hide();
    this.frames.ask();
  }

  #resize() {
    if (!this.parts.stage.clientWidth) return;
    this.#lay();
    if (!this.data) return;
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
    this.#order(this.data.codes, this.data.colouring.kind);
    this.frames.ask();
  }

  #leave() {
    this.unwatch();
    this.frames.stop();
    this.asking?.abort();
    // A browser allows a handful of contexts.
    this.gl.getExtension("WEBGL_lose_context")?.loseContext();
  }

  #tell(name, detail) {
    this.host.dispatchEvent(new CustomEvent(name, { detail, bubbles: true }));
  }

  select(bits) {
    if (!this.data || (!bits && !this.selecting.bits)) return;
    this.selecting.set(bits);
    this.#mark();
  }

  selection() {
    return { bits: this.selecting.bits, count: this.selecting.count || 0 };
  }

  setHidden(names) {
    if (this.data?.groups) this.#legendHands().hide(this.data.groups.flatMap((group, code) => (names.includes(group.name) ? [code] : [])));
  }

  state() {
    return { ...this.data, ...this.colours.state, panels: this.layout.panels, layout: this.layout, labels: this.labels.shown, camera: this.camera, choice: this.choice, tool: this.tool };
  }

  pixels() {
    const { gl } = this;
    this.frames.moving = false;
    this.frames.now();
    const [width, height] = [gl.drawingBufferWidth, gl.drawingBufferHeight];
    const data = new Uint8Array(4 * width * height);
    gl.readPixels(0, 0, width, height, gl.RGBA, gl.UNSIGNED_BYTE, data);
    return { data, width, height, ratio: this.ratio };
  }

  async picture(kind, name) {
    const svg = drawing({ ...this.state(), ...this.#shot(), font: getComputedStyle(this.host).fontFamily });
    saved(kind === "svg" ? new Blob([svg], { type: "image/svg+xml" }) : await rastered(svg), `${name}.${kind}`);
  }

  /** The points as a picture, at least twice as sharp as the page. */
  #shot() {
    const { canvas, stage } = this.parts;
    const [width, height] = [stage.clientWidth, stage.clientHeight];
    const before = this.ratio;
    this.ratio = Math.max(2, before);
    Object.assign(canvas, { width: Math.round(width * this.ratio), height: Math.round(height * this.ratio) });
    this.frames.moving = false;
    this.#draw(1);
    const points = canvas.toDataURL("image/png");
    this.#lay();
    this.frames.now();
    return { points, width, height };
  }
}
