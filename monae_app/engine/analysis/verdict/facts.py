"""What a verdict is made from, read from the files of a finished run by columns: never the whole of it.

C clusters, K modalities, T labels, N cells.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from monae_app.engine.analysis.numbered import by_number
from monae_app.engine.analysis.tables import LOCAL_MIXING, stored_name

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from monae_app.engine.analysis.run_slices import RunSlices
    from monae_app.engine.config import RunConfig

PROGRESS = "progress.jsonl"
# of another kind than the rest: it rises as the others fall
ADVERSARY = "loss_discriminator"
# a column with more values names cells, not batches
MOST_BATCHES = 200


@dataclass(frozen=True)
class RunFacts:
    """What is known of a run.

    Parameters
    ----------
    report, config
        Of the run.
    clusters
        Cells of each cluster and modality, (C, K).
    labels
        Cells of each label, cluster and modality: columns ``label``, ``cluster``, ``modality``, ``cells`` and
        ``mixing``, their mean local mixing (NaN where it is not kept); empty where the run has no label.
    losses
        ``step`` and ``loss``, the sum of the terms that are minimised, one row a report of the trainer.
    batches
        By column that may name batches: cells of each modality, cluster and batch, columns ``modality``, ``cluster``,
        ``batch``, ``cells``.
    mixing
        Mean local mixing of each cluster, (C,), and of all cells under None; empty where it is not kept.
    """

    report: Mapping[str, Any]
    config: RunConfig
    clusters: pd.DataFrame
    labels: pd.DataFrame
    losses: pd.DataFrame
    batches: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    mixing: Mapping[str | None, float] = field(default_factory=dict)

    @property
    def modalities(self) -> list[str]:
        """In the order of the run."""
        return [str(name) for name in self.clusters.columns]

    @property
    def n_cells(self) -> int:
        """Of all modalities."""
        return int(self.clusters.to_numpy().sum())

    @property
    def metrics(self) -> Mapping[str, float]:
        """Scores of the run."""
        return dict(self.report.get("metrics") or {})

    @property
    def label(self) -> str | None:
        """The column that names cell types."""
        return str(self.report["label"]) if self.report.get("label") else None


def facts_of(run: RunSlices) -> RunFacts:
    """Read what a verdict needs.

    Raises
    ------
    InputError
        If the run is gone or damaged.
    """
    modality, cluster = _codes(run, "modality"), _codes(run, "leiden")
    label = run.report.get("label")
    said = run.report.get("dataset", {})
    columns = [*((run.report.get("batches") or {}).get("columns") or []), *said.get("batches", [])]
    names = {str(name): stored_name(str(name)) for name in columns}
    batches = {name: _codes(run, stored) for name, stored in names.items() if stored in run.columns}
    counted = _counted({"cluster": cluster, "modality": modality})
    table = counted.pivot(index="cluster", columns="modality", values="cells").fillna(0).astype(int)
    order = sorted(table.index, key=by_number)
    labels = pd.DataFrame(columns=["label", "cluster", "modality", "cells", "mixing"])
    mixing = run.column(LOCAL_MIXING).to_numpy(np.float64) if LOCAL_MIXING in run.columns else None
    if label in run.columns:
        labels = _counted({"label": _codes(run, str(label)), "cluster": cluster, "modality": modality}, mixing)
        labels = labels.assign(mixing=labels.get("mean", np.nan))
    return RunFacts(
        run.report,
        run.config,
        table.reindex(index=order, columns=run.modalities, fill_value=0),
        labels,
        read_losses(run.folder),
        {
            name: _counted({"modality": modality, "cluster": cluster, "batch": codes})
            for name, codes in batches.items()
            if len(codes.categories) <= MOST_BATCHES
        },
        _mixing_by_cluster(cluster, mixing),
    )


def read_losses(folder: Path) -> pd.DataFrame:
    """Read ``step`` and ``loss`` of a training; what a resumed one did anew counts once."""
    rows: dict[int, float] = {}
    try:
        with (folder / PROGRESS).open("rb") as file:
            for line in file:
                _take(line, rows)
    except OSError:
        pass
    return pd.DataFrame({"step": list(rows), "loss": list(rows.values())}, dtype=float).sort_values("step")


def _take(line: bytes, rows: dict[int, float]) -> None:
    try:
        event = json.loads(line)
        if event.get("stage") == "read" and event.get("message") == "Starting":
            rows.clear()
        if event.get("stage") == "train" and "step" in event:
            step = int(event["step"])
            for later in [each for each in rows if each > step] if rows and max(rows) > step else ():
                del rows[later]
            rows[step] = float(event["loss"]) - float(event.get(ADVERSARY) or 0.0)
    except (ValueError, TypeError, LookupError, AttributeError):
        return


def _codes(run: RunSlices, name: str) -> pd.Categorical[Any]:
    column = run.column(name)
    if isinstance(column.dtype, pd.CategoricalDtype):
        names = pd.Index([str(each) for each in column.cat.categories])
        return pd.Categorical.from_codes(column.cat.codes.to_numpy(), names)
    codes, values = pd.factorize(column)
    return pd.Categorical.from_codes(codes, pd.Index(values).astype(str))


def _counted(columns: Mapping[str, pd.Categorical[Any]], values: np.ndarray | None = None) -> pd.DataFrame:
    """Cells of every combination of categories that there is, and their ``mean`` value if there are values.

    Cells without a category are left out.
    """
    shape = tuple(len(each.categories) for each in columns.values())
    codes = [np.asarray(each.codes, np.int64) for each in columns.values()]
    known = np.logical_and.reduce([each >= 0 for each in codes])
    if not known.any():
        return pd.DataFrame({**{name: pd.Series(dtype=str) for name in columns}, "cells": pd.Series(dtype=int)})
    flat = np.ravel_multi_index([each[known] for each in codes], shape)
    counts = np.bincount(flat, minlength=int(np.prod(shape)))
    places = np.flatnonzero(counts)
    parts = zip(columns.items(), np.unravel_index(places, shape), strict=True)
    found = {name: np.asarray(each.categories, dtype=object)[place] for (name, each), place in parts}
    table = pd.DataFrame({**found, "cells": counts[places]})
    if values is not None:
        sums = np.bincount(flat, values[known], minlength=int(np.prod(shape)))
        table["mean"] = sums[places] / counts[places]
    return table


def _mixing_by_cluster(cluster: pd.Categorical[Any], values: np.ndarray | None) -> dict[str | None, float]:
    if values is None:
        return {}
    known = np.isfinite(values) & (cluster.codes >= 0)
    if not known.any():
        return {}
    size = len(cluster.categories)
    counts = np.bincount(cluster.codes[known], minlength=size)
    sums = np.bincount(cluster.codes[known], values[known], minlength=size)
    means = sums / np.maximum(counts, 1)
    return {None: float(values[known].mean())} | {
        str(name): float(means[place]) for place, name in enumerate(cluster.categories) if counts[place]
    }
