"""How far two runs of the same data agree, worked out by short work."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from monae_app.engine.analysis.kept_arrays import KeptArrays
from monae_app.engine.analysis.run_comparison.agreement import EmbeddedCells, agreement
from monae_app.engine.analysis.run_comparison.matching import match_cells
from monae_app.engine.analysis.run_slices import RunSlices
from monae_app.engine.telling import Telling
from monae_app.jobs.kept_two_runs import KeptTwoRuns, TwoRuns

if TYPE_CHECKING:
    from monae_app.engine.telling import Event
    from monae_app.jobs.short_work import Bench

KEPT_BYTES = 2**29


def compare_two_runs(order: dict[str, Any], bench: Bench) -> dict[str, Any]:
    """Compare the embeddings of two runs and keep what was found.

    Parameters
    ----------
    order
        ``folder`` and ``second``, folders of the runs, and ``label``, a column of the first.
    bench
        Where.

    Returns
    -------
    dict
        ``clusters_ari``, ``overlap``, ``chance``.

    Raises
    ------
    InputError
        If the runs have no cell in common.
    """
    first, second = Path(order["folder"]), Path(order["second"])
    label = order.get("label") or None
    kept = KeptTwoRuns(bench.store, bench.user)
    known = kept.read(first, second, label)
    if known is None:
        known = two_runs(first, second, label, lambda text: bench.tell(None, text))
        kept.write(first, second, label, known)
    return {name: known.about[name] for name in ("clusters_ari", "overlap", "chance")}


def two_runs(first: Path, second: Path, label: str | None, tell: Any = lambda _text: None) -> TwoRuns:
    """Compare the embeddings of two runs, cell by cell.

    Raises
    ------
    InputError
        If they have no cell in common.
    """
    tell("Reading both runs")
    runs = [RunSlices(folder, KeptArrays(KEPT_BYTES)) for folder in (first, second)]
    matched = match_cells(*runs)
    sides = [
        EmbeddedCells(run.array("X_monae")[rows], run.column("leiden").astype(str).to_numpy()[rows])
        for run, rows in zip(runs, (matched.first, matched.second), strict=True)
    ]
    modality = runs[0].column("modality").astype(str).to_numpy()[matched.first]
    labels = None
    if label is not None and label in runs[0].columns:
        labels = runs[0].column(label).astype(str).to_numpy()[matched.first]

    def heard(event: Event) -> None:
        tell(str(event["message"]))

    telling = Telling("compare", heard)
    found = agreement(sides[0], sides[1], modality, labels, seed=runs[0].config.seed, tell=telling)
    overlap = np.full(runs[0].n_cells, np.nan)
    overlap[matched.first] = found.overlap
    types = [{name: _plain(value) for name, value in row.items()} for row in found.types.to_dict("records")]
    about = {
        "chance": found.chance,
        "clusters_ari": found.clusters_ari,
        "overlap": float(np.nanmean(found.overlap)),
        "label": label,
        "types": types,
    }
    return TwoRuns(overlap, about)


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        return round(float(value), 4) if np.isfinite(value) else None
    return value.item() if isinstance(value, np.generic) else value
