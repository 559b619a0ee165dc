"""Nearest neighbours, the ground of most scores, and the sample of cells that the dear ones are taken on."""

from __future__ import annotations

import numpy as np
from sklearn.neighbors import NearestNeighbors

from monae_app.engine.telling import SILENT, Telling

NEIGHBOR_SHARE = 0.01
QUERIES_AT_ONCE = 10_000


def neighbor_ids(references: np.ndarray, queries: np.ndarray, n_neighbors: int, tell: Telling = SILENT) -> np.ndarray:
    """Nearest references of every query, closest first, (queries, k); the queries are told in blocks."""
    k = min(n_neighbors, len(references))
    found = np.empty((len(queries), k), np.int64)
    fitted = NearestNeighbors(n_neighbors=k).fit(references)
    for first in range(0, len(queries), QUERIES_AT_ONCE):
        if len(queries) > QUERIES_AT_ONCE:
            tell.part(first, len(queries))
        block = slice(first, first + QUERIES_AT_ONCE)
        found[block] = fitted.kneighbors(queries[block], return_distance=False)
    return found


def other_neighbors(cells: np.ndarray, n_neighbors: int, tell: Telling = SILENT) -> np.ndarray:
    """Nearest other cells of every cell, closest first, (N, k)."""
    return neighbor_ids(cells, cells, n_neighbors + 1, tell)[:, 1:]


def one_percent(n_cells: int) -> int:
    """Size of a neighbourhood of one per cent of the cells, at least 1, as the scores of GLUE count it."""
    return max(round(n_cells * NEIGHBOR_SHARE), 1)


def sampled_rows(n_cells: int, most: int, seed: int) -> np.ndarray:
    """Rows of all cells or, above ``most``, of that many drawn by the seed, in order."""
    if n_cells <= most:
        return np.arange(n_cells)
    return np.sort(np.random.default_rng(seed).choice(n_cells, most, replace=False))
