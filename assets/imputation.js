/* The Imputation page: what was chosen stands in the address. */
"use strict";

(function () {
  const clientside = (window.dash_clientside = window.dash_clientside || {});
  const readable = (text) => text.replace(/%3A/gi, ":").replace(/%2C/gi, ",");

  clientside.imputation = {
    remember(column, target, from, group, features, pasted, set, factor, show, scale, feature) {
      // The callback also fires while another page takes this one's place.
      if (window.location.pathname !== "/imputation" || !column) return clientside.no_update;
      const address = new URL(window.location);
      const named = (origin, value) => (from === origin ? value || null : null);
      const chosen = {
        column, target, from: from === "group" ? null : from, group: group === "every" ? null : named("group", group),
        chosen: named("chosen", (features ?? []).join("|")), pasted: named("pasted", pasted), set: named("set", set),
        factor: named("factor", factor), show: show === "groups" ? null : show, scale: scale === "z" ? null : scale, feature,
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
