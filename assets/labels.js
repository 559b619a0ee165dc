/* The Labels page: what was chosen stands in the address. */
"use strict";

(function () {
  const clientside = (window.dash_clientside = window.dash_clientside || {});
  const STANDARD = 0.5;
  const GIVES = "gives";

  clientside.labels = {
    remember(source, column, target, least, file, role) {
      // The callback also fires while another page takes this one's place.
      if (window.location.pathname !== "/labels" || !source) return clientside.no_update;
      const address = new URL(window.location);
      const chosen = { from: source, label: column, to: target, least: least === STANDARD ? null : least };
      Object.assign(chosen, { file: file || null, role: file && role !== GIVES ? role : null });
      for (const [name, value] of Object.entries(chosen)) {
        if (value === null || value === undefined) address.searchParams.delete(name);
        else address.searchParams.set(name, value);
      }
      window.history.replaceState(window.history.state, "", address);
      return clientside.no_update;
    },
  };
})();
