// Elements in one line each, and lists that are drawn anew without losing the place of the keyboard.

/**
 * Make an element. Properties that begin with "on" are listeners, "class" and those with a dash are attributes.
 * @param {string} tag
 * @param {Object} properties
 * @param {...(Node | string | null | false)} children
 */
export function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "class" || name.includes("-") || !(name in element)) element.setAttribute(name, value);
    else element[name] = value;
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** A button with words for those who see a sign alone. */
export function sign(text, label, onclick, properties = {}) {
  return h("button", { type: "button", class: "sign", title: label, "aria-label": label, onclick, ...properties }, text);
}

export const link = (text, onclick, properties = {}) =>
  h("button", { type: "button", class: "link-button", onclick, ...properties }, text);

/** Put other children into an element; what had the keyboard gets it again, known by data-key. */
export function redraw(element, ...children) {
  const active = document.activeElement;
  const key = element.contains(active) ? active.dataset.key : null;
  // a menu closes by what is chosen in it
  const folds = () => [...element.querySelectorAll("details[data-key]:not(.set-more)")];
  const known = new Map(folds().map((each) => [each.dataset.key, each.open]));
  element.replaceChildren(...children.flat().filter(Boolean));
  for (const each of folds()) each.open = known.get(each.dataset.key) ?? each.open;
  if (!key) return;
  const again = [...element.querySelectorAll("[data-key]")].find((each) => each.dataset.key === key);
  (again ?? element.querySelector("button, input, summary"))?.focus();
}

const numbers = new Intl.NumberFormat("en");
export const told = (count) => numbers.format(count);
export const cellsOf = (count) => `${told(count)} ${count === 1 ? "cell" : "cells"}`;

/** Let the browser save a file. */
export function save(blob, name) {
  const url = URL.createObjectURL(blob);
  h("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
