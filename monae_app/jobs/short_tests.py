"""Groups of cells compared by short work."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from monae_app.engine.analysis.differential.comparison import compare
from monae_app.engine.analysis.differential.measured_run import measured_of
from monae_app.engine.analysis.differential.pseudobulk import compare_samples
from monae_app.engine.analysis.kept_arrays import KeptArrays
from monae_app.engine.analysis.run_slices import RunSlices
from monae_app.engine.telling import Telling
from monae_app.jobs import bitsets
from monae_app.jobs.comparisons import Comparisons
from monae_app.jobs.kept_files import key_of

if TYPE_CHECKING:
    from monae_app.engine.telling import Event
    from monae_app.jobs.short_work import Bench

KEPT_BYTES = 2**28
CELLS = "Wilcoxon rank-sum test of cells, tie-corrected; FDR by Benjamini-Hochberg"


def compare_groups(order: dict[str, Any], bench: Bench) -> dict[str, Any]:
    """Compare two groups of cells of one modality in what was measured, and keep the table.

    Parameters
    ----------
    order
        ``folder`` of the run and its ``version``, ``modality`` and the version of its files, ``measured``; ``first``
        and ``second`` (None: all other cells), bits of cells in base 64, their ``names`` and what was ``chosen`` (keys
        of groups); ``samples``, a column of the run to sum counts by, or None.
    bench
        Where.

    Returns
    -------
    dict
        ``key`` of the comparison.
    """
    kept, key = Comparisons(bench.store, bench.user), key_of(order)
    if kept.about(key) is not None:
        return {"key": key}
    bench.tell(0.02, "Opening what was measured")
    run = RunSlices(Path(order["folder"]), KeptArrays(KEPT_BYTES))
    modality = str(order["modality"])
    span = run.spans[modality]
    first = _rows(order["first"], run.n_cells, span)
    rest = np.setdiff1d(np.arange(len(span)), first, assume_unique=True)
    second = rest if order["second"] is None else _rows(order["second"], run.n_cells, span)

    def told(event: Event) -> None:
        share = event.get("done", 0) / max(event.get("total") or 1, 1)
        bench.tell(0.05 + 0.9 * share, f"Comparing {len(first):,} with {len(second):,} cells")

    tell = Telling("compare", told).counting("Comparing")
    measured = measured_of(run, modality)
    if order["samples"]:
        sample = run.column(str(order["samples"])).astype(str).to_numpy()[span.start : span.stop]
        table, test = compare_samples(measured, first, second, sample, tell)
    else:
        table, test = compare(measured, first, second, tell), CELLS
    one, other = map(str, order["names"])
    about = {
        "modality": modality,
        "names": [one, other],
        "cells": [len(first), len(second)],
        "features": len(table),
        # what a program that compares them anew has to know
        "chosen": order["chosen"],
        "bits": [order["first"], order["second"]],
        "samples": order["samples"],
        "test": test,
        "lines": [f"{one} ({len(first):,} cells) against {other} ({len(second):,} cells), {modality}, measured", test],
    }
    kept.write(key, about, table)
    return {"key": key}


def _rows(bits: str, n_cells: int, span: range) -> np.ndarray:
    """Rows among the cells of a modality, increasing."""
    mask = bitsets.read(bits, n_cells)
    return np.flatnonzero(mask[span.start : span.stop])
