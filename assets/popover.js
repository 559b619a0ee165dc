/* Small panels below a button: they close when one looks elsewhere, and links in them can be copied. */
"use strict";

(function () {
  const clientside = (window.dash_clientside = window.dash_clientside || {});
  const open = () => document.querySelectorAll("details.popover[open]");

  document.addEventListener("pointerdown", (event) => {
    for (const each of open()) if (!each.contains(event.target)) each.open = false;
  });

  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const each of open()) {
      each.open = false;
      each.querySelector("summary").focus();
    }
  });

  async function copy(field) {
    field.select();
    try {
      await navigator.clipboard.writeText(field.value);
      return true;
    } catch {
      // browsers keep the clipboard for encrypted connections; the older way needs the selection made above
      return document.execCommand("copy");
    }
  }

  document.addEventListener("click", async (event) => {
    const button = event.target instanceof Element && event.target.closest("[data-copy]");
    const field = button && document.getElementById(button.dataset.copy);
    if (!field) return;
    button.textContent = (await copy(field)) ? "Copied" : "Press Ctrl+C";
    setTimeout(() => (button.textContent = "Copy"), 2000);
  });

  clientside.popover = {
    absolute: (path) => (path ? new URL(path, window.location.origin).href : ""),
  };
})();
