"""Whether modalities are mixed, and the cells of a type hang together.

N cells, D axes.
"""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from scipy.sparse.csgraph import connected_components

from monae_app.engine.analysis.metrics.neighbors import one_percent, other_neighbors

MIXING_NEIGHBORS, CONNECTIVITY_NEIGHBORS = 30, 15
MOST_PER_MODALITY, ALIGNMENT_REPEATS = 2500, 4


def same_modality(neighbors: np.ndarray, modality: np.ndarray, label: np.ndarray | None) -> float:
    """Share of a cell's neighbours from its own modality, scaled within its type: .5 is random mixing, 1 is unmixed.

    Types that only one modality has are left out.
    """
    same = (modality[neighbors] == modality[:, None]).mean(axis=1)
    kind = np.full(len(modality), "all") if label is None else label
    scaled = []
    for name in np.unique(kind):
        members = kind == name
        present, counts = np.unique(modality[members], return_counts=True)
        if len(present) < 2:
            continue
        share = dict(zip(present, counts / members.sum(), strict=True))
        expected = np.array([share[each] for each in modality[members]])
        scaled.append(0.5 + 0.5 * (same[members] - expected) / np.maximum(1 - expected, 1e-9))
    return float(np.concatenate(scaled).mean()) if scaled else 1.0


def seurat_alignment_score(
    embedding: np.ndarray,
    modality: np.ndarray,
    *,
    seed: int = 0,
    repeats: int = ALIGNMENT_REPEATS,
    most: int = MOST_PER_MODALITY,
) -> float:
    """Seurat alignment score: how far neighbours come from other modalities, 1 as under random mixing, 0 never.

    Modalities are sampled to equal size n each, m modalities; among the nearest k = 1 % of the sample, x of a cell's
    neighbours are from its own modality on average: (k - x) / (k - k / m), at most 1; mean over the samples.
    Source: Butler et al. 2018, Nat Biotechnol 36:411, in the form of Cao and Gao 2022 (scglue.metrics 0.4).

    Parameters
    ----------
    embedding, modality
        (N, D) and (N,), of two modalities or more.
    seed
        Of the samples.
    repeats
        Number of samples; one where every cell is in all of them.
    most
        Largest n.
    """
    names, codes = np.unique(modality, return_inverse=True)
    groups = [np.flatnonzero(codes == code) for code in range(len(names))]
    size = min(most, *map(len, groups))
    if all(len(group) == size for group in groups):
        repeats = 1
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(repeats):
        rows = np.concatenate([rng.choice(group, size, replace=False) for group in groups])
        k = one_percent(len(rows))
        own = (codes[rows][other_neighbors(embedding[rows], k)] == codes[rows][:, None]).sum(axis=1).mean()
        found.append(min((k - own) * len(groups) / (k * (len(groups) - 1)), 1.0))
    return float(np.mean(found))


def graph_connectivity(neighbors: np.ndarray, label: np.ndarray) -> float:
    """Share of a label's cells in the largest connected piece of its own neighbour graph, mean over labels.

    The graph joins a cell with its nearest 15, the cell itself counted, in either direction, which is what
    scglue.metrics does: it asks for strong components of a symmetric graph. Source: Luecken et al. 2022, Nat Methods
    19:41; Cao and Gao 2022.

    Parameters
    ----------
    neighbors
        Nearest other cells, closest first, (N, 14 or more).
    label
        (N,).
    """
    near = neighbors[:, : CONNECTIVITY_NEIGHBORS - 1]
    size = len(label)
    rows, columns = np.repeat(np.arange(size), near.shape[1]), near.ravel()
    inside = label[rows] == label[columns]
    joined = sp.coo_array((np.ones(inside.sum(), bool), (rows[inside], columns[inside])), shape=(size, size))
    # no edge leaves a label, so that the pieces of all labels come from one search
    _, pieces = connected_components(joined.tocsr(), directed=False)
    return float(
        np.mean(
            [
                np.unique(pieces[label == name], return_counts=True)[1].max() / (label == name).sum()
                for name in np.unique(label)
            ]
        )
    )
