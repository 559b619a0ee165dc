// When to draw: only when something changed, once a screen, and with fewer cells while a slow machine is moving.

const SMOOTH_MS = 40;
const REST_MS = 150;
// WebGL allows strides of 255 bytes; a cell's place has 4.
const MOST_SKIPPED = 60;

export class Frames {
  /**
   * @param {WebGL2RenderingContext} gl
   * @param {(every: number) => void} draw each cell (1) or every so many-th
   */
  constructor(gl, draw) {
    Object.assign(this, { gl, draw });
    // How long all cells take, in milliseconds; unknown at first.
    this.cost = 0;
    this.waiting = [];
  }

  /** Ask for a frame. */
  ask({ moving = false } = {}) {
    if (moving) {
      this.moving = true;
      clearTimeout(this.resting);
      this.resting = setTimeout(() => {
        this.moving = false;
        if (this.rough) this.ask();
      }, REST_MS);
    }
    this.asked ??= requestAnimationFrame(() => this.now());
  }

  /** Draw at once. */
  now() {
    if (this.asked) cancelAnimationFrame(this.asked);
    this.asked = null;
    if (this.gl.isContextLost()) return;
    const every = this.moving && this.cost > SMOOTH_MS ? Math.min(Math.ceil(this.cost / (SMOOTH_MS / 2)), MOST_SKIPPED) : 1;
    this.rough = every > 1;
    const begun = performance.now();
    this.draw(every);
    if (!this.rough) this.#time(begun);
  }

  /** Fulfilled when the next whole frame is really drawn, not only ordered. */
  next() {
    return new Promise((done) => this.waiting.push(done));
  }

  stop() {
    if (this.asked) cancelAnimationFrame(this.asked);
    clearTimeout(this.resting);
  }

  #time(begun) {
    const { gl } = this;
    const fence = gl.fenceSync(gl.SYNC_GPU_COMMANDS_COMPLETE, 0);
    gl.flush();
    const done = this.waiting.splice(0);
    const look = () => {
      if (!gl.isContextLost() && gl.getSyncParameter(fence, gl.SYNC_STATUS) !== gl.SIGNALED) return void setTimeout(look, 2);
      gl.deleteSync(fence);
      this.cost = performance.now() - begun;
      for (const each of done) each(this.cost);
    };
    setTimeout(look, 0);
  }
}
