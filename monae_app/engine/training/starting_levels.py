"""Where the decoding of levels starts: at what was covered alone, region by region and batch by batch.

N cells, F regions, b batches.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import logit

from monae_app.engine.data.levels import concentration_of, mean_levels

if TYPE_CHECKING:
    from monae_app.engine.data.covered import CoveredMatrix

SCALE_AT_START = 0.7
# the level of a region in one batch starts at that of all, with the weight of so many reads
READS_OF_PRIOR = 4.0
SMALLEST_SD = 0.01


def start_levels(
    values: CoveredMatrix, batch: np.ndarray, n_batches: int, likelihood: str
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Start bias, scale and spread at the mean levels, (b, F) each.

    Parameters
    ----------
    values
        (N, F).
    batch, n_batches
        (N,), b.
    likelihood
        ``normal``: the bias is the mean level and the spread its log sd. Otherwise the bias is the logit of the mean
        level and the spread the log concentration of levels around it, which a binomial does not read.
    """
    overall = mean_levels(values, np.zeros(values.shape[1], np.int64))
    of_batch = [values[batch == code].sums(0) for code in range(n_batches)]
    mean = np.stack([(m + READS_OF_PRIOR * overall) / (n + READS_OF_PRIOR) for m, n in of_batch])
    expected = overall[values.indices]
    if likelihood != "normal":
        concentration = concentration_of(values, expected, np.ones(values.nnz, bool))
        return logit(mean), np.full_like(mean, SCALE_AT_START), np.full_like(mean, np.log(concentration))
    covered = np.maximum(np.bincount(values.indices, minlength=values.shape[1]), 1)
    variance = np.bincount(values.indices, (values.level - expected) ** 2, values.shape[1]) / covered
    sd = np.broadcast_to(np.maximum(np.sqrt(variance), SMALLEST_SD), mean.shape)
    return mean, sd.copy(), np.log(sd)
