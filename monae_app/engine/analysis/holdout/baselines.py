"""What is cheap and honest to impute with: a low-rank approximation, and the mean of like cells.

N cells, G features of a modality, F of them asked for. All work on the part of the counts that is there for training,
and answer on the scale of ln(1 + counts per 10,000 of the cell).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp
from sklearn.neighbors import NearestNeighbors
from sklearn.utils.extmath import randomized_svd

from monae_app.engine.data.representation import log_normalised

if TYPE_CHECKING:
    from collections.abc import Sequence

RANK, NEIGHBOURS = 20, 30
PER_TEN_THOUSAND = 1e4


def per_ten_thousand(counts: sp.csr_matrix) -> sp.csr_matrix:
    """Scale counts to 10,000 a cell, (N, G) in and out."""
    total = np.maximum(np.asarray(counts.sum(axis=1), np.float64).ravel(), 1)
    return sp.csr_matrix(sp.diags(PER_TEN_THOUSAND / total) @ counts, dtype=np.float32)


def low_rank(counts: sp.csr_matrix, columns: np.ndarray, seed: Sequence[int]) -> np.ndarray:
    """Impute by a truncated singular value decomposition of rank 20 of the log levels, (N, F).

    Parameters
    ----------
    counts
        (N, G), for training.
    columns
        The features that are asked for, (F,).
    seed
        Of the randomised algorithm.
    """
    start = int(np.random.SeedSequence(list(seed)).generate_state(1)[0])
    levels = log_normalised(counts)
    left, values, right = randomized_svd(levels, min(RANK, min(levels.shape) - 1), random_state=start)
    return np.asarray(np.maximum((left * values) @ right[:, columns], 0), np.float32)


def mean_of_like(counts: sp.csr_matrix, representation: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Impute by the mean counts per 10,000 of the 30 cells that are nearest, the cell itself among them, (N, F).

    Parameters
    ----------
    counts
        (N, G), for training.
    representation
        PCA of expression or LSI of peaks of the same counts, (N, k): the one that the encoders read.
    columns
        The features that are asked for, (F,).
    """
    k = min(NEIGHBOURS, len(representation))
    graph = NearestNeighbors(n_neighbors=k).fit(representation).kneighbors_graph(representation)
    return np.asarray(np.log1p((graph / k) @ per_ten_thousand(counts)[:, columns].toarray()), np.float32)
