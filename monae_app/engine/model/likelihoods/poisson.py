"""Poisson counts, and the same counts of which only presence is looked at.

B cells, F features of a step; m mean.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from monae_app.engine.model.likelihoods.negative_binomial import LOG_MEAN_BOUND

if TYPE_CHECKING:
    from torch import Tensor

    from monae_app.engine.model.likelihoods.sparse_values import SparseValues

# below this mean, log(1 - exp(-m)) - log(m) is taken from its series, whose next term is m^4 / 2880
SMALL_MEAN = 1e-2


def poisson_nll(measured: SparseValues, log_mean: Tensor) -> Tensor:
    """Negative log-likelihood of counts, mean over cells and features, a scalar.

    log p(x) = x log m - m - lgamma(x + 1); a zero costs m.

    Parameters
    ----------
    measured
        Counts of the block.
    log_mean
        log m, shape (B, F); above 12 it counts as 12.
    """
    log_mean = log_mean.clamp(max=LOG_MEAN_BOUND)
    beyond = measured.values * measured.at(log_mean) - torch.lgamma(measured.values + 1)
    return (log_mean.exp().sum() - beyond.sum()) / log_mean.numel()


def presence_nll(measured: SparseValues, log_mean: Tensor) -> Tensor:
    """Negative log-likelihood of being present or not, mean over cells and features, a scalar.

    Bernoulli with p = 1 - exp(-m), the chance that a Poisson count of mean m is not 0: the complementary log-log link,
    under which depth stays a factor of the mean. A zero costs m, a one -log(1 - exp(-m)).

    Source: McCullagh and Nelder 1989, Generalized Linear Models, 4.3.1.

    Parameters
    ----------
    measured
        Values of the block; whatever is not 0 is present.
    log_mean
        log m, shape (B, F); above 12 it counts as 12.
    """
    log_mean = log_mean.clamp(max=LOG_MEAN_BOUND)
    present = measured.at(log_mean)[measured.values != 0]
    mean = present.exp()
    small = mean < SMALL_MEAN
    # the branch that is not taken must have a derivative as well
    kept = torch.where(small, torch.ones_like(mean), mean)
    log_p = torch.where(small, present - mean / 2 + mean**2 / 24, torch.log(-torch.expm1(-kept)))
    return (log_mean.exp().sum() - (log_p + mean).sum()) / log_mean.numel()
