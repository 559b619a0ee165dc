"""Lists of markers scored by short work, and the scores as tables. N cells."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from monae_app.engine.analysis.feature_search import FeatureSearch
from monae_app.engine.analysis.kept_arrays import KeptArrays
from monae_app.engine.analysis.label_transfer.marker_lists import read_marker_lists
from monae_app.engine.analysis.label_transfer.marker_scores import Marked, score_markers
from monae_app.engine.analysis.label_transfer.marker_tables import write_cells, write_clusters
from monae_app.engine.analysis.run_slices import RunSlices
from monae_app.engine.errors import InputError
from monae_app.jobs.kept_labels import KeptLabels, markers_asked
from monae_app.jobs.kept_npz import Kept
from monae_app.jobs.short_files import offered

if TYPE_CHECKING:
    from monae_app.jobs.short_work import Bench

# Of the arrays that are read for markers.
KEPT_BYTES = 256 * 2**20
CLUSTERS = "leiden"


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
        about = {
            **asked, "classes": marked.types.tolist(), "missing": marked.missing, "found": marked.found,
            "groups": marked.by_group(_clusters(run)).to_dict("records"),
        }  # fmt: skip
        kept.write(folder, asked, Kept({"scores": marked.scores.astype(np.float16)}, about))
    return {"text": text}


def write_marker_scores(order: dict[str, Any], bench: Bench) -> dict[str, Any]:
    """Write scores of markers into a table to download.

    Parameters
    ----------
    order
        As of :func:`score_marker_lists`, and ``each``: ``cluster`` or ``cell``.
    bench
        Where.

    Returns
    -------
    dict
        ``token``, ``name`` and ``size`` of the download.
    """
    folder, each = Path(order["folder"]), str(order["each"])
    known = KeptLabels(bench.store, bench.user).read(folder, markers_asked(str(order["text"])))
    if known is None:
        raise InputError("These scores are not kept any more.", "scores of this week.", "score the markers again.")
    bench.tell(0.2, "Writing the table")
    run, about = RunSlices(folder, KeptArrays(KEPT_BYTES)), known.about
    types = np.array([str(name) for name in about["classes"]])
    marked = Marked(types, known.arrays["scores"].astype(np.float32), about["missing"], about["found"])
    path, clusters = bench.folder / "markers.csv", _clusters(run)
    if each == "cluster":
        write_clusters(marked, clusters, path)
    else:
        cells = {"cell": run.names(slice(0, run.n_cells)), "modality": run.column("modality"), "cluster": clusters}
        write_cells(marked, pd.DataFrame({name: np.asarray(values) for name, values in cells.items()}), path)
    return offered(bench, path, f"marker_scores_by_{each}.csv")


def _clusters(run: RunSlices) -> list[str]:
    """Cluster of each cell, (N,); one of all cells where the run has none."""
    return run.column(CLUSTERS).astype(str).tolist() if CLUSTERS in run.columns else ["all"] * run.n_cells
