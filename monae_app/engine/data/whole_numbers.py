"""Whether values are counts, by a look at some of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import scipy.sparse as sp

SAMPLED_VALUES = 1_000_000


def are_whole(values: sp.csr_matrix) -> bool:
    """Whether a sample of the stored values are whole numbers; gaps (NaN) are neither, and left to later checks."""
    sample = values.data[:: max(1, len(values.data) // SAMPLED_VALUES)]
    finite = sample[np.isfinite(sample)]
    return bool(np.array_equal(finite, np.round(finite)))
