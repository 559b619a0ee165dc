"""A page with the panel of the present selection beside a map that draws nothing, to try the panel alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Response

if TYPE_CHECKING:
    from flask import Flask

PATH = "/selection-alone"
# What the map's element offers: it selects, it is told what is selected, and it says that it is drawn.
PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Selection</title><base href="/">
<link rel="icon" href="data:,">
<script>document.documentElement.dataset.theme = new URL(location.href).searchParams.get("theme") || "light";</script>
<link rel="stylesheet" href="/assets/theme.css"><link rel="stylesheet" href="/assets/selection.css"></head>
<body><main style="display: grid; grid-template-columns: 1fr 330px; gap: 1rem; padding: 1rem; align-items: start">
<div id="map" tabindex="0" style="height: 300px; border: 1px solid var(--line)"></div>
<section id="selection-panel" class="card selection-panel" aria-label="Selection" data-run="sample-tiny">
<div id="selection-body"></div>
<div id="selection-spoken" class="visually-hidden" role="status" aria-live="polite"></div>
</section></main>
<script type="module">
const map = document.getElementById("map");
let bits = null;
const count = () => (bits ? bits.reduce((sum, byte) => sum + byte.toString(2).replaceAll("0", "").length, 0) : 0);
Object.assign(map, {
  selection: () => ({ bits, count: count() }),
  select: (given) => (bits = given),
  draw: (rows, how = "lasso") => {
    bits = new Uint8Array(30);
    for (const row of rows) bits[row >> 3] |= 1 << (row & 7);
    if (!rows.length) bits = null;
    map.dispatchEvent(new CustomEvent("map:select", { detail: { bits, count: count(), how }, bubbles: true }));
  },
});
await import("/assets/embedding/selection_panel.mjs");
map.dispatchEvent(new CustomEvent("map:ready", { detail: { run: "sample-tiny", cells: 240, key: "" }, bubbles: true }));
</script></body></html>"""


def register(server: Flask) -> None:
    """Add the page to a server."""

    @server.get(PATH)
    def selection_alone() -> Response:
        return Response(PAGE, mimetype="text/html")
