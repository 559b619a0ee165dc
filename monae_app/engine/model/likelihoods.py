"""How likely the measured values are under the decoded ones.

B cells, F features of a step. Measured values come sparse, as (row, column, value) of the non-zeros.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch.nn import functional

if TYPE_CHECKING:
    from torch import Tensor

LOG_MEAN_BOUND = 12.0
# e^8: indistinguishable from Poisson up to hundreds of counts; beyond, the difference of two lgamma is lost in float32
LOG_DISPERSION_BOUND = 8.0
LOG_2_PI = 1.8378770664093453


@dataclass(frozen=True)
class SparseValues:
    """The non-zeros of a block of B cells x F features.

    Parameters
    ----------
    rows, columns
        Places within the block, shape (nnz,), int64.
    values
        Shape (nnz,), float32.
    """

    rows: Tensor
    columns: Tensor
    values: Tensor

    def dense(self, shape: tuple[int, int]) -> Tensor:
        """Fill the whole block, zeros included, shape (B, F)."""
        block = self.values.new_zeros(shape)
        block[self.rows, self.columns] = self.values
        return block


def negative_binomial_nll(measured: SparseValues, log_mean: Tensor, log_dispersion: Tensor) -> Tensor:
    """Negative log-likelihood of counts, mean over cells and features.

    With mean m and inverse dispersion t, a zero costs t log(1 + m / t), which needs no lgamma: that stays with the
    non-zeros, so the cost follows the data, and the result is exact.

    Parameters
    ----------
    measured
        Counts of the block.
    log_mean
        Shape (B, F).
    log_dispersion
        log t, shape (1, F) or (B, F).
    """
    log_mean = log_mean.clamp(max=LOG_MEAN_BOUND)
    log_dispersion = log_dispersion.clamp(max=LOG_DISPERSION_BOUND)
    as_if_zero = (log_dispersion.exp() * functional.softplus(log_mean - log_dispersion)).sum()
    rows, columns, x = measured.rows, measured.columns, measured.values
    mean = log_mean[rows, columns]
    log_t = log_dispersion.expand_as(log_mean)[rows, columns]
    t = log_t.exp()
    of_non_zeros = (
        torch.lgamma(x + t)
        - torch.lgamma(t)
        - torch.lgamma(x + 1)
        + x * (mean - log_t - functional.softplus(mean - log_t))
    ).sum()
    return (as_if_zero - of_non_zeros) / log_mean.numel()


def normal_nll(measured: SparseValues, mean: Tensor, log_sd: Tensor) -> Tensor:
    """Negative log-likelihood of continuous values, mean over cells and features; shapes as above."""
    off = (measured.dense((mean.shape[0], mean.shape[1])) - mean) * torch.exp(-log_sd)
    return (0.5 * off**2 + log_sd + 0.5 * LOG_2_PI).mean()
