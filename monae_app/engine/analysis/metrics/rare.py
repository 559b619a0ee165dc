"""What becomes of types that are easily swallowed: those of one modality alone, and rare ones."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import permutations

import numpy as np
from sklearn.metrics import roc_auc_score

from monae_app.engine.analysis.metrics.neighbors import other_neighbors, sampled_rows

OPEN_SET_NEIGHBORS = 30
FEWEST_CELLS = 10
MOST_CELLS = 10_000


def open_set_auroc(
    embedding: np.ndarray,
    modality: np.ndarray,
    label: np.ndarray,
    *,
    n_neighbors: int = OPEN_SET_NEIGHBORS,
    seed: int = 0,
) -> dict[str, float]:
    """How well a lack of neighbours from another modality tells the cells of a type that is absent there.

    For a type that one modality has (10 cells or more) and another lacks: AUROC, among the cells of the modality that
    has it, of the share of their nearest neighbours that come from their own modality. 1: the type stays apart; .5: it
    is mixed with the other modality like everything else. With more than two modalities every two are taken alone, and
    a type's value is the mean over those that lack it.

    Parameters
    ----------
    embedding, modality, label
        (N, D), (N,) and (N,).
    n_neighbors
        Among the cells of the two modalities, at most 10,000, drawn by the seed.
    seed
        Of the sample.

    Returns
    -------
    dict
        Type -> AUROC; empty if every modality has every type.
    """
    found: dict[str, list[float]] = {}
    for has, lacks in permutations(dict.fromkeys(modality), 2):
        members = np.flatnonzero(np.isin(modality, (has, lacks)))
        members = members[sampled_rows(len(members), MOST_CELLS, seed)]
        own, kind = modality[members] == has, label[members]
        absent = [name for name in _frequent(kind[own]) if name not in kind[~own]]
        if not absent or len(np.unique(kind[own])) < 2:
            continue
        share = own[other_neighbors(embedding[members], n_neighbors)].mean(axis=1)[own]
        for name in absent:
            found.setdefault(str(name), []).append(float(roc_auc_score(kind[own] == name, share)))
    return {name: float(np.mean(values)) for name, values in found.items()}


def _frequent(label: np.ndarray) -> np.ndarray:
    names, counts = np.unique(label, return_counts=True)
    return np.asarray(names[counts >= FEWEST_CELLS])


@dataclass(frozen=True)
class OwnCluster:
    """How far a type has a cluster of its own.

    Parameters
    ----------
    f1, jaccard
        Of the type's cells with the cells of the cluster that fits best.
    kept
        Whether more than half of some cluster is of the type and it holds more than half of the type's cells.
    """

    f1: float
    jaccard: float
    kept: bool


def own_cluster(clusters: np.ndarray, label: np.ndarray, kind: str) -> OwnCluster:
    """Whether a type, a rare one above all, keeps a cluster of its own.

    Parameters
    ----------
    clusters, label
        (N,) each; Leiden at resolution 1, for instance.
    kind
        The type, one of the labels.
    """
    _, codes, sizes = np.unique(clusters, return_inverse=True, return_counts=True)
    of_kind = label == kind
    inside = np.bincount(codes[of_kind], minlength=len(sizes))
    jaccard = inside / (sizes + of_kind.sum() - inside)
    f1 = 2 * inside / (sizes + of_kind.sum())
    kept = (2 * inside > sizes) & (2 * inside > of_kind.sum())
    return OwnCluster(float(f1.max()), float(jaccard.max()), bool(kept.any()))
