/* What the server has seen in the chosen files is noted here, in one step: see pages/data/choosing.py. */
"use strict";

(function () {
  const clientside = (window.dash_clientside = window.dash_clientside || {});

  function noted(file, looks) {
    const look = file.look ? undefined : (looks || {})[file.ref];
    if (!look) return file;
    const uses = (look.parts || []).map((part) => (part.modality && part.modality.value) || "");
    return { ...file, look, uses };
  }

  clientside.basket = {
    note(looks, kept) {
      if (!kept) return clientside.no_update;
      const files = kept.files.map((file) => noted(file, looks));
      return files.some((file, place) => file !== kept.files[place]) ? { ...kept, files } : clientside.no_update;
    },
  };
})();
