"""What a browser needs to draw, recolour and select the cells of a synthetic map, by sprites and by plotly."""

from __future__ import annotations

import logging
import math
import statistics
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from playwright.sync_api import sync_playwright
from werkzeug.serving import make_server

from tests.benchmarks_ui.server import create_server, frame_of, map_of
from tests.browser.conftest import ARGUMENTS, CHROMIUM

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

VIEWPORT: Any = {"width": 1280, "height": 800}
PATIENCE_MS = 240_000
SETTLED_MS = 1000
GENE = "rna:Gene3"
# plotly is not measured beyond.
MOST_FOR_PLOTLY = 1_000_000


@dataclass(frozen=True)
class Figures:
    """Of one way to draw one map.

    Parameters
    ----------
    way
        "sprites" or "plotly".
    cells
        Of the map.
    paint_ms, group_ms, gene_ms
        From the order, as by a click in a page that lies open, to the picture: the first, another grouping, a gene.
    lasso_ms
        From the pointer that goes up to the cells that are known and counted.
    lasso_drawn_ms
        To the picture of them.
    heap_mb
        Of the page after a collection: JavaScript, DOM and array buffers. Memory of the graphics card is not in it.
    bytes_a_cell
        Transferred for the first picture.
    """

    way: str
    cells: int
    paint_ms: float
    group_ms: float
    gene_ms: float
    lasso_ms: float
    lasso_drawn_ms: float
    heap_mb: float
    bytes_a_cell: float


@contextmanager
def opened() -> Iterator[tuple[Browser, str]]:
    """Start server and browser; the first context of a browser's life is not measured."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = make_server("127.0.0.1", 0, create_server(), threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    address = f"http://127.0.0.1:{server.port}"
    with sync_playwright() as playwright:
        # what people have is measured, with windows, if it is there
        executable = Path("/usr/bin/chromium")
        browser = playwright.chromium.launch(
            executable_path=executable if executable.exists() else CHROMIUM, args=ARGUMENTS
        )
        for way in ("sprites", "plotly"):
            page = _page(browser, address, way, 1000)
            page.evaluate("window.paint()")
            page.close()
        yield browser, address
        browser.close()
    server.shutdown()
    thread.join()
    server.server_close()


def measure(browser: Browser, address: str, way: str, cells: int, repeats: int) -> Figures:
    """Measure one way several times; the medians."""
    made = map_of(cells)
    # The server is not measured here (tests/benchmarks_ui/server_figures.py does): its answers lie ready.
    assert made.places
    assert made.about
    for key in ("obs:type", "obs:modality", GENE):
        frame_of(cells, key, 1.0, 99.0, "", "")
    found = [_once(browser, address, way, cells) for _ in range(repeats)]
    return Figures(way, cells, *(statistics.median(each) for each in zip(*found, strict=True)))


def _page(browser: Browser, address: str, way: str, cells: int) -> Page:
    page = browser.new_page(viewport=VIEWPORT)
    page.set_default_timeout(PATIENCE_MS)
    page.goto(f"{address}/{way}.html?run={cells}", wait_until="load")
    page.wait_for_function("window.paint !== undefined")
    # The browser's own signs of a page that loads are drawn in software, too.
    page.wait_for_timeout(SETTLED_MS)
    return page


def _once(browser: Browser, address: str, way: str, cells: int) -> tuple[float, ...]:
    page = _page(browser, address, way, cells)
    try:
        paint = page.evaluate("window.paint()")
        sent = page.evaluate(
            "performance.getEntriesByType('resource').filter((each) => each.name.includes('/api/'))"
            ".reduce((sum, each) => sum + each.encodedBodySize, 0)"
        )
        grouping, gene = ("obs:modality", GENE) if way == "sprites" else ("groups", "values")
        gene_ms = page.evaluate("(key) => window.recolour(key)", gene)
        group_ms = page.evaluate("(key) => window.recolour(key)", grouping)
        heap = _heap(page)
        lasso, drawn = _lasso(page, way)
        return paint, group_ms, gene_ms, lasso, drawn, heap, sent / cells
    finally:
        page.close()


def _lasso(page: Page, way: str) -> tuple[float, float]:
    """Draw a circle over the middle of the map with the mouse."""
    if way == "plotly":
        page.evaluate("window.addEventListener('pointerup', () => (window.up = performance.now()), true)")
        page.evaluate("window.addEventListener('mouseup', () => (window.up = performance.now()), true)")
    else:
        page.keyboard.press("l")
        page.locator("#map [data-tool=lasso]").click()
    box = page.locator("#map canvas, #map .nsewdrag").last.bounding_box() or {}
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    radius = 0.3 * min(box["width"], box["height"])
    places = [(x + radius * math.cos(turn / 6), y + radius * math.sin(turn / 6)) for turn in range(36)]
    page.mouse.move(*places[0])
    page.mouse.down()
    for place in places:
        page.mouse.move(*place)
    page.mouse.up()
    if way == "plotly":
        count = page.evaluate("window.selected")
        spent = page.evaluate("performance.now() - window.up")
        assert count > 0
        return spent, spent
    found = page.evaluate("window.lasso")
    assert found["count"] > 0
    return found["counted"], found["drawn"]


def _heap(page: Page) -> float:
    session = page.context.new_cdp_session(page)
    session.send("HeapProfiler.collectGarbage")
    used = session.send("Runtime.getHeapUsage")
    session.detach()
    return float(sum(used.get(name, 0) for name in ("usedSize", "embedderHeapUsedSize", "backingStorageSize"))) / 1e6
