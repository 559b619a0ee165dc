"""What a cell's counts are measured against: most features, not the sum of all. n cells, F features.

Where some genes rise strongly, the share of all others falls, though nothing happened to them. Counts are therefore
scaled so that the median feature stays as it is along pseudotime.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import scipy.sparse as sp

BINS, FEWEST_CELLS = 12, 40
MOST_FEATURES, FEWEST_FEATURES = 1000, 50
LEAST_COUNTS = 20.0


def steady_sizes(
    counts: sp.csr_matrix, time: np.ndarray, tip: np.ndarray, among: np.ndarray | None = None
) -> np.ndarray:
    """Size of each cell by the features that do not change, (n,); with few features the sum of its counts.

    Source: medians of ratios, Anders & Huber 2010, Genome Biol 11:R106, of sums over cells at about the same time.

    Parameters
    ----------
    counts
        (n, F).
    time, tip
        (n,) pseudotime, and the tip of the branch of each cell.
    among
        (F,) bool, features that may tell the size; None for all.
    """
    sizes: np.ndarray = np.maximum(np.asarray(counts.sum(axis=1), np.float64).ravel(), 1.0)
    level = np.asarray(counts.sum(axis=0), np.float64).ravel() / sizes.sum()
    allowed = level if among is None else np.where(among, level, 0)
    best = np.argsort(-allowed, kind="stable")[:MOST_FEATURES]
    best = best[allowed[best] > 0]
    some = counts[:, best]
    found = sizes.copy()
    for each in np.unique(tip):
        rows = np.flatnonzero(tip == each)
        rows = rows[np.argsort(time[rows], kind="stable")]
        for part in np.array_split(rows, max(1, min(BINS, len(rows) // FEWEST_CELLS))):
            expected = level[best] * sizes[part].sum()
            known = expected >= LEAST_COUNTS
            if known.sum() >= FEWEST_FEATURES:
                ratio = np.asarray(some[part].sum(axis=0)).ravel()[known] / expected[known]
                found[part] *= max(float(np.median(ratio)), 0.1)
    return found


def pearson_residuals(counts: np.ndarray, sizes: np.ndarray, theta: np.ndarray) -> np.ndarray:
    """Scale counts to mean 0 and variance 1, as they are where nothing changes, (n, F).

    Source: Lause, Berens & Kobak 2021, Genome Biol 22:258, eq. 3; clipped at the root of n. Unlike logarithms, they
    are 0 in the mean whatever the depth of a cell.

    Parameters
    ----------
    counts
        (n, F).
    sizes
        (n,) of the cells.
    theta
        Inverse dispersion of each feature, (F,): variance = mean + mean^2 / theta.
    """
    mean = sizes[:, None] * (counts.sum(axis=0) / max(float(sizes.sum()), 1.0))
    residual = (counts - mean) / np.sqrt(mean + mean**2 / theta + 1e-12)
    most = np.sqrt(len(counts))
    found: np.ndarray = np.clip(residual, -most, most)
    return found
