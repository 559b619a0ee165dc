"""How time and memory grow: ``python -m tests.benchmarks.scale``, an hour on two cores; MILLION=1 adds a million.

Planted sets of 10,000, 50,000 and 200,000 cells of each modality are written to disk a block at a time, trained on in a
process of its own with the standard budget, and opened in the app. What each stage took stands in RESULTS.md beside
this file, with the exponent and what more cells would take. Exit status 1 if a figure is missed.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from tests.benchmarks.report import RESULTS, with_block
from tests.benchmarks.scale.growth import Measured, draw, grouped, log_of, missed, told
from tests.benchmarks.scale.streamed import write_streamed
from tests.benchmarks.scale.watching import run_in_child, summed, watched

if TYPE_CHECKING:
    from collections.abc import Sequence

SIZES, MILLION = (10_000, 50_000, 200_000), 1_000_000
BLOCK, KEPT, PLOT, LOG, DONE = "growth", "growth.json", "growth.png", "growth.log", "written"
GENE = "G00010"


def measured(folder: Path, cells: int, arguments: list[str]) -> Measured:
    """Write a set unless it is there, train, open, and return what it took; taken from disk if it was measured."""
    if not (folder / KEPT).exists():
        if not (folder / DONE).exists():
            write_streamed(folder, cells)
            (folder / DONE).touch()
        run, said = folder / "run", folder / "said.txt"
        stages = run_in_child(folder, run, said, arguments)
        opening = [sys.executable, "-m", "tests.benchmarks.scale.opening", str(run), str(said), GENE]
        # the app begins with a process of its own: its start is no stage of a run
        stages += watched(opening, said, folder / "opening-log.txt")[1:]
        scores = json.loads((run / "report.json").read_text(encoding="utf-8"))["metrics"]
        by_name = {name: vars(each) for name, each in summed(stages).items()}
        (folder / KEPT).write_text(json.dumps({"stages": by_name, "scores": scores}), encoding="utf-8")
    found = json.loads((folder / KEPT).read_text(encoding="utf-8"))
    return grouped(cells, found["stages"], found["scores"])


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure all sizes and write what was found; 1 if a figure is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    more = (MILLION,) if os.environ.get("MILLION") else ()
    parser.add_argument("--sizes", type=int, nargs="+", default=[*SIZES, *more], help="cells of each modality")
    parser.add_argument("--sets", type=Path, help="where sets, runs and what was measured are kept")
    parser.add_argument("--set", action="append", default=[], metavar="SETTING=VALUE", help="of the runs")
    parser.add_argument("--write", action="store_true", help="into RESULTS.md")
    asked = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as temporary:
        root = asked.sets or Path(temporary)
        found = []
        for cells in sorted(asked.sizes):
            found.append(measured(root / str(cells), cells, asked.set))
            sys.stderr.write(f"{cells:,} cells: done\n")
        largest = json.loads((root / str(max(asked.sizes)) / KEPT).read_text(encoding="utf-8"))["stages"]
    text, short = told(found), missed(found)
    sys.stdout.write(text + "\n\ngrowth: " + ("missed: " + "; ".join(short) if short else "all reached") + "\n")
    if asked.write:
        path = Path(__file__).parents[1] / RESULTS
        path.write_text(with_block(path.read_text(encoding="utf-8"), BLOCK, text), encoding="utf-8")
        draw(found, path.with_name(PLOT))
        path.with_name(LOG).write_text(log_of(max(asked.sizes), largest), encoding="utf-8")
    return 1 if short else 0


if __name__ == "__main__":
    raise SystemExit(main())
