"""What was measured of features in groups of cells and in the rest. n cells of a modality, G groups, F features."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from monae_app.engine.analysis.fold_changes import log2_fold_changes


@dataclass(frozen=True)
class Levels:
    """Means and shares over the cells in which a feature was measured, (G, F) each, NaN where there are none.

    Parameters
    ----------
    means, rest
        Mean of the group, and of all cells of other groups.
    shares
        Share of the group's cells that are above zero.
    counts
        Whether values are ln(1 + counts per 10,000).
    """

    means: np.ndarray
    rest: np.ndarray
    shares: np.ndarray
    counts: bool

    @property
    def changes(self) -> np.ndarray:
        """Log2 fold changes of counts per 10,000 (from means of logarithms, as Differential does), or differences."""
        if not self.counts:
            return np.asarray(self.means - self.rest)
        return log2_fold_changes(self.means, self.rest)


def levels_of(values: np.ndarray, codes: np.ndarray, n_groups: int, *, counts: bool) -> Levels:
    """Average features over groups.

    Parameters
    ----------
    values
        Of the features, (n, F); NaN where nothing was measured.
    codes
        Group of every cell, (n,), negative where it is in none.
    n_groups
        G.
    counts
        Whether values are logarithms of counts.
    """
    inside = codes >= 0
    mine = codes[inside]
    member = sp.csr_matrix((np.ones(len(mine), np.float32), mine, np.arange(len(mine) + 1)), (len(mine), n_groups)).T
    some = values[inside]
    known = ~np.isnan(some)
    number = np.asarray(member @ known.astype(np.float32), np.float64)
    total = np.asarray(member @ np.where(known, some, 0), np.float64)
    above = np.asarray(member @ (some > 0).astype(np.float32), np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        rest = (total.sum(axis=0) - total) / (number.sum(axis=0) - number)
        return Levels(total / number, rest, above / number, counts)


def log_levels(values: np.ndarray, library: np.ndarray) -> np.ndarray:
    """Take ln(1 + counts per 10,000) of counts (n, F), of cells that have so many counts in all, (n,)."""
    return np.asarray(np.log1p(np.maximum(values, 0) * (1e4 / np.maximum(library, 1.0)).astype(np.float32)[:, None]))
