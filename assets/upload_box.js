/* The list of uploads on a page: what is dropped or chosen goes to upload.js, and what becomes of it is shown here.
   The list outlives the page that shows it: going to another page and back finds it as it was. */
"use strict";

(function () {
  const clientside = (window.dash_clientside = window.dash_clientside || {});
  const engine = window.monaeUploads;
  const STORE = "uploads-done";
  const SHOWN_EVERY_MS = 200;
  // Files that systems leave in folders; the hidden files of zarr belong to the data.
  const LITTER = /(^|\/)(\.(?!z(group|array|attrs|metadata)$)[^/]*|Thumbs\.db|desktop\.ini)(\/|$)/i;

  const rows = new Map();
  const said = new Map();
  let stored = [];
  let published = null;
  const finished = [];
  let drawing = null;

  const box = () => document.getElementById("upload-box");
  const within = (target) => target instanceof Element && target.closest("#upload-box");

  function bytes(count) {
    const units = ["B", "kB", "MB", "GB"];
    let value = count;
    let unit = 0;
    while (value >= 999.5 && unit < 3) { value /= 1000; unit += 1; }
    return `${unit === 0 || value >= 99.5 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
  }

  function span(seconds) {
    if (seconds < 60) return `${Math.max(1, Math.round(seconds))} s`;
    if (seconds < 3600) return `${Math.round(seconds / 60)} min`;
    return `${Math.floor(seconds / 3600)} h ${Math.round((seconds % 3600) / 60)} min`;
  }

  function element(tag, className, parent) {
    const made = document.createElement(tag);
    made.className = className;
    if (parent) parent.append(made);
    return made;
  }

  function newRow(key) {
    const item = element("li", "upload");
    const head = element("div", "upload-head", item);
    const name = element("span", "upload-name", head);
    const tools = element("span", "upload-tools", head);
    const main = element("button", "link-button", tools);
    const drop = element("button", "link-button", tools);
    const bar = element("div", "bar", item);
    const fill = element("div", "bar-fill", bar);
    const note = element("div", "upload-note muted small", item);
    main.type = drop.type = "button";
    bar.setAttribute("role", "progressbar");
    bar.setAttribute("aria-valuemin", "0");
    bar.setAttribute("aria-valuemax", "100");
    const row = { key, item, name, main, drop, bar, fill, note };
    rows.set(key, row);
    return row;
  }

  /** What is shown of one upload, wherever it is known from. */
  function described() {
    const here = new Set(engine.transfers.map((each) => each.id));
    const moving = engine.transfers.map((transfer) => ({ key: transfer.row, transfer, ...ofTransfer(transfer) }));
    const resting = stored.filter((each) => !here.has(each.id)).map((each) => ({ key: each.id, ...ofStored(each) }));
    return [...moving, ...resting];
  }

  function ofTransfer(transfer) {
    const share = transfer.size ? transfer.sent / transfer.size : transfer.state === "done" ? 1 : 0;
    const percent = `${Math.floor(100 * share)} %`;
    const seconds = Math.max(1, Math.ceil((transfer.again - performance.now()) / 1000));
    const rate = transfer.state === "sending" ? transfer.rate() : 0;
    const left = rate > 0 ? ` · ${bytes(rate)}/s · ${span((transfer.size - transfer.sent) / rate)} left` : "";
    const error = transfer.error;
    const note = {
      waiting: "Waits for its turn",
      sending: `${percent} of ${bytes(transfer.size)}${left}`,
      retrying: `Connection lost at ${percent}. Trying again in ${seconds} s`,
      paused: `Paused at ${percent}`,
      failed: error ? [error.message, error.expected && `Expected: ${error.expected}`, error.todo && `To do: ${error.todo}`]
        .filter(Boolean).join(" ") : "",
      done: bytes(transfer.size),
    }[transfer.state];
    const main = { waiting: "Pause", sending: "Pause", retrying: "Pause", paused: "Resume", failed: "Try again" }[transfer.state];
    return { name: transfer.name, state: transfer.state, share, note, main, drop: transfer.state === "done" ? "Delete" : "Cancel", id: transfer.id };
  }

  function ofStored(upload) {
    if (upload.finished) return { name: upload.name, state: "done", share: 1, note: bytes(upload.size), drop: "Delete", id: upload.id };
    const share = upload.size ? upload.files.reduce((sum, each) => sum + each.offset, 0) / upload.size : 0;
    const what = upload.folder ? "folder" : "file";
    const note = `Interrupted at ${Math.floor(100 * share)} %. Choose the same ${what} again to go on.`;
    return { name: upload.name, state: "interrupted", share, note, drop: "Cancel", id: upload.id };
  }

  function write(node, text) { if (node.textContent !== text) node.textContent = text; }

  function update(row, shown) {
    const percent = Math.floor(100 * shown.share);
    row.shown = shown;
    row.item.dataset.state = shown.state;
    row.item.dataset.upload = shown.id || "";
    write(row.name, shown.name);
    write(row.note, shown.note || "");
    row.note.classList.toggle("upload-error", shown.state === "failed");
    row.bar.hidden = shown.state === "done";
    row.bar.setAttribute("aria-label", shown.name);
    row.bar.setAttribute("aria-valuenow", String(percent));
    row.bar.setAttribute("aria-valuetext", shown.note || `${percent} %`);
    row.fill.style.width = `${100 * shown.share}%`;
    row.main.hidden = !shown.main;
    for (const [button, label] of [[row.main, shown.main], [row.drop, shown.drop]]) {
      write(button, label || "");
      button.setAttribute("aria-label", `${label} ${shown.name}`);
    }
  }

  function announce(shown) {
    const spoken = document.getElementById("upload-spoken");
    const words = { done: "uploaded", failed: "failed", paused: "paused", retrying: "connection lost, trying again" }[shown.state];
    const before = said.get(shown.key);
    said.set(shown.key, shown.state);
    if (spoken && words && before && before !== shown.state) spoken.textContent = `${shown.name}: ${words}`;
    // A small file may be there before anything of it was drawn.
    if (shown.state === "done" && before !== "done" && (before || shown.transfer)) refresh(shown.id);
  }

  function draw() {
    drawing = null;
    const list = document.getElementById("upload-list");
    const all = described();
    all.forEach(announce);
    if (!list) return;
    const wanted = new Set(all.map((each) => each.key));
    for (const [key, row] of rows) if (!wanted.has(key)) { row.item.remove(); rows.delete(key); }
    all.forEach((shown, index) => {
      const row = rows.get(shown.key) || newRow(shown.key);
      update(row, shown);
      if (list.children[index] !== row.item) list.insertBefore(row.item, list.children[index] || null);
    });
    if (all.some((each) => each.state === "retrying" || each.state === "sending")) later(1000);
  }

  /** Draw within ``wait`` milliseconds, and once for all that asks meanwhile. */
  function later(wait = SHOWN_EVERY_MS) {
    const due = performance.now() + wait;
    if (drawing && drawing.due <= due) return;
    if (drawing) clearTimeout(drawing.timer);
    drawing = { due, timer: setTimeout(draw, wait) };
  }

  async function refresh(fresh = null) {
    const found = await engine.list();
    if (found === null) return;
    stored = found;
    const done = stored.filter((each) => each.finished).map(({ id, name, size, folder }) => ({ id, name, size, folder }));
    const text = JSON.stringify(done);
    if (fresh) finished.push(fresh);
    if (text !== published || fresh) {
      published = text;
      clientside.set_props(STORE, { data: { uploads: done, new: finished.slice() } });
    }
    later(0);
  }

  // What is dropped or chosen

  function take(name, files, folder) {
    const kept = folder ? files.filter((each) => !LITTER.test(each.path)) : files;
    const spoken = document.getElementById("upload-spoken");
    if (kept.length) engine.add(name, kept, folder, Number(box().dataset.slice));
    else if (spoken) spoken.textContent = `${name} holds no files`;
  }

  const file = (entry) => new Promise((resolve, reject) => entry.file(resolve, reject));
  const some = (reader) => new Promise((resolve, reject) => reader.readEntries(resolve, reject));

  async function inside(folder, above = "") {
    const found = [];
    const reader = folder.createReader();
    for (let entries = await some(reader); entries.length; entries = await some(reader)) {
      for (const entry of entries) {
        const path = above + entry.name;
        if (entry.isDirectory) found.push(...(await inside(entry, `${path}/`)));
        else found.push({ path, file: await file(entry) });
      }
    }
    return found;
  }

  async function dropped(items) {
    // The items are gone after the first pause. What is no file on a disk has no entry.
    const found = Array.from(items)
      .filter((item) => item.kind === "file")
      .map((item) => ({ entry: item.webkitGetAsEntry && item.webkitGetAsEntry(), alone: item.getAsFile() }));
    for (const { entry, alone } of found) {
      if (entry && entry.isDirectory) take(entry.name, await inside(entry), true);
      else if (alone) take(alone.name, [{ path: alone.name, file: alone }], false);
    }
  }

  function chosen(files, folder) {
    if (!folder) Array.from(files).forEach((each) => take(each.name, [{ path: each.name, file: each }], false));
    else if (files.length) {
      const parts = (each) => each.webkitRelativePath.split("/");
      const all = Array.from(files, (each) => ({ path: parts(each).slice(1).join("/"), file: each }));
      take(parts(files[0])[0], all, true);
    }
  }

  function chooser(id, folder) {
    const input = document.createElement("input");
    Object.assign(input, { type: "file", multiple: true, hidden: true, id, tabIndex: -1, webkitdirectory: folder });
    input.setAttribute("aria-hidden", "true");
    input.addEventListener("change", () => {
      chosen(input.files, folder);
      // the same file may be chosen again
      input.value = "";
    });
    document.body.append(input);
    return input;
  }

  const choosers = {};
  function choose(button) {
    const folder = button.id === "upload-folder";
    choosers[button.id] = choosers[button.id] || chooser(`${button.id}-input`, folder);
    choosers[button.id].click();
  }

  async function drop(row) {
    const { transfer, id } = row.shown;
    row.drop.disabled = true;
    if (transfer) await engine.cancel(transfer);
    else await engine.remove(id);
    row.drop.disabled = false;
    await refresh();
  }

  function press(row, button) {
    const { transfer, state } = row.shown;
    if (button === row.drop) drop(row);
    else if (state === "paused" || state === "failed") engine.resume(transfer);
    else engine.pause(transfer);
  }

  document.addEventListener("click", (event) => {
    const button = within(event.target) && event.target.closest("button");
    if (!button) return;
    if (button.id === "upload-files" || button.id === "upload-folder") choose(button);
    for (const row of rows.values()) if (button === row.main || button === row.drop) press(row, button);
  });

  const carriesFiles = (event) => event.dataTransfer && Array.from(event.dataTransfer.types).includes("Files");
  const mark = (on) => box() && box().classList.toggle("upload-over", Boolean(on));

  document.addEventListener("dragover", (event) => {
    if (!box() || !carriesFiles(event)) return;
    // Beside the box as well: a browser would leave the page for a file that is dropped there.
    event.preventDefault();
    event.dataTransfer.dropEffect = within(event.target) ? "copy" : "none";
    mark(within(event.target));
  });
  document.addEventListener("dragleave", (event) => { if (!event.relatedTarget) mark(false); });
  document.addEventListener("drop", (event) => {
    if (!box() || !carriesFiles(event)) return;
    event.preventDefault();
    mark(false);
    if (within(event.target)) dropped(event.dataTransfer.items);
  });

  engine.listen(() => later());

  clientside.upload = {
    mount() {
      refresh();
      return clientside.no_update;
    },
  };
})();
