"""Negative binomial counts, with or without additional zeros.

Source: Lopez et al. 2018, Nat Methods 15:1053 (scVI), for both in terms of a mean and an inverse dispersion.
B cells, F features of a step; m mean, t inverse dispersion (variance m + m^2 / t).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch.nn import functional

if TYPE_CHECKING:
    from torch import Tensor

    from monae_app.engine.model.likelihoods.sparse_values import SparseValues

LOG_MEAN_BOUND = 12.0
# e^8: indistinguishable from Poisson up to hundreds of counts; beyond, the difference of two lgamma is lost in float32
LOG_DISPERSION_BOUND = 8.0
# below, the derivative of lgamma(t) leaves float32
LOG_DISPERSION_FLOOR = -15.0


def negative_binomial_nll(measured: SparseValues, log_mean: Tensor, log_dispersion: Tensor) -> Tensor:
    """Negative log-likelihood of counts, mean over cells and features, a scalar.

    log p(x) = lgamma(x + t) - lgamma(t) - lgamma(x + 1) + x log(m / (m + t)) - t log(1 + m / t). At x = 0 only the last
    term is left, which needs no lgamma: that stays with the non-zeros, so the cost follows the data, and the result is
    exact.

    Parameters
    ----------
    measured
        Counts of the block.
    log_mean
        log m, shape (B, F); above 12 it counts as 12.
    log_dispersion
        log t, shape (1, F) or (B, F); beyond -15 and 8 it counts as these.
    """
    of_zeros, beyond = _parts(measured, log_mean, log_dispersion)
    return (of_zeros.sum() - beyond.sum()) / log_mean.numel()


def zero_inflated_nb_nll(
    measured: SparseValues, log_mean: Tensor, log_dispersion: Tensor, zero_logit: Tensor
) -> Tensor:
    """Negative log-likelihood of counts of which a share s of the places was silenced; mean over cells and features.

    p(0) = s + (1 - s) NB(0), p(x) = (1 - s) NB(x) otherwise. With z = logit s and q = -log NB(0), a zero costs
    softplus(z) - logaddexp(z, -q), and a count softplus(z) more than without silencing.

    Parameters
    ----------
    measured, log_mean, log_dispersion
        As in :func:`negative_binomial_nll`; the mean is that of what was not silenced.
    zero_logit
        z, shape (1, F) or (B, F).
    """
    of_zeros, beyond = _parts(measured, log_mean, log_dispersion)
    zero_logit = zero_logit.expand_as(of_zeros)
    as_if_zero = functional.softplus(zero_logit).sum() - torch.logaddexp(zero_logit, -of_zeros).sum()
    # taken back at the non-zeros: q + logaddexp(z, -q) = softplus(z + q)
    taken_back = functional.softplus(measured.at(zero_logit) + measured.at(of_zeros))
    return (as_if_zero + (taken_back - beyond).sum()) / log_mean.numel()


def _parts(measured: SparseValues, log_mean: Tensor, log_dispersion: Tensor) -> tuple[Tensor, Tensor]:
    """-log NB(0) everywhere, (B, F), and log NB(x) - log NB(0) at the non-zeros, (nnz,)."""
    log_mean = log_mean.clamp(max=LOG_MEAN_BOUND)
    log_dispersion = log_dispersion.clamp(LOG_DISPERSION_FLOOR, LOG_DISPERSION_BOUND)
    of_zeros = log_dispersion.exp() * functional.softplus(log_mean - log_dispersion)
    x, mean, log_t = measured.values, measured.at(log_mean), measured.at(log_dispersion.expand_as(log_mean))
    t = log_t.exp()
    beyond = (
        torch.lgamma(x + t)
        - torch.lgamma(t)
        - torch.lgamma(x + 1)
        + x * (mean - log_t - functional.softplus(mean - log_t))
    )
    return of_zeros, beyond
