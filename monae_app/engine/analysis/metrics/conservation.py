"""Whether biology is kept: cells of a type together, and each modality's own neighbourhoods as they were.

N cells, D axes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from monae_app.engine.analysis.metrics.neighbors import neighbor_ids, one_percent, other_neighbors, sampled_rows

if TYPE_CHECKING:
    from collections.abc import Mapping

# neighbourhoods grow with the cells, so that more cells cost the square
MOST_CELLS = 10_000


def mean_average_precision(embedding: np.ndarray, label: np.ndarray, *, seed: int = 0) -> float:
    """Mean average precision of a cell's own label among its nearest 1 % of cells, closest first; 1 is perfect.

    For one cell: the mean of the precision at every rank that holds a cell of the same label; 0 where there is none.
    On at most 10,000 cells, drawn by the seed. Source: Cao and Gao 2022, Nat Biotechnol (GLUE), online methods.

    Parameters
    ----------
    embedding, label
        (N, D) and (N,).
    seed
        Of the sample.
    """
    rows = sampled_rows(len(embedding), MOST_CELLS, seed)
    embedding, label = embedding[rows], label[rows]
    near = other_neighbors(embedding, one_percent(len(rows)))
    if not near.size:
        return 0.0
    match = label[near] == label[:, None]  # (N, k)
    precision = np.cumsum(match, axis=1) / np.arange(1, near.shape[1] + 1)
    return float(((precision * match).sum(axis=1) / np.maximum(match.sum(axis=1), 1)).mean())


def neighbor_conservation(
    embedding: np.ndarray, modality: np.ndarray, reference: Mapping[str, np.ndarray], *, seed: int = 0
) -> float:
    """Overlap of each cell's neighbours within its modality before and after integration; 1 is perfect.

    Jaccard index of the nearest cells, as many as 1 % of all cells, in the embedding and in the modality's own
    representation; mean over cells, then over modalities. On at most 10,000 cells, drawn by the seed.
    Source: Cao and Gao 2022, Nat Biotechnol (GLUE), as in scglue.metrics 0.4.

    Parameters
    ----------
    embedding, modality
        (N, D) and (N,).
    reference
        Modality -> (N_k, D_k), what the modality alone says of its cells (PCA, LSI), rows in the embedding's order.
    seed
        Of the sample.
    """
    sample = sampled_rows(len(embedding), MOST_CELLS, seed)
    kept = np.zeros(len(embedding), bool)
    kept[sample] = True
    k = one_percent(len(sample))
    overlaps = []
    for name, before in sorted(reference.items()):
        members = modality == name
        if members.sum() != len(before):
            msg = f"{name} has {members.sum()} cells and {len(before)} rows in its own representation"
            raise ValueError(msg)
        now, own = embedding[members & kept], np.asarray(before)[kept[members]]
        if len(now):
            overlaps.append(_overlap(neighbor_ids(now, now, k + 1), neighbor_ids(own, own, k + 1)))
    return float(np.mean(overlaps))


def _overlap(first: np.ndarray, second: np.ndarray) -> float:
    """Mean Jaccard index of two neighbourhoods of every cell, itself left out; (N, k) each."""
    size = len(first)
    own = np.arange(size)[:, None]
    # a cell that coincides with others need not come first among its own neighbours
    one, other = (np.sort((near + own * size)[near != own]) for near in (first, second))
    shared = np.bincount(np.intersect1d(one, other, assume_unique=True) // size, minlength=size)
    total = np.bincount(one // size, minlength=size) + np.bincount(other // size, minlength=size)
    return float((shared / np.maximum(total - shared, 1)).mean())
