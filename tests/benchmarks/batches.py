"""Whether batches mix and types stay apart where both are confounded: ``python -m tests.benchmarks.batches``.

On our hostile planted data, where a type stands to 80 % in one batch or to 20 %: Monae with its batch column and
without, beside Harmony that corrects for modality and batch, and the PCA that both start from. Three figures, named in
advance: iLISI of the batches within a type of one modality, the silhouette width of types, and how well labels go
across modalities. Results are kept below the work folder; what is there is not measured again unless --fresh. The last
line says whether all was reached; the exit status is 1 if not.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

import anndata as ad
import numpy as np

from monae_app.engine.analysis.metrics import ilisi, label_transfer, silhouettes
from tests.benchmarks import store
from tests.benchmarks.book import Interval, interval
from tests.benchmarks.datasets import MODALITIES, OWN, Data, Size, prepare
from tests.benchmarks.execution import run_child
from tests.benchmarks.methods import Method
from tests.benchmarks.run import SMALL, WORK, seeds_of
from tests.benchmarks.truth import Truth

if TYPE_CHECKING:
    from collections.abc import Sequence

BATCH, HOSTILE, SEEDS = "batch", OWN[1], "0-4"
FEWEST = 10  # cells of a batch within a type: with fewer there is nothing to mix
ILISI, WIDTH, TRANSFER = "ilisi_within_types", "asw_label", "label_transfer"
TITLES = {ILISI: "iLISI of the batch within types", WIDTH: "silhouette of types", TRANSFER: "label transfer"}
OURS, PLAIN, RIVAL, START = "monae-batches", "monae-no-batches", "harmony-batches", "pca-batches"
METHODS = (
    Method(START, "PCA of gene activity", "peer", "pca", ours=True),
    Method(OURS, "Monae, --batch-key batch", "monae", arguments=("--batch-key", BATCH)),
    Method(PLAIN, "Monae without a batch column", "monae"),
    Method(RIVAL, "Harmony, modality and batch", "peer", "harmony-batches"),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure what is missing, print the tables; 0 if every figure is reached."""
    parsed = _parser().parse_args(arguments)
    work = parsed.work / "small" if parsed.small else parsed.work
    found: dict[int, dict[str, dict[str, float]]] = {}
    for seed in parsed.seeds:
        data = prepare(HOSTILE, seed, work, SMALL if parsed.small else Size(), None)
        found[seed] = {each.name: _measured(each, data, work, fresh=parsed.fresh) for each in METHODS}
    sys.stdout.write(f"\n{_table(found)}\n\n")
    missed = _missed(found)
    said = "missed: " + "; ".join(missed) if missed else "every figure is reached"
    sys.stdout.write(f"{len(found)} seeds of {HOSTILE}: {said}\n")
    return 1 if missed else 0


def _measured(method: Method, data: Data, work: Path, *, fresh: bool) -> dict[str, float]:
    """Scores of one method, from its result if it is there and of the engine as it is now."""
    path = store.path_of(work, data.name, data.seed, method.name)
    if path.exists() and not fresh:
        kept = store.read(path)
        if method.kind != "monae" or kept["engine"] == store.engine_state():
            return dict(kept["scores"])
    out = work / "answers" / data.name / str(data.seed) / method.name
    out.mkdir(parents=True, exist_ok=True)
    command = method.command(data.inputs, out, data.seed, data.place)
    if method.kind == "monae":
        command.append("--overwrite")
    used = run_child(command, out / "log.txt")
    scores = score_batches(_embedding(method, out), _batches(data), Truth(data))
    about = {"engine": store.engine_state()} if method.kind == "monae" else {}
    store.write(work, data, method.name, {"scores": scores, "cpu_s": used.cpu_s, **about})
    told = "  ".join(f"{name} {scores[name]:.3f}" for name in TITLES)
    sys.stdout.write(f"seed {data.seed} {method.name}: {told}  cpu_s {used.cpu_s:.0f}\n")
    sys.stdout.flush()
    return scores


def _embedding(method: Method, out: Path) -> np.ndarray:
    """Cells of RNA, then of ATAC, rows as in the inputs."""
    if method.kind == "monae":
        return np.asarray(ad.read_h5ad(out / "run" / "cells.h5ad").obsm["X_monae"], np.float64)
    with np.load(out / "embedding.npz") as stored:
        return np.concatenate([stored[name] for name in MODALITIES]).astype(np.float64)


def _batches(data: Data) -> np.ndarray:
    tables = [ad.read_h5ad(data.inputs / f"{name}.h5ad", backed="r") for name in MODALITIES]
    return np.concatenate([table.obs[BATCH].to_numpy(str) for table in tables])


def score_batches(embedding: np.ndarray, batch: np.ndarray, truth: Truth) -> dict[str, float]:
    """The three figures, of cells of RNA and then of ATAC.

    ``ilisi_within_types`` is the mean over modalities and over the types that have at least 10 cells in each of two
    batches there: cells of one type and modality differ by their batch alone.
    """
    label, modality = truth.joined("cell_type"), truth.modality
    mixed = []
    for name in MODALITIES:
        for kind in np.unique(label):
            rows = (modality == name) & (label == kind)
            if sum(np.unique(batch[rows], return_counts=True)[1] >= FEWEST) > 1:
                mixed.append(ilisi(embedding[rows], batch[rows]))
    first, second = (modality == name for name in MODALITIES)
    found = label_transfer(embedding[first], label[first], embedding[second], label[second])
    return {
        ILISI: float(np.mean(mixed)),
        WIDTH: silhouettes(embedding, modality, label, 0)[WIDTH],
        TRANSFER: found[TRANSFER],
    }


def differences(found: dict[int, dict[str, dict[str, float]]], other: str, metric: str) -> Interval:
    """Of Monae with its batch column to another method, paired by seed."""
    return interval(each[OURS][metric] - each[other][metric] for each in found.values())


def _missed(found: dict[int, dict[str, dict[str, float]]]) -> list[str]:
    """The figures to reach: medians of differences that are paired by seed, as in the other benchmarks."""
    missed = []
    for metric, other, what in (
        (WIDTH, START, "not below the PCA"),
        (ILISI, START, "above the PCA"),
        (ILISI, PLAIN, "above Monae without a batch column"),
        (TRANSFER, RIVAL, "not below Harmony"),
    ):
        gap = median(each[OURS][metric] - each[other][metric] for each in found.values())
        if gap < 0 or (what.startswith("above") and gap == 0):
            missed.append(f"{TITLES[metric]} {what} (median difference {gap:+.3f})")
    return missed


def _table(found: dict[int, dict[str, dict[str, float]]]) -> str:
    """Medians over the seeds, and how far Monae with its batch column is from each method, with 95 % intervals."""
    lines = [
        f"| {HOSTILE}, {len(found)} seeds | {' | '.join(TITLES.values())} |",
        f"|---|{'---|' * len(TITLES)}",
    ]
    for method in METHODS:
        cells = []
        for metric in TITLES:
            middle = median(each[method.name][metric] for each in found.values())
            gap = "" if method.name == OURS else f" ({differences(found, method.name, metric)})"
            cells.append(f"{middle:.3f}{gap}")
        lines.append(f"| {method.title} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks.batches", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument(
        "--seeds", type=seeds_of, default=seeds_of(SEEDS), help=f"such as 0-4 or 0,2 (default: {SEEDS})"
    )
    parser.add_argument("--work", type=Path, default=WORK, help="where data and results are kept")
    parser.add_argument("--fresh", action="store_true", help="measure anew what was measured before")
    parser.add_argument("--small", action="store_true", help="tiny data, to try the bench itself")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
