"""Which of the guidance edges the data bear out: correlation over metacells of a first, rough alignment.

Most peaks near a gene do not follow it. Weighing each by how well it does, before activities are summed, makes the
second alignment sharper. P edges, N cells, m metacells.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp
from sklearn.cluster import MiniBatchKMeans

if TYPE_CHECKING:
    from collections.abc import Sequence

METACELLS = 100
CELLS_PER_METACELL = 20
FEWEST_CELLS = 5


def edge_correlation(
    values: Sequence[sp.csr_matrix],
    scores: Sequence[np.ndarray],
    columns: Sequence[np.ndarray],
    *,
    seed: int,
    counted: Sequence[bool] = (True, True),
) -> np.ndarray:
    """Correlate the two ends of every edge over metacells that hold cells of both modalities.

    Parameters
    ----------
    values
        Values of both modalities, (N, G) and (M, H).
    scores
        Aligned scores of both, (N, k) and (M, k).
    columns
        Columns of both ends, (P,) each.
    seed
        Of the metacells.
    counted
        Whether the values of each are counts; the profiles of others are taken as they are.

    Returns
    -------
    numpy.ndarray
        Pearson correlations of log profiles, weighted by the cells behind them, (P,).
    """
    n_cells = min(len(each) for each in scores)
    n_meta = max(2, min(METACELLS, n_cells // CELLS_PER_METACELL))
    clusters = MiniBatchKMeans(n_meta, random_state=seed, n_init=3, batch_size=2048).fit_predict(np.vstack(scores))
    labels = np.split(clusters, [len(scores[0])])
    sizes = [np.bincount(each, minlength=n_meta) for each in labels]
    kept = np.minimum(*sizes) >= FEWEST_CELLS
    if kept.sum() < 3:
        return np.full(len(columns[0]), np.nan)
    weight = np.sqrt(np.minimum(*sizes)[kept].astype(np.float64))
    weight /= weight.sum()
    sides = []
    for value, label, size, column, is_count in zip(values, labels, sizes, columns, counted, strict=True):
        gather = sp.csr_matrix((1 / np.maximum(size[label], 1), (label, np.arange(len(label)))), (n_meta, len(label)))
        profile = np.asarray((gather @ value).todense())[kept]
        if is_count:
            profile = np.log1p(1e4 * profile / np.maximum(profile.sum(axis=1, keepdims=True), 1e-9))
        profile = (profile - weight @ profile) * np.sqrt(weight)[:, None]
        length = np.linalg.norm(profile, axis=0)
        sides.append((profile / np.maximum(length, 1e-9))[:, column])
    return np.asarray(np.einsum("mp,mp->p", *sides))
