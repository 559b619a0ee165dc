"""How many of the features that are called different are so by chance."""

from __future__ import annotations

import numpy as np


def false_discovery_rates(p: np.ndarray) -> np.ndarray:
    """Adjust p values, (F,): the smallest false discovery rate at which each feature is called different.

    Source: Benjamini & Hochberg 1995, J R Stat Soc B 57:289. NaN stays NaN and is no test.
    """
    known = np.flatnonzero(~np.isnan(p))
    order = known[np.argsort(p[known])[::-1]]
    share = len(known) / np.arange(len(known), 0, -1)
    found = np.full(len(p), np.nan)
    found[order] = np.minimum(np.minimum.accumulate(p[order] * share), 1)
    return found
