"""Metacells: small groups of like cells of one or two modalities, whose counts together are less noisy.

N cells, F features, m metacells.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp
from sklearn.cluster import MiniBatchKMeans

if TYPE_CHECKING:
    from collections.abc import Sequence

METACELLS = 100
CELLS_PER_METACELL = 20
FEWEST_CELLS = 5
FEWEST_METACELLS = 3
SCALE = 1e4


@dataclass(frozen=True)
class Metacells:
    """Groups that hold cells of every modality.

    Parameters
    ----------
    labels
        Group of each cell, by modality, (N,) each.
    sizes
        Number of cells in each group, by modality, (m,) each.
    kept
        Which groups hold enough cells of each modality, (m,) bool.
    weight
        How much each kept group says, adds up to 1.
    """

    labels: tuple[np.ndarray, ...]
    sizes: tuple[np.ndarray, ...]
    kept: np.ndarray
    weight: np.ndarray

    @property
    def enough(self) -> bool:
        """Whether there are enough of them to correlate anything."""
        return bool(self.kept.sum() >= FEWEST_METACELLS)

    def profiles(self, side: int, values: sp.csr_matrix, *, counted: bool) -> np.ndarray:
        """Profiles of one modality, brought to weighted mean 0 and length 1: products are correlations.

        Parameters
        ----------
        side
            Number of the modality.
        values
            Measured, (N, F).
        counted
            Whether values are counts, which are brought to one depth and logarithms; others are taken as they are.

        Returns
        -------
        numpy.ndarray
            (kept m, F).
        """
        label, size = self.labels[side], self.sizes[side]
        shape = (len(size), len(label))
        gather = sp.csr_matrix((1 / np.maximum(size[label], 1), (label, np.arange(len(label)))), shape)
        profile = np.asarray((gather @ values).todense())[self.kept]
        if counted:
            profile = np.log1p(SCALE * profile / np.maximum(profile.sum(axis=1, keepdims=True), 1e-9))
        profile = (profile - self.weight @ profile) * np.sqrt(self.weight)[:, None]
        return np.asarray(profile / np.maximum(np.linalg.norm(profile, axis=0), 1e-9))


def find_metacells(scores: Sequence[np.ndarray], *, seed: int) -> Metacells:
    """Group cells by k-means of their aligned scores, (N, k) of each modality."""
    n_cells = min(len(each) for each in scores)
    n_meta = max(2, min(METACELLS, n_cells // CELLS_PER_METACELL))
    found = MiniBatchKMeans(n_meta, random_state=seed, n_init=3, batch_size=2048).fit_predict(np.vstack(scores))
    labels = np.split(found, np.cumsum([len(each) for each in scores])[:-1])
    sizes = [np.bincount(each, minlength=n_meta) for each in labels]
    fewest = np.min(sizes, axis=0)
    kept = fewest >= FEWEST_CELLS
    weight = np.sqrt(fewest[kept].astype(np.float64))
    return Metacells(tuple(labels), tuple(sizes), kept, weight / max(weight.sum(), 1e-12))
