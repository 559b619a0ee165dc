/* The Training page: the end of the log stays in sight, fields get the keyboard when they appear, deleting can be
   undone for a while, and whoever comes back to it sees what is now. */
"use strict";

(function () {
  const clientside = (window.dash_clientside = window.dash_clientside || {});
  const untouched = () => clientside.no_update;
  const NEAR = 8;
  const TOAST_MS = 15000;
  const find = (name) => document.getElementById(name);
  let upwards = false;
  let fading = 0;
  let editing = false;

  const toEnd = (log) => (log.scrollTop = log.scrollHeight);

  document.addEventListener("scroll", (event) => {
    const log = event.target;
    if (!(log instanceof Element) || log.id !== "training-log") return;
    upwards = log.scrollTop + log.clientHeight < log.scrollHeight - NEAR;
  }, true);

  document.addEventListener("toggle", (event) => {
    const fold = event.target;
    if (fold instanceof Element && fold.id === "training-log-box" && fold.open && !upwards) toEnd(find("training-log"));
  }, true);

  // What another browser did meanwhile is asked for once: the page of an ended run asks for nothing by itself.
  window.addEventListener("focus", () => {
    if (find("training-live")) clientside.set_props("training-touched", { data: ["seen", Date.now()] });
  });

  document.addEventListener("keydown", (event) => {
    const field = event.target;
    if (!(field instanceof Element)) return;
    const leave = { "training-edit-box": "training-leave", "training-extend-box": "training-extend-back" };
    const box = field.closest(Object.keys(leave).map((name) => `#${name}`).join(","));
    if (box && event.key === "Escape") find(leave[box.id]).click();
    if (field.id === "training-edit-note" && event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      find("training-save").click();
    }
  });

  clientside.training = {
    follow() {
      const log = find("training-log");
      // after the text has been drawn
      if (log && !upwards) requestAnimationFrame(() => requestAnimationFrame(() => upwards || toEnd(log)));
      return untouched();
    },

    begin(filled) {
      if (!filled) return untouched();
      const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
      find("training-form").scrollIntoView({ behavior: calm ? "auto" : "smooth", block: "start" });
      find("training-name").focus({ preventScroll: true });
      return untouched();
    },

    edit(hidden) {
      const box = find("training-edit-box");
      const active = document.activeElement;
      if (hidden === false) requestAnimationFrame(() => find("training-edit-name").select());
      // what is hidden may have lost the keyboard already
      else if (editing && (active === document.body || box?.contains(active))) find("training-edit").focus();
      editing = hidden === false;
      return untouched();
    },

    toast(deleted) {
      clearTimeout(fading);
      if (!deleted) return [true, ""];
      fading = setTimeout(() => clientside.set_props("training-toast", { hidden: true }), TOAST_MS);
      return [false, `${deleted.name} was deleted.`];
    },
  };
})();
