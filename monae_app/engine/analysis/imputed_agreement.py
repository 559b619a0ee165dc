"""How well imputed levels of groups follow the measured ones, feature by feature, beside what noise allows.

F features, G groups.
"""

from __future__ import annotations

import numpy as np

FEWEST_GROUPS = 3


def over_groups(measured: np.ndarray, imputed: np.ndarray) -> np.ndarray:
    """Correlation over groups, each feature centred, each group weighing the same, (F,); (F, G) both.

    NaN where fewer than three groups have both, or the measured level does not vary; 0 where the imputed one does not.
    """
    known = np.isfinite(measured) & np.isfinite(imputed)
    count = known.sum(axis=1)
    first, second = (_centred(each, known) for each in (measured, imputed))
    norms = np.sqrt((first**2).sum(axis=1)), np.sqrt((second**2).sum(axis=1))
    product = norms[0] * norms[1]
    r = np.where(product > 0, (first * second).sum(axis=1) / np.where(product > 0, product, 1), 0.0)
    return np.asarray(np.where((count >= FEWEST_GROUPS) & (norms[0] > 0), r, np.nan))


def ceiling_over_groups(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Highest correlation with the measured levels that the true ones could have, (F,).

    The cells of every group are split into halves, whose levels are (F, G) each. r is their correlation over the
    groups, 2 r / (1 + r) the reliability of the whole (Spearman 1910, Brown 1910) and its root the ceiling; 0 where
    r is not above nothing, NaN where it is not known.
    """
    r = over_groups(first, second)
    above = np.maximum(np.nan_to_num(r), 0)
    return np.asarray(np.where(np.isnan(r), np.nan, np.sqrt(2 * above / (1 + above))))


def _centred(values: np.ndarray, known: np.ndarray) -> np.ndarray:
    filled = np.where(known, values, 0)
    mean = filled.sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    return np.where(known, filled - mean[:, None], 0)
