/* The Regulation page: what was chosen stands in the address. */
"use strict";

(function () {
  const clientside = (window.dash_clientside = window.dash_clientside || {});
  const readable = (text) => text.replace(/%3A/gi, ":").replace(/%2C/gi, ",");

  // The grid writes links of Markdown without a target of their own.
  document.addEventListener("click", (event) => {
    const link = event.target instanceof Element && event.target.closest(".regulation-table a[href^='https:']");
    if (!link) return;
    event.preventDefault();
    window.open(link.href, "_blank", "noopener");
  });

  clientside.regulation = {
    remember(tf, groups, which, target) {
      // The callback also fires while another page takes this one's place.
      if (window.location.pathname !== "/regulation" || !tf) return clientside.no_update;
      const address = new URL(window.location);
      const chosen = { tf, groups, which: which === "all" ? null : which, target };
      for (const [name, value] of Object.entries(chosen)) {
        if (value === null || value === undefined || value === "") address.searchParams.delete(name);
        else address.searchParams.set(name, value);
      }
      window.history.replaceState(window.history.state, "", address.pathname + readable(address.search));
      return clientside.no_update;
    },
  };
})();
