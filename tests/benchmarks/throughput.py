"""Cells a second in training, beside scglue in the same run: ``python -m tests.benchmarks.throughput``, minutes.

Planted standard data (2,000 cells of each modality, 2,000 genes, 10,000 peaks); cells of both modalities count. Monae
is timed between its 20th step and its last. scglue is run twice with few epochs: what the second takes longer is what
its further epochs take, start-up and preparation aside; it runs on one thread, Monae on one and on as many as there are
cores. Exit status 1 if Monae trains fewer than 3,000 cells a second.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from monae_app.jobs.peers.catalogue import peer_python
from tests.benchmarks.datasets import OWN, Data, Size, prepare
from tests.benchmarks.execution import run_child
from tests.benchmarks.methods import GLUE, PEER_MODULE
from tests.benchmarks.report import table

if TYPE_CHECKING:
    from collections.abc import Sequence

LEAST = 3000
FIRST_STEP, STEPS = 20, 220
FEW, MORE = 3, 9
# scglue trains twice as many epochs as it is told, before and after it balances its cells, on nine cells of ten
PHASES, TRAINED_ON = 2, 0.9


def monae_rate(data: Data, out: Path, threads: int) -> float:
    """Cells a second between the 20th step and the last."""
    command = [sys.executable, "-m", "monae_app.cli", "run", *(f"{name}={data.inputs / name}.h5ad" for name in
               ("rna", "atac")), *data.place, "--out", str(out), "--steps", str(STEPS), "--device", "cpu"]  # fmt: skip
    run_child(command, out.with_suffix(".txt"), threads)
    said = [json.loads(line) for line in (out / "progress.jsonl").read_text(encoding="utf-8").splitlines()]
    steps = [(each["step"], each["time"]) for each in said if each["stage"] == "train" and "loss" in each]
    (first, began), (last, ended) = next(each for each in steps if each[0] >= FIRST_STEP), steps[-1]
    settings = json.loads((out / "config.json").read_text(encoding="utf-8"))
    cells = [each["cells"] for each in _report(out)["dataset"]["modalities"].values()]
    return sum(min(settings["batch_size"], each) for each in cells) * (last - first) / (ended - began)


def _report(out: Path) -> dict[str, dict[str, dict[str, dict[str, int]]]]:
    return dict(json.loads((out / "report.json").read_text(encoding="utf-8")))


def scglue_rate(data: Data, out: Path, n_cells: int) -> float:
    """Cells a second of further epochs."""
    took = {}
    for epochs in (FEW, MORE):
        began = time.perf_counter()
        command = [peer_python(), "-m", PEER_MODULE, GLUE, str(data.inputs), str(out / str(epochs))]
        run_child([*command, "--epochs", str(epochs)], out.with_name(f"scglue-{epochs}.txt"))
        took[epochs] = time.perf_counter() - began
    return PHASES * (MORE - FEW) * TRAINED_ON * n_cells / (took[MORE] - took[FEW])


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and say; 1 if it is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--cells", type=int, default=Size().cells)
    parser.add_argument("--without-peer", action="store_true")
    asked = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as work:
        data = prepare(OWN[0], 0, Path(work), Size(asked.cells), None)
        rows = [["Monae", *(f"{monae_rate(data, Path(work) / f'run{n}', n):,.0f}" for n in (1, asked.threads))]]
        if not asked.without_peer and Path(peer_python()).exists():
            rows.append(["scglue", f"{scglue_rate(data, Path(work) / 'glue', 2 * asked.cells):,.0f}", "-"])
    best = max(float(each.replace(",", "")) for each in rows[0][1:])
    sys.stdout.write(table(["cells a second", "1 thread", f"{asked.threads} threads"], rows))
    short = f"missed: {best:,.0f} cells/s, at least {LEAST:,} were asked for" if best < LEAST else "reached"
    sys.stdout.write(f"\n\nthroughput: {short}\n")
    return 1 if best < LEAST else 0


if __name__ == "__main__":
    raise SystemExit(main())
