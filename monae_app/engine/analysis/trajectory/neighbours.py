"""The graph of neighbours that a trajectory is followed on.

n cells, k neighbours. Modalities are embedded together, yet some of what sets them apart remains: nearest neighbours
alone would be mostly of a cell's own modality. Each cell therefore takes as many neighbours of every modality.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from sklearn.neighbors import NearestNeighbors

# that each cell has, of all modalities together, no more than a share of all cells beyond the fewest; the more, the
# less the noise of single cells makes shortcuts
MOST_NEIGHBOURS, FEWEST_NEIGHBOURS, SHARE = 100, 30, 0.05
LEAST_WEIGHT = 0.02


@dataclass(frozen=True)
class Neighbours:
    """Neighbours of each cell.

    Parameters
    ----------
    ids
        (n, k) numbers of cells, never the cell itself.
    distances
        (n, k) in the space.
    parts
        How many of them are of each modality, in the order of the columns; the nearest comes first.
    """

    ids: np.ndarray
    distances: np.ndarray
    parts: tuple[int, ...]

    def nearest(self, count: int) -> Neighbours:
        """Keep so many of all modalities together."""
        most = max(2, count // len(self.parts))
        columns = [
            first + np.arange(min(most, part)) for first, part in zip(_firsts(self.parts), self.parts, strict=True)
        ]
        return Neighbours(
            self.ids[:, (chosen := np.concatenate(columns))],
            self.distances[:, chosen],
            tuple(len(each) for each in columns),
        )

    @property
    def directed(self) -> sp.csr_matrix:
        """An edge of weight 1 from each cell to each of its neighbours, (n, n); those far beyond both widths are none.

        Where few cells of a modality lie, its nearest ones may be anywhere.
        """
        return self._edges((self._kernel > LEAST_WEIGHT).astype(np.float64))

    @property
    def weights(self) -> sp.csr_matrix:
        """Symmetric weights of a Gaussian kernel, (n, n), its width the median distance of a cell's neighbours.

        Source: Haghverdi et al. 2016, Nat Methods 13:845, with local widths.
        """
        one = self._edges(self._kernel)
        return sp.csr_matrix(one.maximum(one.T))

    @property
    def _kernel(self) -> np.ndarray:
        width = np.median(self.distances, axis=1) + 1e-12
        found: np.ndarray = np.exp(-(self.distances**2) / (2 * width[:, None] * width[self.ids]))
        return found

    def _edges(self, weights: np.ndarray) -> sp.csr_matrix:
        n, k = self.ids.shape
        weights = weights.ravel()
        found = sp.csr_matrix((weights, (np.repeat(np.arange(n), k), self.ids.ravel())), shape=(n, n))
        found.eliminate_zeros()
        return found


def find_neighbours(points: np.ndarray, modality: np.ndarray, count: int | None = None) -> Neighbours:
    """Find as many neighbours of each modality for every cell.

    Parameters
    ----------
    points
        Cells in the space, (n, D).
    modality
        (n,) of each cell.
    count
        Neighbours of a cell, of all modalities together; None for as many as so many cells allow.
    """
    if count is None:
        count = int(np.clip(SHARE * len(points), FEWEST_NEIGHBOURS, MOST_NEIGHBOURS))
    ids, distances = [], []
    kinds = np.unique(modality)
    for kind in kinds:
        rows = np.flatnonzero(modality == kind)
        # one more, for the cell may be its own; no more than there are
        most = min(max(2, count // len(kinds)) + 1, len(rows))
        far, near = NearestNeighbors(n_neighbors=most).fit(points[rows]).kneighbors(points)
        near = rows[near]
        far = np.where(near == np.arange(len(points))[:, None], np.inf, far)
        # cells at the same place may hide a cell from itself: then the last one goes
        order = np.argsort(far, axis=1, kind="stable")[:, : most - 1]
        ids.append(np.take_along_axis(near, order, 1))
        distances.append(np.take_along_axis(far, order, 1))
    parts = tuple(each.shape[1] for each in ids)
    return Neighbours(np.hstack(ids), np.hstack(distances).astype(np.float64), parts)


def _firsts(parts: tuple[int, ...]) -> list[int]:
    return [sum(parts[:place]) for place in range(len(parts))]
