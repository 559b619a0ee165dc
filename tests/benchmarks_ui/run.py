"""The figures of the map in a browser against their limits: `make bench-ui`."""

from __future__ import annotations

import argparse
import os
import platform
import sys
from pathlib import Path

from tests.benchmarks_ui.browser_figures import MOST_FOR_PLOTLY, Figures, measure, opened

RESULTS = Path(__file__).parent / "RESULTS.md"
SIZES = (100_000, 1_000_000, 4_000_000)
PAINT_MS = {100_000: 500.0, 1_000_000: 1500.0, 4_000_000: 4000.0}
# Others share the cores then, and the figures say less.
BUSY = 1.0
# At a million cells.
RECOLOUR_MS, LASSO_MS, HEAP_MB = 1000.0, 100.0, 150.0
MILLION = 1_000_000
COLUMNS = ("cells", "drawn by", "first paint", "another grouping", "a gene", "lasso: counted", "lasso: drawn", "heap")
HEAD = f"| {' | '.join([*COLUMNS, 'bytes a cell'])} |\n|{'---|' * (len(COLUMNS) + 1)}"


def main() -> int:
    """Measure, write the table, say what was missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="numbers of cells")
    parser.add_argument("--repeats", type=int, default=3, help="how often sprites are measured; plotly once")
    parser.add_argument("--without-plotly", action="store_true", help="measure the sprites alone")
    asked = parser.parse_args()
    found: list[Figures] = []
    busy = os.getloadavg()[0]
    _say(HEAD)
    with opened() as (browser, address):
        for cells in asked.sizes:
            for way in ("sprites", "plotly"):
                if way == "plotly" and (asked.without_plotly or cells > MOST_FOR_PLOTLY):
                    continue
                found.append(measure(browser, address, way, cells, asked.repeats if way == "sprites" else 1))
                _say(row(found[-1]))
    misses = [miss for figures in found if figures.way == "sprites" for miss in missed(figures)]
    if tuple(asked.sizes) == SIZES and not asked.without_plotly:
        RESULTS.write_text(table(found, misses, busy), encoding="utf-8")
    _say(summary(found, misses, busy))
    return 1 if misses else 0


def row(figures: Figures) -> str:
    """Write one line of the table."""
    times = (figures.paint_ms, figures.group_ms, figures.gene_ms, figures.lasso_ms, figures.lasso_drawn_ms)
    told = [f"{time:,.0f} ms" for time in times]
    name = "sprites" if figures.way == "sprites" else "plotly scattergl"
    heap, sent = f"{figures.heap_mb:,.0f} MB", f"{figures.bytes_a_cell:.1f}"
    return f"| {' | '.join([f'{figures.cells:,}', name, *told, heap, sent])} |"


def missed(figures: Figures) -> list[str]:
    """Compare with the limits."""
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


def summary(found: list[Figures], misses: list[str], busy: float) -> str:
    """Say it in one line; ``busy``: processes that wanted a core before."""
    others = f" (the machine was busy: load {busy:.1f})" if busy > BUSY else ""
    if misses:
        return f"bench-ui: {len(misses)} missed{others}: " + "; ".join(misses)
    big = next((each for each in found if each.way == "sprites" and each.cells == MILLION), None)
    told = f"; 1,000,000 cells painted in {big.paint_ms:,.0f} ms, lasso {big.lasso_ms:,.0f} ms" if big else ""
    return f"bench-ui: all limits kept{others}{told}"


def table(found: list[Figures], misses: list[str], busy: float) -> str:
    """Write the results as a page."""
    lines = [
        "# The map in a browser",
        "",
        f"Measured by `make bench-ui` on {os.cpu_count()} cores ({platform.machine()}), Chromium with software WebGL",
        "(SwiftShader), 1280 x 800 pixels; a graphics card is faster. Sprites: medians of several pages, plotly: one.",
        "Times end when a picture was presented, but for `lasso: counted`. Heap: JavaScript, DOM and array buffers",
        "after a collection, without the memory of the graphics card (10 bytes a cell, 4 more in each further panel).",
        "In software, cells that lie below several others of their pixel are not drawn (assets/embedding/cover.mjs).",
        "plotly is not measured at 4,000,000 cells: it needs minutes and gigabytes there.",
        "",
        HEAD,
        *[row(figures) for figures in found],
        "",
        "Limits: first paint 0.5 s / 1.5 s / 4 s; at 1,000,000 cells another colour 1 s, lasso 100 ms, heap 150 MB.",
        "",
        summary(found, misses, busy),
    ]
    return "\n".join(lines) + "\n"


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
