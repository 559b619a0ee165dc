"""The Wilcoxon rank-sum test of two groups of cells, feature by feature.

Source: Mann & Whitney 1947, Ann Math Stat 18:50, by its normal approximation, with the variance corrected for ties
(Lehmann 1975, Nonparametrics, ch. 1) and without correction for continuity: what scanpy calls ``tie_correct=True``.
Most values of a feature are zero. They are one tie whose rank is known without sorting, so that only the others are
sorted.

n cells, F features.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import norm


@dataclass(frozen=True)
class RankSums:
    """Of every feature, (F,).

    Parameters
    ----------
    score
        How many standard deviations the rank sum of the first group lies above what it would be by chance; 0 where all
        values are the same.
    p
        Two-sided.
    auroc
        How often a cell of the first group has the larger value than one of the second, ties counted half; NaN where
        one of the groups has no value.
    first, second
        Cells of each group that have a value.
    """

    score: np.ndarray
    p: np.ndarray
    auroc: np.ndarray
    first: np.ndarray
    second: np.ndarray


def rank_sums(values: np.ndarray, first: np.ndarray) -> RankSums:
    """Compare two groups.

    Parameters
    ----------
    values
        (n, F), NaN where a value is missing: such a cell takes no part.
    first
        Whether a cell is of the first group, (n,); all others are of the second.
    """
    columns = np.ascontiguousarray(np.asarray(values).T)
    found = np.array([_of_one(column, first) for column in columns]).reshape(len(columns), 4)
    excess, variance, n_first, n_second = found.T
    with np.errstate(invalid="ignore", divide="ignore"):
        score = np.where(variance > 0, excess / np.sqrt(variance), 0.0)
        auroc = 0.5 + excess / (n_first * n_second)
    return RankSums(score, 2 * norm.sf(np.abs(score)), auroc, n_first.astype(int), n_second.astype(int))


def _of_one(column: np.ndarray, first: np.ndarray) -> tuple[float, float, float, float]:
    """Rank sum of the first group less its expectation, the variance of that, and cells of both groups."""
    missing = np.isnan(column)
    if missing.any():
        column, first = column[~missing], first[~missing]
    n = len(column)
    n_first = int(first.sum())
    n_second = n - n_first
    at = np.flatnonzero(column)
    order = np.argsort(column[at])
    sorted_, mine = column[at][order], first[at][order]
    starts = np.flatnonzero(np.r_[True, sorted_[1:] != sorted_[:-1]]) if len(at) else np.zeros(0, int)
    size = np.diff(np.r_[starts, len(at)]).astype(np.float64)
    zeros = n - len(at)
    # zeros stand between what is below and what is above them
    below = starts + np.where(sorted_[starts] > 0, zeros, 0)
    total = ((below + (size + 1) / 2) * np.add.reduceat(mine.astype(np.float64), starts)).sum() if len(at) else 0.0
    total += (np.searchsorted(sorted_, 0) + (zeros + 1) / 2) * (n_first - mine.sum())
    ties = (size**3 - size).sum() + float(zeros) ** 3 - zeros
    correction = 1 - ties / (float(n) ** 3 - n) if n > 1 else 0.0
    variance = max(correction, 0.0) * n_first * n_second * (n + 1) / 12
    return float(total - n_first * (n + 1) / 2), variance, n_first, n_second
