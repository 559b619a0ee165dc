"""Fold changes of counts from means of logarithms."""

from __future__ import annotations

import numpy as np

# keeps a fold change finite where a feature is absent from a group, as scanpy does
ABSENT = 1e-9


def log2_fold_changes(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return log2 ratios of mean counts per 10,000 from means of ln(1 + CP10k), as scanpy does, shape as given."""
    return np.asarray(np.log2((np.expm1(first) + ABSENT) / (np.expm1(second) + ABSENT)))
