"""How fast the server answers for the map of a million cells, and in how much memory.

``python -m tests.benchmarks_ui.server_figures [--cells N] [--run FOLDER]`` prints a row a figure and a summary last,
and exits with 1 if one was missed. Each figure is measured in a fresh server process, so that cold is cold.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from monae_app.web.app import create_app
from monae_app.web.settings import Settings
from tests.benchmarks_ui.synthetic_run import CHROMOSOMES, PEAK_WIDTH, STEP, write_input, write_run

if TYPE_CHECKING:
    from flask.testing import FlaskClient

MILLION = 1_000_000
RUN = "/api/runs/opened-0"
REPEATS = 5
MEASURED = "values=measured"
OPEN, ITS_OWN, WITH_MEASURED = "memory of the server", "of which for the run", "memory with measured values"
OURS = {"X-Monae": "1"}
SET_OF = 50
# from one peak of chr1 to the next
PEAK_STEP = CHROMOSOMES * STEP


@dataclass(frozen=True)
class Figure:
    """What was measured, and what it must not exceed (None: it is told, not asked for)."""

    name: str
    value: float
    unit: str
    limit: float | None

    @property
    def met(self) -> bool:
        return self.limit is None or self.value <= self.limit

    def row(self) -> str:
        limit = "" if self.limit is None else f"<= {self.limit:g} {self.unit}"
        word = "" if self.limit is None else "met" if self.met else "MISSED"
        return f"{self.name:<58}{self.value:>10.3g} {self.unit:<3}{limit:>14}  {word}"


# name, path, repeated (the median of the later ones counts), seconds allowed
QUESTIONS = (
    ("the run opens (map.json)", "map.json", False, 2.0),
    ("places of all cells (map.xy)", "map.xy", False, None),
    ("colour by label, cold", "map.colour?key=obs:cell_type", False, 1.0),
    ("colour by an imputed gene, cold", "map.colour?key=rna:GENE10", False, 1.0),
    ("colour by an imputed gene, warm", "map.colour?key=rna:GENE{n}", True, 0.3),
    ("colour by an imputed peak, warm", "map.colour?key=atac:{peak}", True, 0.3),
    ("two genes blended, warm", "map.colour?key=rna:GENE1{n}&with=rna:GENE2{n}", True, 0.6),
    ("same gene, other percentiles", "map.colour?key=rna:GENE10&low={n}", True, 0.3),
    ("mean of a set of 50 genes", "map.colour?key={set}", True, 1.0),
    ("colour by a number of the cells", "map.colour?key=obs:doublet_score", True, 0.3),
    ("one cell on a hover", "cells/{n}77.json?key=rna:GENE10", True, 0.1),
    ("search by a prefix", "search.json?text=gene1{n}", True, 0.3),
    ("search by an Ensembl id", "search.json?text=ENSG0000000000{n}", True, 0.3),
    ("search by a region", "search.json?text=chr{n}:1-900000", True, 0.3),
    ("colour by a measured gene, cold", "map.colour?key=rna:GENE10&values=measured", False, 1.0),
    ("colour by a measured gene, warm", "map.colour?key=rna:GENE{n}&values=measured", True, 0.3),
)


def serve(folder: Path) -> dict[str, float]:
    """Ask a server that was just started; seconds by name, and its anonymous memory in GB."""
    with tempfile.TemporaryDirectory() as store:
        client = create_app(Settings(store=Path(store), files=(folder,))).server.test_client()
        before, found = anonymous_gb(), {}
        for name, path, repeated, _ in QUESTIONS:
            if MEASURED in path:
                found.setdefault(OPEN, anonymous_gb())
                if not (folder.parent / "rna.h5ad").exists():
                    continue
            numbers = range(1, REPEATS + 1 if repeated else 2)
            found[name] = median(_seconds(client, path, number) for number in numbers)
        return found | {ITS_OWN: found[OPEN] - before, WITH_MEASURED: anonymous_gb()}


def _seconds(client: FlaskClient, path: str, number: int) -> float:
    """Ask for a path with a number filled in."""
    peak = f"chr1:{number * PEAK_STEP}-{number * PEAK_STEP + PEAK_WIDTH}"
    genes = {"name": str(number), "genes": [f"GENE{20 * i + number}" for i in range(SET_OF)]}
    key = client.post(f"{RUN}/genesets", json=genes, headers=OURS).json["key"] if "{set}" in path else ""
    asked = path.format(n=number, peak=peak, set=key)
    start = time.perf_counter()
    answer = client.get(f"{RUN}/{asked}")
    seconds = time.perf_counter() - start
    assert answer.status_code == 200, answer.text
    return seconds


def anonymous_gb() -> float:
    """Anonymous memory of this process: pages of mapped files do not count."""
    status = Path("/proc/self/status").read_text()
    kilobytes = next(line.split()[1] for line in status.splitlines() if line.startswith("RssAnon"))
    return int(kilobytes) * 1024 / 1e9


def figures(folder: Path) -> list[Figure]:
    """Measure a run in a process of its own."""
    command = [sys.executable, "-m", "tests.benchmarks_ui.server_figures", "--serve", str(folder)]
    told = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()[-1])
    limits = {name: limit for name, _, _, limit in QUESTIONS}
    asked = [Figure(name, told[name], "s", limits[name]) for name in limits if name in told]
    memory = [(OPEN, 1.0), (ITS_OWN, None), (WITH_MEASURED, 1.0)]
    return [*asked, *(Figure(name, told[name], "GB", limit) for name, limit in memory)]


def figures_of(cells: int, kind: str = "csc", run: Path | None = None) -> list[Figure]:
    """Measure a run of so many cells, made for it (or one that is there); ``kind``: how its counts lie, or "none"."""
    with tempfile.TemporaryDirectory() as root:
        folder = run or write_run(Path(root) / "run", cells)
        if run is None and kind != "none":
            write_input(Path(root) / "rna.h5ad", cells - cells // 2, kind)
        return figures(folder)


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cells", type=int, default=MILLION)
    parser.add_argument("--run", type=Path, help="a run folder that is there already")
    parser.add_argument("--input", choices=("csr", "csc", "none"), default="csc", help="how measured counts are stored")
    parser.add_argument("--serve", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.serve:
        sys.stdout.write(json.dumps(serve(given.serve)) + "\n")
        return 0
    found = figures_of(given.cells, given.input, given.run)
    missed = [figure.name for figure in found if not figure.met]
    summary = f"server: {len(found)} figures, {'all met' if not missed else 'missed: ' + ', '.join(missed)}"
    sys.stdout.write("\n".join([*(figure.row() for figure in found), summary]) + "\n")
    return bool(missed)


if __name__ == "__main__":
    sys.exit(main())
