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

  // Half a megabyte that only this page needs.
  const SCRIPT = "/_dash-component-suites/dash_cytoscape/dash_cytoscape.min.js";
  let loading = null;

  const loaded = () => (loading ||= new Promise((done, failed) => {
    if (window.dash_cytoscape) return void done(true);
    const script = document.createElement("script");
    script.src = SCRIPT;
    script.addEventListener("load", () => {
      // its own default counts as a setting of ours, which it warns of
      delete window.dash_cytoscape.Cytoscape.defaultProps?.wheelSensitivity;
      done(true);
    });
    script.addEventListener("error", () => { loading = null; failed(new Error("the network could not be loaded")); });
    document.head.append(script);
  }));

  clientside.regulation = {
    cytoscape(ready, before) {
      return ready && !before ? loaded() : clientside.no_update;
    },

    remember(tf, groups, which, sign, q, backing, target, region) {
      // The callback also fires while another page takes this one's place.
      if (window.location.pathname !== "/regulation" || !tf) return clientside.no_update;
      const address = new URL(window.location);
      const chosen = { tf, groups, target: target?.target };
      const filters = { which: [which, "all"], sign: [sign, "both"], q: [q, 1], backing: [backing, "any"] };
      for (const [name, [value, usual]] of Object.entries(filters)) chosen[name] = value === usual ? null : value;
      // in plain digits: commas are for reading
      chosen.region = region ? `${region.chrom}:${region.start}-${region.end}` : null;
      for (const [name, value] of Object.entries(chosen)) {
        if (value === null || value === undefined || value === "") address.searchParams.delete(name);
        else address.searchParams.set(name, value);
      }
      window.history.replaceState(window.history.state, "", address.pathname + readable(address.search));
      return clientside.no_update;
    },
  };
})();
