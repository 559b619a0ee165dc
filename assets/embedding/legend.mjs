// What the colours mean: groups to hide, to see alone and to paint; a colour bar; or a square for a blend.

import { h, link, told } from "./dom.mjs";
import { LOOKS, NO_VALUE, blended } from "./palettes.mjs";
import { RAMPS } from "./ramps.mjs";

const short = (number) => (number === null || number === undefined ? "" : Number(number.toPrecision(3)).toLocaleString("en-US", { maximumSignificantDigits: 3 }));

export class Legend {
  /**
   * @param {HTMLElement} parent
   * @param {object} hands what people may do: toggle(code), solo(code), paint(code, colour), unpaint(),
   *   look(code or -1), scale({low, high, nonzero}), ramp(name)
   */
  constructor(parent, hands) {
    this.hands = hands;
    this.box = parent.appendChild(h("aside", { class: "cell-map-legend", "aria-label": "Legend" }));
  }

  /** @param {object} state colouring, colours, hidden, theme, ramp, scale, edited, choice */
  draw(state) {
    const { colouring } = state;
    // A double click needs its first click to leave the entry where it is: what only changes its look stays.
    if (colouring === this.drawn && colouring.kind === "groups") return this.#refresh(state);
    this.drawn = colouring;
    const head = h("div", { class: "legend-title" }, h("strong", {}, colouring.title || ""));
    if (colouring.unit) head.append(h("small", {}, colouring.unit));
    const kinds = { groups: () => this.#groups(state), values: () => this.#values(state), blend: () => this.#blend(state) };
    // Drawn anew, it leaves the keyboard where it was.
    const focused = this.box.contains(document.activeElement) ? document.activeElement.dataset.focus : null;
    this.box.replaceChildren(head, ...kinds[colouring.kind]());
    if (colouring.kind === "groups") this.#refresh(state);
    if (focused) this.box.querySelector(`[data-focus="${focused}"]`)?.focus({ preventScroll: true });
  }

  #refresh({ colours, hidden, edited }) {
    for (const item of this.box.querySelectorAll("li")) {
      const code = Number(item.dataset.code);
      item.classList.toggle("hidden-group", hidden.has(code));
      item.querySelector(".entry").setAttribute("aria-pressed", String(!hidden.has(code)));
      if (code === NO_VALUE) continue;
      item.querySelector(".swatch").style.setProperty("--group", colours[code]);
      item.querySelector("input").value = colours[code];
    }
    const foot = this.box.querySelector(".legend-foot");
    foot.replaceChildren(
      ...(hidden.size ? [link("Show all", () => this.hands.solo(-1))] : []),
      ...(edited ? [link("Reset colours", () => this.hands.unpaint())] : []),
    );
  }

  #groups({ colouring, colours }) {
    const entries = colouring.groups.map((group, code) => ({ ...group, code })).filter((group) => group.count > 0);
    if (colouring.missing) entries.push({ name: "no value", count: colouring.missing, code: NO_VALUE });
    return [h("ul", {}, ...entries.map((entry) => this.#entry(entry, colours[entry.code]))), h("p", { class: "legend-foot" })];
  }

  /** Show which group is looked at; -1: none. */
  mark(code) {
    for (const item of this.box.querySelectorAll("li")) {
      item.classList.toggle("walked", Number(item.dataset.code) === code);
      if (Number(item.dataset.code) === code) item.scrollIntoView({ block: "nearest" });
    }
  }

  #entry({ name, count, code }, colour) {
    const { hands } = this;
    const paint = h("input", {
      type: "color", value: colour || null, "aria-label": `Colour of ${name}`, title: "Change the colour", tabindex: "-1",
      oninput: (event) => hands.paint(code, event.target.value),
    });
    const swatch = code === NO_VALUE ? h("span", { class: "swatch none" }) : h("label", { class: "swatch" }, paint);
    const toggle = h("button", {
      type: "button", class: "entry", "data-focus": `g${code}`,
      title: "Click: hide or show. Double click or Shift + Enter: see it alone.",
      onclick: (event) => (event.shiftKey || event.detail > 1 ? hands.solo(code) : hands.toggle(code)),
    }, h("span", { class: "name" }, name), h("span", { class: "count" }, told(count)));
    const only = h("button", { type: "button", class: "only", tabindex: "-1", "aria-label": `Only ${name}`, onclick: () => hands.solo(code) }, "only");
    const item = h("li", { "data-code": code }, swatch, toggle, only);
    item.addEventListener("pointerenter", () => hands.look(code));
    item.addEventListener("pointerleave", () => hands.look(-1));
    return item;
  }

  #values({ colouring, ramp, scale, choice }) {
    const bar = h("div", { class: "legend-bar", style: `background: linear-gradient(to top, ${ramp.join(", ")})` });
    const middle = colouring.low === null ? null : (colouring.low + colouring.high) / 2;
    const clipped = [colouring.most > colouring.high ? "≥ " : "", colouring.least < colouring.low ? "≤ " : ""];
    const ticks = h("div", { class: "legend-ticks" },
      h("span", {}, clipped[0] + short(colouring.high)), h("span", {}, short(middle)), h("span", {}, clipped[1] + short(colouring.low)));
    const shown = [h("div", { class: "legend-scale", role: "img", "aria-label": `From ${short(colouring.low)} to ${short(colouring.high)}` }, bar, ticks)];
    if (colouring.missing) shown.push(h("p", { class: "legend-none" }, h("span", { class: "swatch none" }), `no value: ${told(colouring.missing)}`));
    return [...shown, this.#scale(colouring, choice), this.#ramps(scale)];
  }

  #ramps(scale) {
    const options = Object.entries(RAMPS).map(([name, { title }]) => h("option", { value: name, selected: name === scale }, title));
    const choice = h("select", { "aria-label": "Colours", "data-focus": "ramp", onchange: (event) => this.hands.ramp(event.target.value) }, ...options);
    return h("label", { class: "legend-clip" }, h("span", {}, "Colours"), choice);
  }

  #scale(colouring, { low, high, nonzero = false }) {
    const send = () => {
      const [from, to] = [Number(lowest.value), Number(highest.value)];
      if (from >= 0 && to <= 100 && from < to) this.hands.scale({ low: from, high: to, nonzero: zeros ? zeros.checked : nonzero });
    };
    const number = (value, name) => h("input", { type: "number", min: 0, max: 100, step: "any", value, "aria-label": name, "data-focus": name, onchange: send });
    const lowest = number(low ?? 1, "Lowest percentile");
    const highest = number(high ?? 99, "Highest percentile");
    const zeros = colouring.zeros || nonzero ? h("input", { type: "checkbox", "data-focus": "zeros", onchange: send }) : null;
    if (zeros) zeros.checked = nonzero;
    const fields = h("div", { class: "legend-clip" }, h("span", {}, "Percentiles"), h("div", {}, lowest, "–", highest));
    if (zeros) fields.append(h("label", { title: "The scale begins above zero; zeros have its lowest colour" }, zeros, ` zeros apart (${told(colouring.zeros)})`));
    return fields;
  }

  #blend({ colouring, theme }) {
    const { corners } = LOOKS[theme];
    const cells = [];
    for (let second = 14; second >= 0; second--) {
      for (let first = 0; first < 15; first++) cells.push(h("i", { style: `background: ${blended(corners, first / 14, second / 14)}` }));
    }
    const [first, second] = colouring.titles;
    return [
      h("div", { class: "legend-blend", role: "img", "aria-label": `${first} from left to right, ${second} from below to above` }, ...cells),
      h("p", { class: "legend-axes" }, h("span", {}, `→ ${first}`), h("span", {}, `↑ ${second}`)),
      ...(colouring.missing ? [h("p", { class: "legend-none" }, h("span", { class: "swatch none" }), `no value: ${told(colouring.missing)}`)] : []),
    ];
  }
}
