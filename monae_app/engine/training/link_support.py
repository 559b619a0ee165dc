"""Which of the guidance edges the data bear out: correlation over metacells of a first, rough alignment.

Most peaks near a gene do not follow it. Weighing each by how well it does, before activities are summed, makes the
second alignment sharper. P edges, N cells.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from monae_app.engine.data.metacells import find_metacells

if TYPE_CHECKING:
    from collections.abc import Sequence

    import scipy.sparse as sp


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
    metacells = find_metacells(scores, seed=seed)
    if not metacells.enough:
        return np.full(len(columns[0]), np.nan)
    sides = [
        metacells.profiles(side, value, counted=is_count)[:, column]
        for side, (value, column, is_count) in enumerate(zip(values, columns, counted, strict=True))
    ]
    return np.asarray(np.einsum("mp,mp->p", *sides))
