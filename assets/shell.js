/* What must happen in the browser: the theme, links that carry the run, the URL, and saving a figure. */
"use strict";

(function () {
  const clientside = (window.dash_clientside = window.dash_clientside || {});
  const untouched = () => clientside.no_update;

  // The state of a page lives in its URL, so that it can be sent to somebody. Replacing, not pushing: the back
  // button leads to the page before, not through every colour that was looked at.
  function setParameters(changes) {
    const url = new URL(window.location.href);
    for (const [name, value] of Object.entries(changes)) {
      if (value === null || value === undefined || value === "") url.searchParams.delete(name);
      else url.searchParams.set(name, value);
    }
    // Colons and commas are allowed in a query, and peaks are full of them.
    const readable = url.search.replace(/%3A/gi, ":").replace(/%2C/gi, ",");
    if (readable !== window.location.search) window.history.replaceState(window.history.state, "", url.pathname + readable);
  }

  // An open menu keeps the keyboard on its options; whoever begins to type wants to search.
  document.addEventListener("keydown", (event) => {
    const menu = event.target instanceof Element && event.target.closest(".dash-dropdown-content");
    const search = menu && menu.querySelector(".dash-dropdown-search");
    const printable = event.key.length === 1 && event.key !== " " && !event.ctrlKey && !event.metaKey && !event.altKey;
    if (search && event.target !== search && printable) search.focus();
  });

  clientside.shell = {
    theme(clicks, stored) {
      const system = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
      let theme = stored || document.documentElement.dataset.theme || system;
      if (clicks && clientside.callback_context.triggered.length) theme = theme === "dark" ? "light" : "dark";
      document.documentElement.dataset.theme = theme;
      return theme;
    },

    links(pathname, run, ...hrefs) {
      if (run) setParameters({ run });
      const paths = hrefs.map((href) => href.split("?")[0]);
      const query = run ? "?run=" + encodeURIComponent(run) : "";
      const classes = paths.map((path) => (path === pathname ? "nav-link active" : "nav-link"));
      return [...paths.map((path) => path + query), ...classes];
    },
  };

  clientside.map = {
    remember(colour, values, panel, labels) {
      // The callback also fires while another page takes this one's place.
      if (window.location.pathname !== "/" || !colour) return untouched();
      const feature = !colour.startsWith("obs:");
      setParameters({
        colour,
        values: feature && values === "measured" ? values : null,
        panel: panel === "joint" ? null : panel,
        labels: labels && labels.length ? null : "off",
      });
      return untouched();
    },

    save(svg, png, colour) {
      const clicked = clientside.callback_context.triggered_id;
      const graph = document.querySelector("#map .js-plotly-plot");
      if (!clicked || !graph || !(svg || png)) return untouched();
      const name = "map_" + String(colour || "").replace(/^[^:]*:/, "").replace(/[^A-Za-z0-9._-]+/g, "_");
      const size = { width: graph.clientWidth, height: graph.clientHeight, scale: 3 };
      window.Plotly.downloadImage(graph, { format: clicked === "map-svg" ? "svg" : "png", filename: name, ...size });
      return untouched();
    },
  };
})();
