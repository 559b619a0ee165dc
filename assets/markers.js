/* The Markers page: the map with its features, and what was chosen, which stands in the address. */
"use strict";

(function () {
  const clientside = (window.dash_clientside = window.dash_clientside || {});
  const readable = (text) => text.replace(/%3A/gi, ":").replace(/%2C/gi, ",");

  clientside.markers = {
    async draw(order, shown) {
      const host = document.getElementById("markers-map");
      if (!order || !host || host.hidden) return "";
      const [{ mount }, { FeatureLayer }] = await Promise.all([import("./embedding/element.mjs"), import("./embedding/feature_layer.mjs")]);
      const map = mount(host).cellMap;
      host.features ??= new FeatureLayer(map, (key) => clientside.set_props("markers-clicked", { data: { key, at: Date.now() } }));
      // A refusal is said on the map.
      map.show(order);
      host.features.show(shown?.features ?? [], shown?.chosen ?? null);
      return order.run;
    },

    remember(column, group, modality, specific, share, show, features) {
      // The callback also fires while another page takes this one's place.
      if (window.location.pathname !== "/markers" || !column) return clientside.no_update;
      const address = new URL(window.location);
      const chosen = {
        column, group, modality: modality === "all" ? null : modality, specific: specific || null, share: share || null,
        show: show === "specific" ? null : show, feature: features?.length ? features.join("|") : null,
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
