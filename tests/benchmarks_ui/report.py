"""What was measured of the map, as tables and in one line."""

from __future__ import annotations

import os
import platform
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.benchmarks_ui.browser_figures import Figures
    from tests.benchmarks_ui.server_figures import Figure

MILLION = 1_000_000
PAINT_MS = {100_000: 500.0, 1_000_000: 1500.0, 4_000_000: 4000.0}
# At a million cells.
RECOLOUR_MS, LASSO_MS, HEAP_MB = 1000.0, 100.0, 150.0
# Others share the cores then, and the figures say less.
BUSY = 1.0


def _head(*columns: str) -> tuple[str, str]:
    return f"| {' | '.join(columns)} |", f"|{'---|' * len(columns)}"


BROWSER_HEAD = _head(
    "cells",
    "drawn by",
    "first paint",
    "another grouping",
    "a gene",
    "lasso: counted",
    "lasso: drawn",
    "heap",
    "bytes a cell",
)
SERVER_HEAD = _head("server, 1,000,000 cells", "measured", "limit", "")


def browser_row(figures: Figures) -> str:
    """Write one line of the browser's table."""
    times = (figures.paint_ms, figures.group_ms, figures.gene_ms, figures.lasso_ms, figures.lasso_drawn_ms)
    told = [f"{time:,.0f} ms" for time in times]
    name = "sprites" if figures.way == "sprites" else "plotly scattergl"
    heap, sent = f"{figures.heap_mb:,.0f} MB", f"{figures.bytes_a_cell:.1f}"
    return f"| {' | '.join([f'{figures.cells:,}', name, *told, heap, sent])} |"


def server_row(figure: Figure) -> str:
    """Write one line of the server's table."""
    limit = "" if figure.limit is None else f"{figure.limit:g} {figure.unit}"
    word = "" if figure.limit is None else "met" if figure.met else "**missed**"
    return f"| {figure.name} | {figure.value:.3g} {figure.unit} | {limit} | {word} |"


def missed(browser: list[Figures], server: list[Figure]) -> list[str]:
    """Compare with the limits, in words."""
    found = [miss for figures in browser if figures.way == "sprites" for miss in _missed(figures)]
    return found + [
        f"{figure.name}: {figure.value:.3g} {figure.unit}, not {figure.limit:g}" for figure in server if not figure.met
    ]


def _missed(figures: Figures) -> list[str]:
    limits = [("first paint", figures.paint_ms, PAINT_MS.get(figures.cells), "ms")]
    if figures.cells == MILLION:
        limits += [
            ("another grouping", figures.group_ms, RECOLOUR_MS, "ms"),
            ("a gene", figures.gene_ms, RECOLOUR_MS, "ms"),
            ("lasso", figures.lasso_ms, LASSO_MS, "ms"),
            ("heap", figures.heap_mb, HEAP_MB, "MB"),
        ]
    return [
        f"{name} at {figures.cells:,} cells: {value:,.0f} {unit}, not {limit:,.0f}"
        for name, value, limit, unit in limits
        if limit is not None and value > limit
    ]


def summary(browser: list[Figures], server: list[Figure], busy: float) -> str:
    """Say it in one line; ``busy``: processes that wanted a core before."""
    others = f" (the machine was busy: load {busy:.1f})" if busy > BUSY else ""
    misses = missed(browser, server)
    if misses:
        return f"bench-ui: {len(misses)} missed{others}: " + "; ".join(misses)
    big = next((each for each in browser if each.way == "sprites" and each.cells == MILLION), None)
    told = f"; 1,000,000 cells painted in {big.paint_ms:,.0f} ms, lasso {big.lasso_ms:,.0f} ms" if big else ""
    return f"bench-ui: all limits kept{others}{told}"


def page(browser: list[Figures], server: list[Figure], busy: float) -> str:
    """Write the results as a page."""
    lines = [
        "# The map in a browser, and on its server",
        "",
        f"Measured by `make bench-ui` on {os.cpu_count()} cores ({platform.machine()}), Chromium with software WebGL",
        "(SwiftShader), 1280 x 800 pixels; a graphics card is faster. Sprites: medians of several pages, plotly: one.",
        "Times begin with the order in a page that lies open, as by a click, and end when a picture was presented;",
        "`lasso: counted` ends when the cells are known and their number is told. Heap: JavaScript, DOM and array",
        "buffers after a collection, without the memory of the graphics card (10 bytes a cell, 4 more in each further",
        "panel). In software, cells that lie below several others of their pixel are not drawn",
        "(`assets/embedding/cover.mjs`). plotly is not measured at 4,000,000 cells.",
        "",
        *BROWSER_HEAD,
        *map(browser_row, browser),
        "",
        "Limits: first paint 0.5 s / 1.5 s / 4 s; at 1,000,000 cells another colour 1 s, lasso 100 ms, heap 150 MB.",
        "",
        "The server is asked in a process of its own, so that cold is cold; warm is the median of five. Memory is",
        "anonymous memory: pages of mapped files do not count.",
        "",
        *SERVER_HEAD,
        *map(server_row, server),
        "",
        summary(browser, server, busy),
    ]
    return "\n".join(lines) + "\n"
