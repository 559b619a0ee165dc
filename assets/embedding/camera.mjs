// Where one looks: a centre and a scale that all panels share. Units of the embedding; pixels are CSS pixels.

const MOST_ZOOM = 2000;
const MARGIN = 0.94;

export class Camera {
  /** @param {number[]} bounds x0, x1, y0, y1 */
  constructor(bounds = [0, 1, 0, 1]) {
    this.setBounds(bounds);
    this.width = this.height = 1;
    this.reset();
  }

  setBounds(bounds) {
    this.bounds = bounds;
    this.span = [bounds[1] - bounds[0], bounds[3] - bounds[2]];
  }

  /** The size of one panel. */
  resize(width, height) {
    Object.assign(this, { width: Math.max(width, 1), height: Math.max(height, 1) });
  }

  reset() {
    this.x = (this.bounds[0] + this.bounds[1]) / 2;
    this.y = (this.bounds[2] + this.bounds[3]) / 2;
    this.zoom = 1;
  }

  get atRest() {
    return this.zoom === 1 && this.x === (this.bounds[0] + this.bounds[1]) / 2 && this.y === (this.bounds[2] + this.bounds[3]) / 2;
  }

  /** Pixels that one unit of the embedding takes. */
  get scale() {
    return MARGIN * this.zoom * Math.min(this.width / this.span[0], this.height / this.span[1]);
  }

  pan(dx, dy) {
    this.x -= dx / this.scale;
    this.y += dy / this.scale;
    this.#stay();
  }

  /** Zoom so that what lies under (px, py) of a panel stays there. */
  zoomAt(factor, px = this.width / 2, py = this.height / 2) {
    const [x, y] = this.toWorld(px, py);
    this.zoom = Math.min(Math.max(this.zoom * factor, 0.4), MOST_ZOOM);
    this.x = x - (px - this.width / 2) / this.scale;
    this.y = y + (py - this.height / 2) / this.scale;
    this.#stay();
  }

  toWorld(px, py) {
    return [this.x + (px - this.width / 2) / this.scale, this.y - (py - this.height / 2) / this.scale];
  }

  toPanel(x, y) {
    return [this.width / 2 + (x - this.x) * this.scale, this.height / 2 - (y - this.y) * this.scale];
  }

  /** A place 0..65535 on the sheet of the cells. */
  toSheet(px, py) {
    const [x, y] = this.toWorld(px, py);
    return [((x - this.bounds[0]) / this.span[0]) * 65535, ((y - this.bounds[2]) / this.span[1]) * 65535];
  }

  fromSheet(u, v) {
    return this.toPanel(this.bounds[0] + (u / 65535) * this.span[0], this.bounds[2] + (v / 65535) * this.span[1]);
  }

  /** The part of the sheet that is seen: u0, u1, v0, v1. */
  get seen() {
    const [u0, v1] = this.toSheet(0, 0);
    const [u1, v0] = this.toSheet(this.width, this.height);
    return [u0, u1, v0, v1];
  }

  /** Scale x, y and shift x, y from a place 0..1 to clip space. */
  get toClip() {
    const sx = (2 * this.scale) / this.width;
    const sy = (2 * this.scale) / this.height;
    return [this.span[0] * sx, this.span[1] * sy, (this.bounds[0] - this.x) * sx, (this.bounds[2] - this.y) * sy];
  }

  // The cells cannot be lost: the centre stays among them.
  #stay() {
    this.x = Math.min(Math.max(this.x, this.bounds[0]), this.bounds[1]);
    this.y = Math.min(Math.max(this.y, this.bounds[2]), this.bounds[3]);
  }
}
