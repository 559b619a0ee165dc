// The cells on the graphics card: three attributes a cell, an order for every panel, and a palette of 256 texels.

import { layersOf, uncovered } from "./cover.mjs";
import { rgb } from "./palettes.mjs";
import { programmeOf } from "./shaders.mjs";

// A cell takes about a third of the room that it would have if all lay evenly.
const ROOM = 0.6;
const LEAST_SIZE = 1;
const MOST_SIZE = 13;
// Renderers without a graphics card.
const SOFTWARE = /swiftshader|llvmpipe|softpipe|software|basic render/i;
const MANY = 50_000;

/**
 * Size (CSS pixels) and opacity of a point, from the room that a cell has on the screen.
 * @param {number} area of a panel, pixels
 */
export function density(area, cells, zoom, ratio = 1) {
  const least = LEAST_SIZE / ratio;
  const wanted = ROOM * Math.sqrt(area / Math.max(cells, 1)) * zoom ** 0.65;
  const size = Math.min(Math.max(Math.min(wanted, 6.5 * zoom ** 0.25), least), MOST_SIZE);
  // Where a point cannot shrink any more, it fades.
  const opacity = wanted < least ? Math.max(0.5, 0.9 * Math.sqrt(wanted / least)) : 0.9;
  return { size, opacity };
}

export class Points {
  constructor(gl) {
    this.gl = gl;
    const told = gl.getExtension("WEBGL_debug_renderer_info");
    this.software = Boolean(told) && SOFTWARE.test(gl.getParameter(told.UNMASKED_RENDERER_WEBGL));
    this.build();
  }

  /** Make everything anew: at first, and after the context was lost. */
  build() {
    const { gl } = this;
    Object.assign(this, programmeOf(gl));
    this.place = gl.createBuffer();
    this.code = gl.createBuffer();
    this.mark = gl.createBuffer();
    this.orders = new Map();
    this.cells = 0;
    this.palette = gl.createTexture();
    gl.bindTexture(gl.TEXTURE_2D, this.palette);
    for (const side of [gl.TEXTURE_MIN_FILTER, gl.TEXTURE_MAG_FILTER]) gl.texParameteri(gl.TEXTURE_2D, side, gl.NEAREST);
    this.array = gl.createVertexArray();
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
    gl.enable(gl.SCISSOR_TEST);
  }

  #fill(buffer, data, target = this.gl.ARRAY_BUFFER) {
    // An element buffer belongs to the array that is bound: none must be.
    this.gl.bindVertexArray(null);
    this.gl.bindBuffer(target, buffer);
    this.gl.bufferData(target, data, this.gl.STATIC_DRAW);
  }

  setPlaces(places) {
    this.places = places;
    this.cells = places.length / 2;
    this.#fill(this.place, places);
  }

  setCodes(codes) {
    this.codes = codes;
    this.#fill(this.code, codes);
  }

  /** @param {Uint8Array | null} marks */
  setMarks(marks) {
    this.selecting = Boolean(marks);
    if (marks) this.#fill(this.mark, marks);
  }

  setPalette(texels) {
    const { gl } = this;
    this.texels = texels;
    this.hides = texels.filter((_, place) => place % 4 === 3).join();
    gl.bindTexture(gl.TEXTURE_2D, this.palette);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA, 256, 1, 0, gl.RGBA, gl.UNSIGNED_BYTE, texels);
  }

  /** @param {Map<string, Uint32Array>} orders rows from back to front, by panel */
  setOrders(orders) {
    const { gl } = this;
    for (const { buffer } of this.orders.values()) gl.deleteBuffer(buffer);
    this.orders = new Map();
    for (const [key, rows] of orders) this.orders.set(key, { buffer: gl.createBuffer(), rows, count: 0, seen: null });
  }

  /** What is drawn of an order: all of it, or in software what is not covered; sent when that has changed. */
  #send(order, { camera, width, height, opacity, all }) {
    const seen = all ? "all" : JSON.stringify([camera.toClip, width, height, opacity, this.hides]);
    if (order.seen === seen) return;
    const shown = (row) => this.texels[4 * this.codes[row] + 3] > 0;
    const rows = all ? order.rows : uncovered(order.rows, this.places, shown, camera.toClip, width, height, layersOf(opacity));
    this.#fill(order.buffer, rows, this.gl.ELEMENT_ARRAY_BUFFER);
    Object.assign(order, { seen, count: rows.length });
    this.gl.bindVertexArray(this.array);
  }

  #attributes(stride) {
    const { gl } = this;
    gl.bindVertexArray(this.array);
    gl.bindBuffer(gl.ARRAY_BUFFER, this.place);
    gl.enableVertexAttribArray(0);
    gl.vertexAttribPointer(0, 2, gl.UNSIGNED_SHORT, true, 4 * stride, 0);
    gl.bindBuffer(gl.ARRAY_BUFFER, this.code);
    gl.enableVertexAttribArray(1);
    gl.vertexAttribIPointer(1, 1, gl.UNSIGNED_BYTE, stride, 0);
    if (this.selecting) {
      gl.bindBuffer(gl.ARRAY_BUFFER, this.mark);
      gl.enableVertexAttribArray(2);
      gl.vertexAttribIPointer(2, 1, gl.UNSIGNED_BYTE, stride, 0);
    } else {
      gl.disableVertexAttribArray(2);
      gl.vertexAttribI4ui(2, 0, 0, 0, 0);
    }
  }

  /**
   * @param {{panels: object[], width: number, height: number}} layout
   * @param {Camera} camera
   * @param {{ratio: number, dimmed: string, grown: number, walked: number, every: number}} how ratio: pixels of the canvas
   *   to a CSS pixel; grown: how much larger a point is than on a desk; every: draw each cell (1), or every so many-th while something moves
   */
  draw(layout, camera, { ratio, dimmed, grown = 1, walked = -1, every = 1 }) {
    const { gl, at } = this;
    const full = gl.drawingBufferHeight;
    gl.scissor(0, 0, gl.drawingBufferWidth, full);
    gl.clearColor(0, 0, 0, 0);
    gl.clear(gl.COLOR_BUFFER_BIT);
    if (!this.cells || !this.orders.size) return;
    gl.useProgram(this.programme);
    this.#attributes(every);
    gl.bindTexture(gl.TEXTURE_2D, this.palette);
    gl.uniform1i(at.palette, 0);
    gl.uniform4fv(at.view, camera.toClip);
    gl.uniform1i(at.selecting, this.selecting ? 1 : 0);
    gl.uniform1i(at.walked, walked);
    gl.uniform3fv(at.dimmed, rgb(dimmed).map((part) => part / 255));
    for (const panel of layout.panels) {
      const box = [panel.x, full / ratio - panel.y - layout.height, layout.width, layout.height].map((side) => Math.round(side * ratio));
      gl.viewport(...box);
      gl.scissor(...box);
      const { size, opacity } = density(layout.width * layout.height, panel.count, camera.zoom, ratio);
      gl.uniform1f(at.size, size * grown * ratio);
      gl.uniform1f(at.opacity, opacity);
      const order = this.orders.get(panel.key);
      const all = !this.software || walked >= 0 || panel.count < MANY;
      if (every === 1) this.#send(order, { camera, width: box[2], height: box[3], opacity, all });
      for (const layer of walked < 0 ? [0] : [1, 2]) {
        gl.uniform1i(at.layer, layer);
        this.#drawPanel(panel, order, every);
      }
    }
    gl.bindVertexArray(null);
  }

  #drawPanel(panel, order, every) {
    const { gl } = this;
    if (every > 1) {
      // A wider stride over the same buffers leaves cells out at no cost.
      const first = Math.ceil(panel.first / every);
      gl.drawArrays(gl.POINTS, first, Math.max(Math.floor((panel.first + panel.count) / every) - first, 0));
    } else {
      gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, order.buffer);
      gl.drawElements(gl.POINTS, order.count, gl.UNSIGNED_INT, 0);
    }
  }
}
