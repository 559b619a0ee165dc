"""How far two embeddings of the same cells agree, cell by cell and type by type.

N cells, D and D' axes, k neighbours, T types.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd
from sklearn.metrics import adjusted_rand_score

from monae_app.engine.analysis.metrics.neighbors import other_neighbors, sampled_rows
from monae_app.engine.analysis.metrics.transfer import transfer_hits
from monae_app.engine.telling import SILENT, Telling

NEIGHBORS, PURITY_NEIGHBORS = 30, 15
MOST_CELLS = 20_000


@dataclass(frozen=True)
class EmbeddedCells:
    """Cells of one run, (N, D), and its clusters of them, (N,)."""

    embedding: np.ndarray
    clusters: np.ndarray


@dataclass(frozen=True)
class Agreement:
    """How far two embeddings agree.

    Parameters
    ----------
    overlap
        Share of the 30 nearest cells that both embeddings have in common, (N,), NaN for cells that were not drawn.
    chance
        What cells at random would have in common.
    clusters_ari
        Adjusted Rand index of the two clusterings.
    types
        A row a type, those that changed most first: ``label``, ``cells``, ``overlap``, and of either run ``purity``
        (share of the 15 nearest cells that are of the type), ``transfer`` (share of the type's cells that get it from
        their nearest cells of another modality) and ``beside`` (the type of most of the foreign neighbours), with
        ``_first`` and ``_second``; empty without a label.
    """

    overlap: np.ndarray
    chance: float
    clusters_ari: float
    types: pd.DataFrame


def agreement(
    first: EmbeddedCells,
    second: EmbeddedCells,
    modality: np.ndarray,
    label: np.ndarray | None = None,
    *,
    seed: int = 0,
    tell: Telling = SILENT,
) -> Agreement:
    """Compare two embeddings of the same cells, rows alike.

    Parameters
    ----------
    first, second
        The cells in both runs.
    modality, label
        (N,) each; a label that is nan, None or empty is none.
    seed
        Of the sample: neighbours are sought among at most 20,000 cells.
    tell
        Told the progress.
    """
    rows = sampled_rows(len(modality), MOST_CELLS, seed)
    k = min(NEIGHBORS, len(rows) - 1)
    near = []
    for number, each in enumerate((first, second), 1):
        tell(f"Neighbours of {len(rows):,} cells, run {number} of 2")
        near.append(other_neighbors(np.asarray(each.embedding[rows], np.float64), k))
    overlap = np.full(len(modality), np.nan)
    overlap[rows] = shared_share(*near)
    types = pd.DataFrame()
    if label is not None:
        tell("Comparing types")
        types = _types(first, second, modality[rows], label[rows], near, overlap[rows], rows)
    ari = float(adjusted_rand_score(first.clusters, second.clusters))
    return Agreement(overlap, k / max(len(rows) - 1, 1), ari, types)


def shared_share(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Share of each cell's neighbours (N, k) that both have, (N,)."""
    one, other = np.sort(first, axis=1), np.sort(second, axis=1)
    n, k = one.shape
    own = np.arange(n)[:, None] * n
    common = np.intersect1d((one + own).ravel(), (other + own).ravel(), assume_unique=True)
    return np.asarray(np.bincount(common // n, minlength=n) / k)


def _types(
    first: EmbeddedCells,
    second: EmbeddedCells,
    modality: np.ndarray,
    label: np.ndarray,
    near: list[np.ndarray],
    overlap: np.ndarray,
    rows: np.ndarray,
) -> pd.DataFrame:
    known = ~np.isin(label, ("nan", "None", ""))
    names, codes = np.unique(label[known], return_inverse=True)
    table = pd.DataFrame({"label": names, "cells": np.bincount(codes, minlength=len(names))})
    table["overlap"] = np.bincount(codes, overlap[known], len(names)) / table["cells"]
    for side, run, neighbours in (("first", first, near[0]), ("second", second, near[1])):
        around = label[neighbours[:, :PURITY_NEIGHBORS]]
        same = (around == label[:, None]).mean(axis=1)
        table[f"purity_{side}"] = np.bincount(codes, same[known], len(names)) / table["cells"]
        table[f"transfer_{side}"] = _transfer(np.asarray(run.embedding[rows], np.float64), modality, label, names)
        table[f"beside_{side}"] = [_beside(around[label == name], str(name)) for name in names]
    changed = (table["purity_second"] - table["purity_first"]).abs()
    return table.iloc[np.argsort(-changed.to_numpy(), kind="stable")].reset_index(drop=True)


def _transfer(embedding: np.ndarray, modality: np.ndarray, label: np.ndarray, names: np.ndarray) -> np.ndarray:
    """Share of each type's cells that get their type, (T,), mean over every two modalities; NaN where none can."""
    found = []
    for one, other in combinations([modality == name for name in dict.fromkeys(modality)], 2):
        hit, known = transfer_hits(embedding[one], label[one], embedding[other], label[other])
        true = label[other]
        found.append([hit[mine].mean() if (mine := (true == name) & known).any() else np.nan for name in names])
    if not found:
        return np.full(len(names), np.nan)
    values = np.array(found)
    there = np.isfinite(values).sum(axis=0)
    return np.where(there > 0, np.nansum(values, axis=0) / np.maximum(there, 1), np.nan)


def _beside(around: np.ndarray, name: str) -> str:
    foreign, counts = np.unique(around[around != name], return_counts=True)
    return f"{foreign[counts.argmax()]} ({counts.max() / around.size:.0%})" if len(foreign) else ""
