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


def steady_sizes(counts: sp.csr_matrix, time: np.ndarray, tip: np.ndarray) -> np.ndarray:
    """Size of each cell by the features that do not change, (n,); with few features the sum of its counts.

    Source: medians of ratios, Anders & Huber 2010, Genome Biol 11:R106, of sums over cells at about the same time.

    Parameters
    ----------
    counts
        (n, F).
    time, tip
        (n,) pseudotime, and the tip of the branch of each cell.
    """
    sizes = np.maximum(np.asarray(counts.sum(axis=1), np.float64).ravel(), 1.0)
    level = np.asarray(counts.sum(axis=0), np.float64).ravel() / sizes.sum()
    best = np.argsort(-level, kind="stable")[:MOST_FEATURES]
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
