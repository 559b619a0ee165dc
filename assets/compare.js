/* The Compare page: two maps whose selections are one, and what was chosen, which stands in the address. */
"use strict";

(function () {
  const clientside = (window.dash_clientside = window.dash_clientside || {});
  const readable = (text) => text.replace(/%3A/gi, ":").replace(/%2C/gi, ",").replace(/%7C/gi, "|");
  const HOSTS = { first: "compare-map-first", second: "compare-map-second" };

  /** What is selected in one map is selected in the other: rows of both are the same cells. */
  function link(one, other) {
    if (one.linked === other) return;
    one.linked = other;
    one.addEventListener("map:select", (event) => {
      const { bits, count } = event.detail;
      other.select(bits);
      const said = document.getElementById("compare-selected");
      if (said) said.textContent = count ? `${count.toLocaleString("en")} cells are selected, the same ones in both maps.` : "No cells are selected.";
    });
  }

  clientside.compare = {
    async draw(order) {
      const hosts = Object.fromEntries(Object.entries(HOSTS).map(([side, id]) => [side, document.getElementById(id)]));
      if (!order || !hosts.first || !hosts.second) return "";
      const { capable, mount } = await import("./embedding/element.mjs");
      if (!capable()) {
        for (const host of Object.values(hosts)) host.textContent = "This browser has no WebGL 2: the tables below need none.";
        return "";
      }
      for (const [side, host] of Object.entries(hosts)) {
        mount(host);
        // A refusal is said on the map.
        host.show({ run: order.run, colour: order.colour, panel: "joint", labels: true, part: { key: order.maps[side] } });
      }
      link(hosts.first, hosts.second);
      link(hosts.second, hosts.first);
      return order.run;
    },

    remember(second, label, colour) {
      // The callback also fires while another page takes this one's place.
      if (window.location.pathname !== "/compare" || !second) return clientside.no_update;
      const address = new URL(window.location);
      for (const [name, value] of Object.entries({ second, label, colour })) {
        if (value) address.searchParams.set(name, value);
        else address.searchParams.delete(name);
      }
      window.history.replaceState(window.history.state, "", address.pathname + readable(address.search));
      return clientside.no_update;
    },
  };
})();
