"""Which cells are next to each other, of all modalities, and how close. N cells, D axes, k neighbours."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp

FEWEST, MOST = 15, 60


def neighbourhood_size(n_cells: int) -> int:
    """Return how many neighbours a cell has: the square root of N, from 15 to 60.

    Larger ones smooth noise away, and a path must not be shorter than a neighbourhood.
    """
    return int(np.clip(round(np.sqrt(n_cells)), FEWEST, MOST))


def balanced_neighbours(space: np.ndarray, modality: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Find as many neighbours of each cell in every modality.

    Cells that were never measured together differ a little by their modality alone. Nearest cells would then be those
    of the own modality, and each modality would have a path of its own.

    Parameters
    ----------
    space
        (N, D).
    modality
        (N,) of each cell.
    k
        Of all modalities together.

    Returns
    -------
    distances, neighbours
        (N, k') each, k' about k; a modality that has too few cells gives all that it has.
    """
    from sklearn.neighbors import NearestNeighbors

    names = np.unique(modality)
    share = max(2, round(k / len(names)))
    distances, neighbours = [], []
    for name in names:
        rows = np.flatnonzero(modality == name)
        count = min(share + 1, len(rows))
        apart, places = NearestNeighbors(n_neighbors=count).fit(space[rows]).kneighbors(space)
        found = rows[places]
        # no cell is its own neighbour
        apart = np.where(found == np.arange(len(space))[:, None], np.inf, apart)
        order = np.argsort(apart, axis=1, kind="stable")[:, : max(count - 1, 1)]
        distances.append(np.take_along_axis(apart, order, 1))
        neighbours.append(np.take_along_axis(found, order, 1))
    return np.hstack(distances), np.hstack(neighbours)


def kernel(distances: np.ndarray, neighbours: np.ndarray) -> sp.csr_matrix:
    """Weigh neighbours by a Gaussian whose width is each cell's own, (N, N), symmetric.

    Source: Haghverdi et al. 2016, Nat Methods 13:845, the locally scaled kernel; the width is the median distance.
    """
    n_cells, k = neighbours.shape
    width = np.median(np.where(np.isfinite(distances), distances, np.nanmax(distances[np.isfinite(distances)])), axis=1)
    width = np.maximum(width, np.finfo(float).eps)
    weights = np.exp(-(distances**2) / (2 * width[:, None] * width[neighbours]))
    rows = np.repeat(np.arange(n_cells), k)
    found = sp.csr_matrix((weights.ravel(), (rows, neighbours.ravel())), shape=(n_cells, n_cells))
    return sp.csr_matrix(found.maximum(found.T))
