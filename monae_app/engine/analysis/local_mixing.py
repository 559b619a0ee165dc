"""How well the modalities mix around each cell: neighbours of other modalities, beside as many as chance would bring.

Where all cells are put at random, a cell of a modality with n_m of the N cells finds (N - n_m) / (N - 1) of its
neighbours in other modalities. Local mixing is the share that it does find over that one: 0 where all neighbours are of
its own modality, 1 where the modalities mix as they would by chance, above 1 where others crowd around it. A kind of
cell that one modality measured more of lies below 1 there and above 1 in the other, and is mixed all the same.

N cells, k neighbours, K modalities.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp

if TYPE_CHECKING:
    from collections.abc import Sequence


def local_mixing(nearest: sp.csr_matrix, modality: Sequence[str] | np.ndarray) -> np.ndarray:
    """Compare the neighbours of every cell with those that chance would bring.

    Parameters
    ----------
    nearest
        What is stored in a row are a cell's neighbours, whatever the value, (N, N); the cell itself is left out.
    modality
        Of every cell, (N,).

    Returns
    -------
    ndarray
        (N,) float32; NaN for a cell that has no neighbour, and for all where there is one modality.
    """
    names, codes = np.unique(np.asarray(modality, dtype=str), return_inverse=True)
    size = len(codes)
    if len(names) < 2:
        return np.full(size, np.nan, np.float32)
    rows = np.repeat(np.arange(size), np.diff(nearest.indptr))
    others = rows != nearest.indices
    found = np.bincount(rows[others], minlength=size)
    foreign = np.bincount(rows[others & (codes[rows] != codes[nearest.indices])], minlength=size)
    with np.errstate(invalid="ignore"):
        return np.asarray((foreign / found) / expected_share(codes)[codes], dtype=np.float32)


def expected_share(codes: np.ndarray) -> np.ndarray:
    """Share of a cell's neighbours that are of other modalities by chance, by modality (K,); codes are (N,) from 0."""
    counts = np.bincount(codes)
    return np.asarray((len(codes) - counts) / max(len(codes) - 1, 1))


def nearest_cells(embedding: np.ndarray, n_neighbors: int) -> sp.csr_matrix:
    """Find the nearest other cells of every cell (N, D) by exact search, as :func:`local_mixing` takes them."""
    # imported here: it takes a second, and only runs that keep no local mixing need it
    from sklearn.neighbors import NearestNeighbors

    size = len(embedding)
    k = min(n_neighbors, size) - 1
    found = NearestNeighbors(n_neighbors=k).fit(embedding).kneighbors(return_distance=False)
    return sp.csr_matrix(
        (np.ones(found.size, bool), found.ravel(), np.arange(0, found.size + 1, max(k, 1))), shape=(size, size)
    )
