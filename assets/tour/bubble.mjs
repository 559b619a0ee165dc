// The frame around what is told of and the bubble beside it: driver.js, with the keys and the words of the app.

import { driver } from "../vendor/driver.js-1.8.0/driver.js.mjs";

const FOLLOW_MS = 250;
const STYLES = ["../vendor/driver.js-1.8.0/driver.css", "./tour.css"];

const styled = Promise.all(STYLES.map((path) => new Promise((done) => {
  const sheet = Object.assign(document.createElement("link"), { rel: "stylesheet", href: new URL(path, import.meta.url).href });
  sheet.onload = sheet.onerror = done;
  document.head.append(sheet);
})));

export class Bubble {
  /** @param {{next: Function, back: Function, leave: Function}} hands */
  constructor(hands) {
    this.hands = hands;
    this.driver = driver({
      animate: false,
      allowKeyboardControl: false,
      disableActiveInteraction: true,
      overlayClickBehavior: () => {},
      overlayColor: "var(--tour-shade)",
      overlayOpacity: 1,
      stagePadding: 6,
      stageRadius: 10,
      popoverOffset: 12,
    });
    this.onKey = (event) => this.#key(event);
  }

  /** Show it beside an element, or in the middle of the page while there is none. */
  async show({ element, side, title, text, at, of, note = "" }) {
    await styled;
    if (this.closed) return;
    const { next, back, leave } = this.hands;
    this.#listen();
    this.element = element;
    this.driver.highlight({
      element: element ?? undefined,
      popover: {
        // Written as text below: what a file calls its groups must never become part of the page.
        title: " ",
        description: " ",
        side,
        align: "center",
        showButtons: at ? ["previous", "next", "close"] : ["next", "close"],
        showProgress: true,
        progressText: " ",
        nextBtnText: at === of - 1 ? "Finish" : "Next",
        prevBtnText: "Back",
        popoverClass: "tour-bubble",
        onNextClick: next,
        onPrevClick: back,
        onCloseClick: leave,
        onPopoverRender: (parts) => this.#write(parts, { title, text, note, at, of }),
      },
    });
    this.focus();
  }

  #write({ wrapper, title, description, progress, closeButton }, said) {
    title.textContent = said.title;
    description.replaceChildren(said.text);
    if (said.note) {
      const note = Object.assign(document.createElement("span"), { className: "tour-note", textContent: said.note });
      note.setAttribute("role", "status");
      description.append(note);
    }
    progress.textContent = `${said.at + 1} of ${said.of}`;
    closeButton.setAttribute("aria-label", "Leave the tour");
    closeButton.title = "Leave the tour (Esc)";
    wrapper.setAttribute("aria-modal", "true");
    wrapper.dataset.step = said.at + 1;
  }

  focus() {
    document.querySelector(".tour-bubble .driver-popover-next-btn")?.focus({ preventScroll: true });
  }

  #listen() {
    if (this.following) return;
    document.addEventListener("keydown", this.onKey, true);
    // Pages fill while one reads: frame and bubble stay with their element.
    this.following = setInterval(() => {
      this.driver.refresh();
      // What a page focuses when it appears is not what one is at.
      if (!document.querySelector(".tour-bubble")?.contains(document.activeElement)) this.focus();
    }, FOLLOW_MS);
  }

  #key(event) {
    const hand = { ArrowRight: "next", ArrowLeft: "back", Escape: "leave" }[event.key];
    if (!hand || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    if (!event.repeat) this.hands[hand]();
  }

  close() {
    this.closed = true;
    clearInterval(this.following);
    document.removeEventListener("keydown", this.onKey, true);
    this.driver.destroy();
  }
}
