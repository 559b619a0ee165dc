/* What must happen in the browser: the theme, links that carry the run, the URL, and saving a figure. */
"use strict";

(function () {
  const clientside = (window.dash_clientside = window.dash_clientside || {});
  const untouched = () => clientside.no_update;

  // Colons and commas are allowed in a query, and peaks are full of them.
  const readable = (text) => text.replace(/%3A/gi, ":").replace(/%2C/gi, ",");

  // The state of a page lives in its URL, so that it can be sent to somebody. Replacing, not pushing: the back
  // button leads to the page before, not through every colour that was looked at.
  function setParameters(changes) {
    const url = new URL(window.location.href);
    for (const [name, value] of Object.entries(changes)) {
      if (value === null || value === undefined || value === "") url.searchParams.delete(name);
      else url.searchParams.set(name, value);
    }
    const search = readable(url.search);
    if (search !== window.location.search) window.history.replaceState(window.history.state, "", url.pathname + search);
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
      const before = new URLSearchParams(window.location.search).get("run");
      // What a link shows is of one run.
      if (run) setParameters({ run, ...(before && before !== run ? { view: null } : {}) });
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

  // What a link shows beside its address is restored once that is drawn.
  let restored = null;
  document.addEventListener("map:ready", async ({ detail, target }) => {
    const token = new URLSearchParams(window.location.search).get("view");
    if (!token || token === restored || !target.cellMap) return;
    restored = token;
    const { restore } = await import("./embedding/view.mjs");
    await restore(target.cellMap, detail.run, token).catch((error) => {
      document.dispatchEvent(new CustomEvent("selection:restore", { detail: { run: detail.run, error } }));
    });
  });

  // A link to what the page shows now.
  async function linkTo(run, shown) {
    const url = new URL(window.location.href);
    url.searchParams.set("run", run);
    url.searchParams.delete("view");
    const map = url.pathname === "/" && document.getElementById("map")?.cellMap;
    const token = map ? await (await import("./embedding/view.mjs")).kept(map, shown) : null;
    if (token) url.searchParams.set("view", token);
    return readable(url.href);
  }

  clientside.share = {
    async link(made, run) {
      if (!made) return ["", ""];
      try {
        return [await linkTo(made.run, run), ""];
      } catch (error) {
        return ["", error.message];
      }
    },
  };

  clientside.map = {
    async capable() {
      return (await modules()).capable();
    },

    async draw(order, capable) {
      const host = document.getElementById("map");
      if (!order || !host) return "";
      document.getElementById("map-out").dataset.name = file(order.colour);
      if (capable === false) return order.run;
      const { mount } = await modules();
      // Drawing goes on by itself; a refusal is said on the map.
      mount(host).show({ ...scale(), ...order });
      return order.run;
    },

    remember(colour, values, panel, labels, second, part) {
      // The callback also fires while another page takes this one's place.
      if (window.location.pathname !== "/" || !colour) return untouched();
      const feature = !/^(obs|note):/.test(colour);
      setParameters({
        colour,
        values: feature && values === "measured" ? values : null,
        panel: panel === "joint" ? null : panel,
        labels: labels && labels.length ? null : "off",
        with: second || null,
        part: part?.key || null,
      });
      return untouched();
    },

    // Some cells were clustered, or that was taken back: the panel of the selection learns of it, the map shows it.
    clustered(step, outcome, run) {
      const channel = new BroadcastChannel("saved-selections");
      channel.postMessage(run);
      channel.close();
      const column = outcome?.result?.column;
      if (!column || !step) return untouched();
      const key = `note:${column}`;
      clientside.set_props("map-colour", { options: [{ label: `${column} · cells`, value: key, search: column }], value: key });
      document.dispatchEvent(new CustomEvent("map:recolour", { detail: { key } }));
      return untouched();
    },
  };
})();
