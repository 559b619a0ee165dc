"""Whether batch and kind of cell can be told apart: where they cannot, correcting for one removes the other.

N cells of a modality, B batches, T kinds of cells.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from sklearn.neighbors import NearestNeighbors

from monae_app.engine.data.leiden import leiden_clusters, neighbor_graph
from monae_app.engine.data.understanding.columns import label_columns
from monae_app.engine.kept_stages import kept
from monae_app.engine.telling import SILENT, Telling

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from monae_app.engine.data.dataset import Dataset

FEWEST_CELLS = 20  # of a kind, or of a batch: fewer may stand in one batch by chance
ALL_BUT = 0.95  # a kind stands in one batch alone where this share of it does: labels and droplets err
STRONG = 0.5  # of Cramér's V, 0 to 1
# of kinds, and of cells in clusters, that one batch has alone: a kind that one donor lacks is no confounding yet
LARGEST_SHARE = 1 / 3
MOST_NAMED = 4
MOST_BATCHES = 200
MOST_CELLS = 5000  # clustered; more do not change which cluster is of one batch
NEIGHBORS = 15


@dataclass(frozen=True)
class Confounding:
    """How far the kind of a cell says its batch.

    Parameters
    ----------
    strength
        Cramér's V, corrected for chance, from 0 (nothing) to 1 (all).
    alone
        Kinds of which one batch has all but a few cells, and that batch.
    n_kinds
        Number of kinds that were looked at.
    share
        Share of the cells that are of such kinds.
    """

    strength: float
    alone: dict[str, str]
    n_kinds: int
    share: float

    @property
    def cannot_be_told_apart(self) -> bool:
        """Whether a user should know."""
        many = self.share > LARGEST_SHARE and len(self.alone) > LARGEST_SHARE * self.n_kinds
        return self.strength >= STRONG or many


@dataclass(frozen=True)
class Told:
    """What a user is told of a batch column.

    Parameters
    ----------
    modality, column
        Of whose cells, and which column names their batches.
    label
        The column that names their types; None where they were compared with clusters.
    seen
        What was found.
    """

    modality: str
    column: str
    label: str | None
    seen: Confounding

    @property
    def sentence(self) -> str:
        """In words."""
        if self.label is None:
            return _by_cluster(self.modality, self.column, self.seen)
        return _by_label(self.modality, self.column, self.label, self.seen)

    def record(self) -> dict[str, Any]:
        """Return it for report.json, with Cramér's V as ``strength``."""
        strength = round(self.seen.strength, 4)
        return {"modality": self.modality, "column": self.column, "label": self.label, "strength": strength}


def confounding(kind: np.ndarray, batch: np.ndarray) -> Confounding | None:
    """Compare kinds of cells with batches.

    Parameters
    ----------
    kind, batch
        One string a cell, (N,). Kinds and batches of fewer than 20 cells are left out.

    Returns
    -------
    Confounding or None
        None where fewer than two kinds or two batches are left.
    """
    table = pd.crosstab(kind, batch)
    table = table.loc[table.sum(axis=1) >= FEWEST_CELLS, table.sum(axis=0) >= FEWEST_CELLS]
    if min(table.shape) < 2:
        return None
    counts = table.to_numpy(np.float64)
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    whole = counts.sum(axis=0) / counts.sum()
    main = share.argmax(axis=1)
    # where one batch has nearly all cells, every kind stands in it
    single = (share.max(axis=1) >= ALL_BUT) & (whole[main] < ALL_BUT)
    kinds, batches = table.index.to_numpy(str), table.columns.to_numpy(str)
    alone = {str(kinds[row]): str(batches[main[row]]) for row in np.flatnonzero(single)}
    return Confounding(cramers_v(counts), alone, len(table), float(counts[single].sum() / counts.sum()))


def cramers_v(counts: np.ndarray) -> float:
    """Cramér's V of a table (T, B) of counts, corrected for what chance alone brings.

    Source: Bergsma 2013, J Korean Stat Soc 42:323, equations 9 and 10.
    """
    counts = counts[counts.sum(axis=1) > 0][:, counts.sum(axis=0) > 0]
    n, (rows, columns) = counts.sum(), counts.shape
    if min(rows, columns) < 2:
        return 0.0
    expected = counts.sum(axis=1, keepdims=True) * counts.sum(axis=0) / n
    phi = ((counts - expected) ** 2 / expected).sum() / n
    corrected = max(0.0, phi - (rows - 1) * (columns - 1) / (n - 1))
    sizes = [each - (each - 1) ** 2 / (n - 1) for each in (rows, columns)]
    return float(min(1.0, np.sqrt(corrected / max(min(sizes) - 1, 1e-12))))


def confounded_by_label(tables: Mapping[str, pd.DataFrame], columns: Sequence[str]) -> list[Told]:
    """Say which columns cannot be told from the kinds of cells that a label names.

    Parameters
    ----------
    tables
        Obs of the cells, by modality.
    columns
        That may be batches.

    Returns
    -------
    list
        By column and modality; those about which there is nothing to say are left out.
    """
    labels = label_columns(list(tables.values()))
    found = []
    for column in columns:
        label = next((each for each in labels if each != column), None)
        if label is None:
            continue
        for name, obs in tables.items():
            if column not in obs or label not in obs or obs[column].nunique() > MOST_BATCHES:
                continue
            if _is_measured(obs[column]):
                continue
            known = (obs[column].notna() & obs[label].notna()).to_numpy()
            kind, batch = (obs[each][known].astype(str).to_numpy(str) for each in (label, column))
            seen = confounding(kind, batch)
            if seen is not None and seen.cannot_be_told_apart:
                found.append(Told(name, column, label, seen))
    return found


def _is_measured(column: pd.Series) -> bool:
    """Whether a column holds fractions, which are no names of batches."""
    if not pd.api.types.is_float_dtype(column.dtype):
        return False
    known = column.dropna().to_numpy()
    return bool((known != np.round(known)).any())


def confounded_batches(
    dataset: Dataset, representations: Mapping[str, np.ndarray], *, seed: int, tell: Telling = SILENT
) -> list[Told]:
    """Say where the batches of a run cannot be told from kinds of cells, by labels, else by clusters.

    Parameters
    ----------
    dataset
        That is trained on.
    representations
        Of its cells before integration, (N, k), by modality.
    seed
        Of the clusters.
    tell
        Told what is computed, and warned.
    """
    compare = partial(_confounded, dataset, representations, seed, tell)
    found = kept("batches beside kinds of cells", compare, made_of=(Told, Confounding))
    for each in found:
        tell.warn(each.sentence)
    return found


def _confounded(dataset: Dataset, representations: Mapping[str, np.ndarray], seed: int, tell: Telling) -> list[Told]:
    tables = {name: each.obs for name, each in dataset.modalities.items()}
    columns = dataset.batch_columns
    if not columns:
        return []
    if any(each not in columns for each in label_columns(list(tables.values()))):
        return confounded_by_label(tables, columns)
    found = []
    for name, obs in tables.items():
        tell(f"Comparing the batches of {name} with clusters")
        rows = np.random.default_rng(seed).permutation(len(obs))[:MOST_CELLS]
        clusters = _clusters(representations[name][rows], seed)
        for column in columns:
            seen = confounding(clusters, obs[column].astype(str).to_numpy(str)[rows])
            if seen is not None and seen.share > LARGEST_SHARE:
                found.append(Told(name, column, None, seen))
    return found


def _clusters(cells: np.ndarray, seed: int) -> np.ndarray:
    size = min(NEIGHBORS, len(cells) - 1)
    near = NearestNeighbors(n_neighbors=size).fit(cells).kneighbors(return_distance=False)
    return leiden_clusters(neighbor_graph(near), seed=seed).astype(str)


WHAT_TO_DO = (
    "do not correct for it (drop it from the batch columns), or read differences between these batches with care."
)


def _by_label(modality: str, column: str, label: str, seen: Confounding) -> str:
    if seen.alone:
        named = [f"{kind} in {batch}" for kind, batch in list(seen.alone.items())[:MOST_NAMED]]
        shown = f"{len(seen.alone):,} of {seen.n_kinds:,} have cells in one batch alone ({', '.join(named)}"
        told = f"{shown}{', ...' if len(seen.alone) > MOST_NAMED else ''})"
    else:
        told = "each type has most of its cells in some of the batches"
    return (
        f"{modality}: batches by {column!r} cannot well be told from the types in {label!r}: {told}; Cramér's V is "
        f"{seen.strength:.2f} of 1. What is taken out as a batch may be biology: {WHAT_TO_DO}"
    )


def _by_cluster(modality: str, column: str, seen: Confounding) -> str:
    named = [f"cluster {kind} in {batch}" for kind, batch in list(seen.alone.items())[:MOST_NAMED]]
    more = ", ..." if len(seen.alone) > MOST_NAMED else ""
    return (
        f"{modality}: {len(seen.alone):,} of {seen.n_kinds:,} clusters before integration, with {seen.share:.0%} of "
        f"the cells, are of one batch by {column!r} ({', '.join(named)}{more}). Either the batch changes all cells, or "
        "these kinds of cells are in that batch alone; without labels the two look the same, and the second would be "
        f"taken out. If it may be the second: {WHAT_TO_DO}"
    )
