"""The figures of the map in a browser and on its server against their limits: `make bench-ui`."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from tests.benchmarks_ui.browser_figures import MOST_FOR_PLOTLY, Figures, measure, opened
from tests.benchmarks_ui.report import (
    BROWSER_HEAD,
    MILLION,
    SERVER_HEAD,
    browser_row,
    missed,
    page,
    server_row,
    summary,
)
from tests.benchmarks_ui.server_figures import Figure, figures_of

RESULTS = Path(__file__).parent / "RESULTS.md"
SIZES = (100_000, 1_000_000, 4_000_000)


def main() -> int:
    """Measure, write the page of results, say last what was missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="numbers of cells")
    parser.add_argument("--repeats", type=int, default=3, help="how often sprites are measured; plotly once")
    parser.add_argument("--without-plotly", action="store_true", help="measure the sprites alone")
    parser.add_argument("--without-server", action="store_true", help="measure the browser alone")
    asked = parser.parse_args()
    busy = os.getloadavg()[0]
    browser = _browser(tuple(asked.sizes), asked.repeats, not asked.without_plotly)
    server = [] if asked.without_server else _server()
    if tuple(asked.sizes) == SIZES and not asked.without_plotly and server:
        RESULTS.write_text(page(browser, server, busy), encoding="utf-8")
    _say("", summary(browser, server, busy))
    return 1 if missed(browser, server) else 0


def _browser(sizes: tuple[int, ...], repeats: int, with_plotly: bool) -> list[Figures]:
    found: list[Figures] = []
    _say(*BROWSER_HEAD)
    with opened() as (browser, address):
        for cells in sizes:
            found.append(measure(browser, address, "sprites", cells, repeats))
            _say(browser_row(found[-1]))
            if with_plotly and cells <= MOST_FOR_PLOTLY:
                found.append(measure(browser, address, "plotly", cells, 1))
                _say(browser_row(found[-1]))
    return found


def _server() -> list[Figure]:
    _say("", *SERVER_HEAD)
    found = figures_of(MILLION)
    _say(*map(server_row, found))
    return found


def _say(*lines: str) -> None:
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
