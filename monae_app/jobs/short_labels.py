"""Labels for cells, worked out by short work: transferred, or told by markers. N cells, C classes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from monae_app.engine.analysis.feature_search import FeatureSearch
from monae_app.engine.analysis.kept_arrays import KeptArrays
from monae_app.engine.analysis.label_transfer.marker_lists import read_marker_lists
from monae_app.engine.analysis.label_transfer.marker_scores import score_markers
from monae_app.engine.analysis.label_transfer.sides import labels_of, side_of
from monae_app.engine.analysis.label_transfer.transfer import Transfer, transfer
from monae_app.engine.analysis.label_transfer.written import write_table
from monae_app.engine.analysis.run_slices import RunSlices
from monae_app.engine.errors import InputError
from monae_app.engine.result import Result
from monae_app.engine.telling import Telling
from monae_app.jobs.kept_labels import KeptLabel, KeptLabels, asked_for, markers_asked
from monae_app.jobs.short_files import offered

if TYPE_CHECKING:
    from collections.abc import Callable

    from monae_app.jobs.short_work import Bench

# Of the arrays that are read for markers.
KEPT_BYTES = 256 * 2**20
# Messages of a transfer before it is done, for the bar.
MESSAGES = 4
CLUSTERS = "leiden"


def transfer_labels(order: dict[str, Any], bench: Bench) -> dict[str, Any]:
    """Transfer labels within a run and keep them.

    Parameters
    ----------
    order
        ``folder`` of the run, ``source``, ``column`` and ``target``.
    bench
        Where.

    Returns
    -------
    dict
        ``source``, ``column`` and ``target``.
    """
    folder = Path(order["folder"])
    source, column, target = (str(order[name]) for name in ("source", "column", "target"))
    asked, kept = asked_for(source, column, target), KeptLabels(bench.store, bench.user)
    if kept.read(folder, asked) is None:
        bench.tell(0.05, "Reading the run")
        result = Result.load(folder)
        found = transfer(
            side_of(result.cells, source, result.modalities),
            labels_of(result.cells, source, column),
            side_of(result.cells, target, result.modalities),
            result.features,
            seed=result.config.seed,
            tell=Telling("labels", _counting(bench.tell)),
        )
        about = {**asked, "classes": found.classes.tolist(), "notes": list(found.notes)}
        arrays = {"probabilities": found.probabilities.astype(np.float16), "novelty": found.novelty}
        kept.write(folder, asked, KeptLabel(arrays, about))
    return {"source": source, "column": column, "target": target}


def score_marker_lists(order: dict[str, Any], bench: Bench) -> dict[str, Any]:
    """Score lists of markers in all cells of a run and keep the scores.

    Parameters
    ----------
    order
        ``folder`` of the run and ``text``, the lists.
    bench
        Where.

    Returns
    -------
    dict
        ``text``.
    """
    folder, text = Path(order["folder"]), str(order["text"])
    asked, kept = markers_asked(text), KeptLabels(bench.store, bench.user)
    if kept.read(folder, asked) is None:
        run = RunSlices(folder, KeptArrays(KEPT_BYTES))

        def told(done: int, total: int) -> None:
            bench.tell(done / total, f"Scoring, {done:,} of {total:,} markers")

        marked = score_markers(run, FeatureSearch(run), read_marker_lists(text), told)
        clustered = CLUSTERS in run.columns
        groups = run.column(CLUSTERS).astype(str).tolist() if clustered else ["all"] * run.n_cells
        about = {
            **asked, "classes": marked.types.tolist(), "missing": marked.missing, "found": marked.found,
            "groups": marked.by_group(groups).to_dict("records"),
        }  # fmt: skip
        kept.write(folder, asked, KeptLabel({"scores": marked.scores.astype(np.float16)}, about))
    return {"text": text}


def write_labels(order: dict[str, Any], bench: Bench) -> dict[str, Any]:
    """Write transferred labels into a table to download.

    Parameters
    ----------
    order
        As of :func:`transfer_labels`, and ``threshold``.
    bench
        Where.

    Returns
    -------
    dict
        ``token``, ``name`` and ``size`` of the download.
    """
    folder = Path(order["folder"])
    source, column, target = (str(order[name]) for name in ("source", "column", "target"))
    known = KeptLabels(bench.store, bench.user).read(folder, asked_for(source, column, target))
    if known is None:
        raise InputError("These labels are not kept any more.", "labels of this week.", "transfer them again.")
    bench.tell(0.2, "Writing the table")
    run = RunSlices(folder, KeptArrays(KEPT_BYTES))
    span = run.spans[target]
    names = np.array(run.names(slice(span.start, span.stop)))
    path = bench.folder / "labels.csv"
    write_table(as_transfer(known, names), path, float(order["threshold"]))
    return offered(bench, path, f"labels_{column}_{source}_to_{target}.csv")


def as_transfer(known: KeptLabel, names: np.ndarray) -> Transfer:
    """Make of what is kept what it was; names of the cells (N,) are not kept."""
    classes = np.array([str(each) for each in known.about["classes"]])
    probabilities = known.arrays["probabilities"].astype(np.float32)
    return Transfer(names, classes, probabilities, known.arrays["novelty"], tuple(known.about["notes"]))


def _counting(tell: Callable[[float | None, str], None]) -> Callable[[dict[str, Any]], None]:
    told = 0

    def heard(event: dict[str, Any]) -> None:
        nonlocal told
        told += 1
        tell(min(told / MESSAGES, 1.0), str(event["message"]))

    return heard
