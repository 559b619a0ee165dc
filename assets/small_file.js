/* A small text file from the browser's disk, for a button of a page: its text is put into a store. Files of data take
   another door, see upload.js. */
"use strict";

(function () {
  const clientside = (window.dash_clientside = window.dash_clientside || {});

  function take(file, store, most) {
    const tell = (said) => clientside.set_props(store, { data: { name: file.name, time: Date.now(), ...said } });
    if (file.size > most) tell({ size: file.size });
    else file.text().then((text) => tell({ text }), () => tell({ text: "" }));
  }

  clientside.small_file = {
    choose(clicks, store, most) {
      if (!clicks) return clientside.no_update;
      const chooser = document.createElement("input");
      chooser.type = "file";
      chooser.accept = ".csv,.tsv,.txt";
      chooser.addEventListener("change", () => chooser.files.length && take(chooser.files[0], store, most));
      chooser.click();
      return clientside.no_update;
    },
  };
})();
