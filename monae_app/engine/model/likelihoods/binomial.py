"""Successes among trials, such as methylated among covered reads, with or without overdispersion.

A place that nobody covered says nothing and costs nothing. B cells, F features of a step; x successes, n trials,
p = sigmoid(s).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch.nn import functional

if TYPE_CHECKING:
    from torch import Tensor

    from monae_app.engine.model.likelihoods.sparse_values import SparseValues

# where p is 3e-7 from 0 or 1: a shape parameter closer to 0 leaves float32
LOGIT_BOUND = 15.0
LOG_CONCENTRATION_BOUND = 8.0
# from here on Stirling's series stands for lgamma, whose differences are lost in float32
LARGE_SHAPE = 16.0


def binomial_nll(measured: SparseValues, logit: Tensor) -> Tensor:
    """Negative log-likelihood of successes among trials, mean over cells and features, a scalar.

    log p(x | n) = log C(n, x) + x s - n log(1 + exp(s)). The mean goes over all B x F places, covered or not, so that
    the term weighs as much evidence as there is against the KL divergence.

    Parameters
    ----------
    measured
        Successes and, as totals, trials of the covered places.
    logit
        s, shape (B, F).

    Raises
    ------
    ValueError
        If there are no totals.
    """
    x, n = _successes_and_trials(measured)
    s = measured.at(logit)
    return -(_log_choose(n, x) + x * s - n * functional.softplus(s)).sum() / logit.numel()


def beta_binomial_nll(measured: SparseValues, logit: Tensor, log_concentration: Tensor) -> Tensor:
    """Negative log-likelihood where p itself varies as Beta(c p, c (1 - p)); mean over cells and features, a scalar.

    log p(x | n) = log C(n, x) + log [ (cp)_x (c(1 - p))_(n-x) / (c)_n ], (a)_k = a (a + 1) ... (a + k - 1).

    Parameters
    ----------
    measured
        Successes and, as totals, trials of the covered places.
    logit
        s, shape (B, F); beyond -15 and 15 it counts as these.
    log_concentration
        log c, shape (1, F) or (B, F); beyond -8 and 8 it counts as these. Large c is the binomial.

    Raises
    ------
    ValueError
        If there are no totals.
    """
    x, n = _successes_and_trials(measured)
    s = measured.at(logit).clamp(-LOGIT_BOUND, LOGIT_BOUND)
    log_c = measured.at(log_concentration.expand_as(logit)).clamp(-LOG_CONCENTRATION_BOUND, LOG_CONCENTRATION_BOUND)
    rising = (
        _log_rising(torch.exp(log_c - functional.softplus(-s)), x)
        + _log_rising(torch.exp(log_c - functional.softplus(s)), n - x)
        - _log_rising(torch.exp(log_c), n)
    )
    return -(_log_choose(n, x) + rising).sum() / logit.numel()


def _successes_and_trials(measured: SparseValues) -> tuple[Tensor, Tensor]:
    if measured.totals is None:
        msg = "a binomial needs the number of trials of every covered place"
        raise ValueError(msg)
    return measured.values, measured.totals


def _log_choose(n: Tensor, x: Tensor) -> Tensor:
    return torch.lgamma(n + 1) - torch.lgamma(x + 1) - torch.lgamma(n - x + 1)


def _log_rising(a: Tensor, k: Tensor) -> Tensor:
    """lgamma(a + k) - lgamma(a) for a > 0, k >= 0, also where both are large and nearly equal."""
    large = a > LARGE_SHAPE
    # the branch that is not taken must have a derivative as well
    low, high = torch.where(large, torch.ones_like(a), a), torch.where(large, a, torch.full_like(a, LARGE_SHAPE))
    exact = torch.lgamma(low + k) - torch.lgamma(low)
    series = (high - 0.5) * torch.log1p(k / high) + k * (torch.log(high + k) - 1) + _tail(high + k) - _tail(high)
    return torch.where(large, series, exact)


def _tail(a: Tensor) -> Tensor:
    """Give what Stirling's formula leaves of lgamma(a), to within 1e-10 from 16 on."""
    return (1 / 12 - (1 / 360 - 1 / (1260 * a**2)) / a**2) / a
