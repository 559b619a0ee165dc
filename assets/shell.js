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

  // Whoever opens a menu and begins to type wants to search. A menu takes a moment to open and then keeps the keyboard
  // on its options, so what is typed meanwhile is kept and handed to its search field.
  const PATIENCE_MS = 1500;
  let opened = -PATIENCE_MS;
  let early = "";
  const searchField = () => document.querySelector(".dash-dropdown-content .dash-dropdown-search");

  function handOver(search) {
    search.focus();
    if (!early) return;
    const write = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value").set;
    write.call(search, search.value + early);
    early = "";
    search.dispatchEvent(new Event("input", { bubbles: true }));
  }

  function waitForSearch() {
    const search = searchField();
    if (search) handOver(search);
    else if (early && performance.now() - opened < PATIENCE_MS) requestAnimationFrame(waitForSearch);
    else early = "";
  }

  document.addEventListener("pointerdown", (event) => {
    if (!(event.target instanceof Element) || !event.target.closest(".dash-dropdown")) return;
    opened = performance.now();
    early = "";
  }, true);

  document.addEventListener("keydown", (event) => {
    const search = searchField();
    // Who goes through the options does not type any more.
    if (event.key.startsWith("Arrow")) opened = -PATIENCE_MS;
    // A space alone opens a menu and chooses in it; within what was just typed it is a letter.
    const within = early || (search?.value && performance.now() - opened < PATIENCE_MS);
    const letter = event.key.length === 1 && (event.key !== " " || within);
    const printable = letter && !event.ctrlKey && !event.metaKey && !event.altKey;
    if (!printable || !(event.target instanceof Element) || event.target === search) return;
    // the options of a menu are inputs too
    const elsewhere = !event.target.closest(".dash-dropdown-content") && event.target.closest("input, textarea");
    if (elsewhere) return;
    if (event.key === " ") event.stopPropagation();
    if (search) handOver(search);
    else if (performance.now() - opened < PATIENCE_MS) {
      if (!early) requestAnimationFrame(waitForSearch);
      early += event.key;
      event.preventDefault();
    }
  }, true);

  clientside.shell = {
    theme(_clicks, chosen, stored) {
      const system = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
      let theme = stored || document.documentElement.dataset.theme || system;
      const by = clientside.callback_context.triggered_id;
      // The button knows light and dark; a third click must not lead through a page of another size.
      if (by === "theme-toggle") theme = theme === "light" ? "dark" : "light";
      else if (by === "theme-choice" && chosen) theme = chosen;
      document.documentElement.dataset.theme = theme;
      return [theme, theme];
    },

    links(pathname, run, ...hrefs) {
      if (run) setParameters({ run });
      const paths = hrefs.map((href) => href.split("?")[0]);
      const query = run ? "?run=" + encodeURIComponent(run) : "";
      const classes = paths.map((path) => (path === pathname ? "nav-link active" : "nav-link"));
      return [...paths.map((path) => path + query), ...classes];
    },
  };

  // The map draws itself (assets/embedding/element.mjs). Its modules are loaded when a page first shows it.
  const modules = () => import("./embedding/element.mjs");
  // They are under way while the page is still made.
  if (window.location.pathname === "/") modules();
  const file = (colour) => "map_" + String(colour || "").replace(/^[^:]*:/, "").replace(/[^A-Za-z0-9._-]+/g, "_");
  // The ends of the colour scale are set on the map itself, and kept in the URL.
  const scale = () => {
    const asked = new URLSearchParams(window.location.search);
    return { low: asked.get("low"), high: asked.get("high"), nonzero: asked.get("nonzero") === "1" };
  };

  document.addEventListener("map:scale", ({ detail: { low, high, nonzero } }) => {
    setParameters({ low: low === 1 ? null : low, high: high === 99 ? null : high, nonzero: nonzero ? 1 : null });
  });

  clientside.map = {
    async capable() {
      return (await modules()).capable();
    },

    async draw(order, capable) {
      const host = document.getElementById("map");
      if (!order || !host) return "";
      if (capable === false) return order.run;
      const { mount } = await modules();
      // Drawing goes on by itself; a refusal is said on the map.
      mount(host).show({ ...scale(), ...order });
      return order.run;
    },

    remember(colour, values, panel, labels, second) {
      // The callback also fires while another page takes this one's place.
      if (window.location.pathname !== "/" || !colour) return untouched();
      const feature = !/^(obs|note):/.test(colour);
      setParameters({
        colour,
        values: feature && values === "measured" ? values : null,
        panel: panel === "joint" ? null : panel,
        labels: labels && labels.length ? null : "off",
        with: second || null,
      });
      return untouched();
    },

    save(svg, png, colour) {
      const clicked = clientside.callback_context.triggered_id;
      if (!clicked || !(svg || png)) return untouched();
      const kind = clicked === "map-svg" ? "svg" : "png";
      const graph = document.querySelector("#map-plain:not([hidden]) .js-plotly-plot");
      if (graph) {
        const size = { width: graph.clientWidth, height: graph.clientHeight, scale: 3 };
        window.Plotly.downloadImage(graph, { format: kind, filename: file(colour), ...size });
      } else document.getElementById("map").picture?.(kind, file(colour));
      return untouched();
    },
  };
})();
