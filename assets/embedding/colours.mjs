// The colours of what is shown now: theme, groups that are hidden, colours that somebody chose.

import { NO_VALUE, groupColour, remember, remembered, texels, themeNow } from "./palettes.mjs";
import { rampOf, rememberRamp, rememberedRamp } from "./ramps.mjs";

export class Colours {
  constructor() {
    Object.assign(this, { theme: themeNow(), hidden: new Set(), colouring: { kind: "values" }, chosen: {}, colours: [], scale: rememberedRamp() });
  }

  /** Take another colouring. Groups stay hidden as long as it is the same column. */
  take(colouring) {
    if (colouring.key !== this.colouring.key || colouring.kind !== this.colouring.kind) this.hidden = new Set();
    this.colouring = colouring;
    this.chosen = colouring.kind === "groups" ? remembered(colouring.key) : {};
    this.#paint();
  }

  follow() {
    this.theme = themeNow();
    this.#paint();
  }

  hide(codes) {
    this.hidden = new Set(codes);
  }

  toggle(code) {
    if (!this.hidden.delete(code)) this.hidden.add(code);
  }

  /** See one group alone; asked for again, or for -1, all are seen. */
  solo(code) {
    const others = this.#codes().filter((each) => each !== code);
    const alone = others.every((each) => this.hidden.has(each));
    this.hidden = new Set(code < 0 || alone ? [] : others);
  }

  paint(code, colour) {
    this.chosen[this.colouring.groups[code].name] = colour;
    remember(this.colouring.key, this.chosen);
    this.#paint();
  }

  unpaint() {
    this.chosen = {};
    remember(this.colouring.key, this.chosen);
    this.#paint();
  }

  /** Show the colours of somebody else, for as long as the same column is shown. */
  lend({ colours, hidden, scale }) {
    const names = new Set(hidden);
    this.chosen = this.colouring.kind === "groups" ? colours : {};
    this.scale = scale ?? this.scale;
    this.#paint();
    this.hide((this.colouring.groups || []).flatMap((group, code) => (names.has(group.name) ? [code] : [])));
  }

  /** Another scale for continuous values. */
  rescale(name) {
    this.scale = name;
    rememberRamp(name);
  }

  get texels() {
    return texels(this.colouring, this.theme, this.colours, this.hidden, this.state.ramp);
  }

  get state() {
    const { theme, hidden, colours, chosen, scale } = this;
    return { theme, hidden, colours, scale, ramp: rampOf(scale, theme), edited: Object.keys(chosen).length > 0 };
  }

  #codes() {
    const groups = (this.colouring.groups || []).flatMap((group, code) => (group.count ? [code] : []));
    return this.colouring.missing ? [...groups, NO_VALUE] : groups;
  }

  #paint() {
    const groups = this.colouring.groups || [];
    this.colours = groups.map((group, code) => (/^#[0-9a-f]{6}$/i.test(this.chosen[group.name]) ? this.chosen[group.name] : groupColour(code, this.theme)));
  }
}
