"""How well imputed values follow the truth, feature by feature.

N cells, F features. Correlations of whole profiles within a cell are mostly the mean profile, which any method has, so
every feature is centred over cells.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sp

FEATURES_AT_ONCE = 1024
PER_TEN_THOUSAND = 1e4


def log_normalised(values: Any) -> np.ndarray:
    """log(1 + values per 10,000 of the cell), (N, F) dense or sparse in, dense float64 out."""
    dense = values.toarray() if sp.issparse(values) else np.asarray(values)
    dense = dense.astype(np.float64)
    return np.asarray(np.log1p(dense * (PER_TEN_THOUSAND / np.maximum(dense.sum(axis=1, keepdims=True), 1e-12))))


def centred_pearson(imputed: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Pearson correlation of every feature over cells, shape (F,); both (N, F) on the scale that is to be compared.

    An imputed feature that does not vary scores 0; a feature whose truth does not vary has nothing to follow: NaN.
    """
    found = np.empty(truth.shape[1])
    for start in range(0, truth.shape[1], FEATURES_AT_ONCE):
        columns = slice(start, start + FEATURES_AT_ONCE)
        first, second = (np.asarray(each[:, columns], np.float64) for each in (imputed, truth))
        varies, true_varies = ((each != each[:1]).any(axis=0) for each in (first, second))
        first, second = first - first.mean(axis=0), second - second.mean(axis=0)
        norm = np.sqrt((first**2).sum(axis=0) * (second**2).sum(axis=0))
        known = varies & true_varies & (norm > 0)
        r = np.where(known, (first * second).sum(axis=0) / np.where(known, norm, 1), 0.0)
        found[columns] = np.where(true_varies, r, np.nan)
    return found


def noise_ceiling(counts: Any, *, seed: int = 0) -> np.ndarray:
    """Highest correlation that a perfect prediction of the mean could reach with these noisy counts, shape (F,).

    Counts are thinned into two halves, which are independent given the mean if counts are Poisson around it; r is the
    correlation of the log-normalised halves, 2 r / (1 + r) the reliability of the whole (Spearman 1910, Brown 1910)
    and its root the ceiling. It is 0 where r is within two standard errors of nothing, 2 / sqrt(N).

    Parameters
    ----------
    counts
        (N, F), sparse or dense whole numbers.
    seed
        Of the thinning.
    """
    whole = sp.csc_array(counts).astype(np.float64)
    half = whole.copy()
    half.data = np.random.default_rng(seed).binomial(whole.data.astype(np.int64), 0.5).astype(np.float64)
    halves = (half, whole - half)
    scales = [PER_TEN_THOUSAND / np.maximum(each.sum(axis=1), 1e-12) for each in halves]
    r = np.empty(whole.shape[1])
    for start in range(0, len(r), FEATURES_AT_ONCE):
        columns = slice(start, start + FEATURES_AT_ONCE)
        dense = [
            np.log1p(each[:, columns].toarray() * scale[:, None]) for each, scale in zip(halves, scales, strict=True)
        ]
        r[columns] = np.nan_to_num(centred_pearson(dense[0], dense[1]))
    known = r > 2 / np.sqrt(max(whole.shape[0], 1))
    return np.where(known, np.sqrt(2 * np.maximum(r, 0) / (1 + np.maximum(r, 0))), 0.0)


def share_of_ceiling(correlation: np.ndarray, ceiling: np.ndarray) -> np.ndarray:
    """Correlation as a share of the noise ceiling, (F,) each; NaN where the ceiling is 0.

    The share estimates the correlation with the mean behind the counts (correction for attenuation, Spearman 1904) and
    can exceed 1 by chance.
    """
    known = ceiling > 0
    return np.where(known, correlation / np.where(known, ceiling, 1), np.nan)
