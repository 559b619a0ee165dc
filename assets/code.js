/* The program behind a figure (monae_app/web/components/code_link.py), shown over the page. */
"use strict";

(function () {
  const make = (tag, properties, ...children) => {
    const element = Object.assign(document.createElement(tag), properties);
    element.append(...children);
    return element;
  };

  async function fetched(href) {
    const answer = await fetch(href, { credentials: "same-origin" });
    if (answer.ok) return answer.text();
    const said = await answer.json().catch(() => ({ found: `The server answered ${answer.status}.`, todo: "Reload the page." }));
    throw new Error([said.found, said.todo && `To do: ${said.todo}`].filter(Boolean).join(" "));
  }

  function shown(text, href) {
    const program = make("textarea", { id: "code-text", readOnly: true, value: text, spellcheck: false, wrap: "off" });
    program.setAttribute("aria-label", "The program");
    const copy = make("button", { type: "button", className: "button primary", textContent: "Copy" });
    copy.dataset.copy = program.id;
    const close = make("button", { type: "button", className: "button", textContent: "Close" });
    const save = make("a", { href, download: "", className: "button", textContent: "Save as .py" });
    const told = make("p", { className: "muted small", textContent: "It runs as it is where this app is installed, writes the numbers as CSV and the picture as HTML, and can be changed. Another folder of the run can be named behind it." });
    const dialog = make("dialog", { className: "code-dialog" }, make("h2", { textContent: "Code for this view" }), told, program, make("div", { className: "buttons" }, copy, save, close));
    dialog.setAttribute("aria-label", "Code for this view");
    close.addEventListener("click", () => dialog.close());
    // a click beside it closes it
    dialog.addEventListener("click", ({ target }) => target === dialog && dialog.close());
    dialog.addEventListener("close", () => dialog.remove());
    document.body.append(dialog);
    dialog.showModal();
    program.focus();
    program.setSelectionRange(0, 0);
    program.scrollTop = 0;
  }

  document.addEventListener("click", async (event) => {
    const link = event.target instanceof Element && event.target.closest("a[data-code]");
    // a new tab or a file is what somebody asks for who holds a key
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    try {
      shown(await fetched(link.href), link.href);
    } catch (error) {
      shown(`# ${error.message}`, link.href);
    }
  });
})();
