/* The Trajectory page: the map with the graph of the groups over it, a root by a click, and the address. */
"use strict";

(function () {
  const clientside = (window.dash_clientside = window.dash_clientside || {});
  const readable = (text) => text.replace(/%3A/gi, ":").replace(/%2C/gi, ",");

  function rowOf(bits) {
    for (let place = 0; place < bits.length; place++)
      if (bits[place]) return 8 * place + (31 - Math.clz32(bits[place] & -bits[place]));
    return -1;
  }

  clientside.trajectory = {
    async draw(order, shown, pick) {
      const host = document.getElementById("trajectory-map");
      if (!order || !host) return "";
      const [{ capable, mount }, { GraphLayer }] = await Promise.all([import("./embedding/element.mjs"), import("./embedding/graph_layer.mjs")]);
      if (!capable()) {
        host.textContent = "This browser cannot draw the map (WebGL 2 is missing). All else is below.";
        return order.run;
      }
      const map = mount(host).cellMap;
      if (!host.graph) {
        host.graph = new GraphLayer(map);
        host.addEventListener("map:select", ({ detail }) => {
          if (!host.picks || detail.how !== "click" || detail.count !== 1) return;
          clientside.set_props("trajectory-clicked", { data: { row: rowOf(detail.bits), at: Date.now() } });
        });
      }
      host.picks = Boolean(pick?.length);
      map.show(order);
      host.graph.show(shown);
      return order.run;
    },

    remember(column, root, cells, space, colour, features, modality) {
      // The callback also fires while another page takes this one's place.
      if (window.location.pathname !== "/trajectory" || !column) return clientside.no_update;
      const address = new URL(window.location);
      const chosen = {
        column, root, cells: cells?.length ? cells.join("|") : null, space: space === "shared" ? null : space,
        colour: colour === "pseudotime" ? null : colour,
        feature: features?.length ? features.join("|") : null, modality,
      };
      for (const [name, value] of Object.entries(chosen)) {
        if (value === null || value === undefined) address.searchParams.delete(name);
        else address.searchParams.set(name, value);
      }
      window.history.replaceState(window.history.state, "", address.pathname + readable(address.search));
      return clientside.no_update;
    },
  };
})();
