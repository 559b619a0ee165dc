/* The button of the tour, the hint of a demo that there is one, and who begins it; the tour itself is loaded then. */
"use strict";

(function () {
  const KEPT = "monae-tour";
  const HINTED = "monae-tour-hinted";
  const begin = async (how) => (await import("./tour/tour.mjs")).start(how);

  function kept() {
    try {
      return JSON.parse(sessionStorage.getItem(KEPT)) || {};
    } catch {
      return {};
    }
  }

  // The app is there when its frame is.
  function framed(then) {
    if (document.getElementById("tour-button")) then();
    else requestAnimationFrame(() => framed(then));
  }

  function name() {
    const { step = 0, on } = kept();
    const left = step > 0 && !on;
    const [title, short] = left ? ["Go on with the tour", "Go on"] : ["Tour", "Tour"];
    const button = document.getElementById("tour-button");
    button.textContent = short;
    button.title = left ? `${title} (${step + 1} of 10)` : "The app in ten steps, on a bundled run";
    button.setAttribute("aria-label", left ? title : "Tour of the app");
  }

  const hinted = () => { try { return localStorage.getItem(HINTED); } catch { return true; } };

  function hint() {
    if (!document.documentElement.dataset.demo || hinted()) return;
    const card = document.createElement("div");
    card.className = "tour-hint";
    card.setAttribute("role", "status");
    const words = document.createElement("p");
    words.textContent = "New here? The tour shows the app in ten steps.";
    const button = (text, look, does) => Object.assign(document.createElement("button"), { type: "button", className: look, textContent: text, onclick: does });
    const away = () => {
      try { localStorage.setItem(HINTED, "1"); } catch { /* it is shown again then */ }
      card.remove();
    };
    card.append(words, button("Start the tour", "button primary small", () => { away(); begin({ anew: true }); }), button("Not now", "button small", away));
    document.body.append(card);
    document.addEventListener("tour:kept", () => card.remove(), { once: true });
  }

  document.addEventListener("click", (event) => {
    if (event.target instanceof Element && event.target.closest("#tour-button")) begin({});
  });
  document.addEventListener("tour:kept", name);

  const asked = new URL(window.location.href);
  const anew = asked.searchParams.get("tour") === "1";
  if (anew) {
    // It is a wish, no state of the page.
    asked.searchParams.delete("tour");
    window.history.replaceState(window.history.state, "", asked.pathname + asked.search);
  }
  framed(() => {
    name();
    if (anew || kept().on) begin({ anew });
    else hint();
  });
})();
