"""Negative binomial counts, with or without additional zeros.

Source: Lopez et al. 2018, Nat Methods 15:1053 (scVI), for both in terms of a mean and an inverse dispersion.
B cells, F features of a step; m mean, t inverse dispersion (variance m + m^2 / t).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch.autograd.function import once_differentiable
from torch.nn import functional

from monae_app.engine.model.likelihoods.rising import rise_of_gamma
from monae_app.engine.model.per_batch import MOST_BY_PRODUCT, indicators, rows_of

if TYPE_CHECKING:
    from torch import Tensor

    from monae_app.engine.model.likelihoods.sparse_values import SparseValues

LOG_MEAN_BOUND = 12.0
# e^8: indistinguishable from Poisson up to hundreds of counts; beyond, the difference of two lgamma is lost in float32
LOG_DISPERSION_BOUND = 8.0
# below, the derivative of lgamma(t) leaves float32
LOG_DISPERSION_FLOOR = -15.0


def negative_binomial_nll(
    measured: SparseValues, log_mean: Tensor, log_dispersion: Tensor, batch: Tensor | None = None
) -> Tensor:
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
        log t, shape (1, F) or (B, F), or (b, F) with ``batch``; beyond -15 and 8 it counts as these.
    batch
        Row of ``log_dispersion`` that each cell reads, (B,).
    """
    if batch is not None and not 1 < len(log_dispersion) <= MOST_BY_PRODUCT:
        log_dispersion, batch = rows_of(log_dispersion, batch), None
    share = indicators(log_dispersion, batch) if batch is not None else None
    counts = measured.values.to(log_mean.dtype)
    places = measured.rows * log_mean.shape[1] + measured.columns
    value: Tensor = _NegativeBinomial.apply(log_mean, log_dispersion, share, places, counts)  # type: ignore[no-untyped-call]
    return value / log_mean.numel()


class _NegativeBinomial(torch.autograd.Function):
    """Sum of -log p over a block, with its gradient in closed form.

    Left to automatic differentiation this took some 25 passes over the block, which is what a step spends its time on;
    here it takes ten. With d = log m - log t, a zero costs t softplus(d); its derivatives are t sigmoid(d) by log m and
    t softplus(d) - t sigmoid(d) by log t.
    """

    @staticmethod
    def forward(
        context: Any, log_mean: Tensor, log_dispersion: Tensor, share: Tensor | None, places: Tensor, counts: Tensor
    ) -> Tensor:
        log_t = log_dispersion.clamp(LOG_DISPERSION_FLOOR, LOG_DISPERSION_BOUND)
        t = log_t.exp() if share is None else share @ log_t.exp()
        apart = log_mean - log_t if share is None else torch.addmm(log_mean, share, log_t, alpha=-1)
        # a mean beyond the bound is rare; on a GPU to ask would cost more than to bound
        bounded = log_mean.is_cuda or bool(log_mean.amax() > LOG_MEAN_BOUND)
        if bounded:
            apart = torch.minimum(apart, LOG_MEAN_BOUND - (log_t if share is None else share @ log_t))
        t_there = t.view(-1)[places if len(t) > 1 else places % log_mean.shape[1]]
        apart_there = apart.view(-1)[places]
        by_mean = torch.sigmoid(apart).mul_(t)
        of_zeros = functional.softplus(apart).mul_(t)
        less = counts * torch.sigmoid(-apart_there)
        rise, steepness = rise_of_gamma(counts, t_there)
        of_counts = rise - torch.lgamma(counts + 1) + counts * (apart_there - functional.softplus(apart_there))
        value = of_zeros.sum() - of_counts.sum()
        by_dispersion = of_zeros.sub_(by_mean)
        by_mean.view(-1).index_add_(0, places, less, alpha=-1)
        by_dispersion.view(-1).index_add_(0, places, t_there * steepness - less, alpha=-1)
        if share is not None:
            by_dispersion = share.t() @ by_dispersion
        elif len(log_t) == 1:
            by_dispersion = by_dispersion.sum(dim=0, keepdim=True)
        if bounded:
            # beyond a bound the value does not change
            by_mean.masked_fill_(log_mean > LOG_MEAN_BOUND, 0)
        by_dispersion.masked_fill_(log_dispersion != log_t, 0)
        context.save_for_backward(by_mean, by_dispersion)
        return value

    @staticmethod
    @once_differentiable
    def backward(context: Any, gradient: Tensor) -> tuple[Tensor, Tensor, None, None, None]:
        by_mean, by_dispersion = context.saved_tensors
        # in place: a second backward pass is refused by torch, since what was kept has changed
        return by_mean.mul_(gradient), gradient * by_dispersion, None, None, None


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
    return of_zeros, _beyond_zero(x, log_t.exp(), mean - log_t)


def _beyond_zero(counts: Tensor, t: Tensor, apart: Tensor) -> Tensor:
    """Log NB(x) - log NB(0) of counts, with ``apart`` = log m - log t; all (nnz,)."""
    gammas = torch.lgamma(counts + t) - torch.lgamma(t) - torch.lgamma(counts + 1)
    return gammas + counts * (apart - functional.softplus(apart))
