/* The buttons under every figure (monae_app/web/components/figure_out.py). What they need is loaded when one is first
   pressed. */
"use strict";

(function () {
  const MAKING = { svg: "Making the SVG …", pdf: "Making the PDF …", png: "Making the PNG …", csv: "Making the CSV …" };

  document.addEventListener("click", async ({ target }) => {
    const button = target instanceof Element && target.closest("[data-figure]");
    const row = button && button.closest(".figure-out");
    // A button that is at work keeps the keyboard, and is not pressed twice.
    if (!row || row.getAttribute("aria-busy") === "true") return;
    const kind = button.dataset.figure;
    const said = row.querySelector(".figure-out-said");
    const words = button.textContent;
    row.setAttribute("aria-busy", "true");
    button.textContent = MAKING[kind];
    said.textContent = "";
    try {
      const { out } = await import("./figures/out.mjs");
      await out({ kind, ...row.dataset });
    } catch (error) {
      said.textContent = `The ${kind.toUpperCase()} could not be made: ${error.message || error}`;
    } finally {
      button.textContent = words;
      row.removeAttribute("aria-busy");
    }
  });
})();
