"""The mean of ln(1 + x) over features, in every cell.

V features, n cells.
"""

from __future__ import annotations

import numpy as np

# Logarithms are what costs: of the product of a few, one is taken. Counts per 10,000 of so many fit into float32.
TOGETHER = 4


def mean_log1p(values: np.ndarray) -> np.ndarray:
    """Average ln(1 + x) over features.

    Parameters
    ----------
    values
        At least 0 and at most 1e9, (V, n), float32; spoilt.

    Returns
    -------
    (n,), float32, within 1e-6 of the mean of logarithms that are taken one by one.
    """
    values += np.float32(1)
    total = np.zeros(values.shape[1], np.float32)
    for first in range(0, len(values), TOGETHER):
        product = values[first]
        for other in values[first + 1 : first + TOGETHER]:
            product *= other
        total += np.log(product, out=product)
    return total / np.float32(len(values))
