"""Nearest neighbours, the ground of most scores, and the sample of cells that the dear ones are taken on."""

from __future__ import annotations

import numpy as np
from sklearn.neighbors import NearestNeighbors

NEIGHBOR_SHARE = 0.01


def neighbor_ids(references: np.ndarray, queries: np.ndarray, n_neighbors: int) -> np.ndarray:
    """Nearest references of every query, closest first, (queries, k)."""
    k = min(n_neighbors, len(references))
    return np.asarray(NearestNeighbors(n_neighbors=k).fit(references).kneighbors(queries, return_distance=False))


def other_neighbors(cells: np.ndarray, n_neighbors: int) -> np.ndarray:
    """Nearest other cells of every cell, closest first, (N, k)."""
    return neighbor_ids(cells, cells, n_neighbors + 1)[:, 1:]


def one_percent(n_cells: int) -> int:
    """Size of a neighbourhood of one per cent of the cells, at least 1, as the scores of GLUE count it."""
    return max(round(n_cells * NEIGHBOR_SHARE), 1)


def sampled_rows(n_cells: int, most: int, seed: int) -> np.ndarray:
    """Rows of all cells or, above ``most``, of that many drawn by the seed, in order."""
    if n_cells <= most:
        return np.arange(n_cells)
    return np.sort(np.random.default_rng(seed).choice(n_cells, most, replace=False))
