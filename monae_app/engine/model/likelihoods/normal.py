"""Continuous values with normal noise; B cells, F features of a step."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from torch import Tensor

    from monae_app.engine.model.likelihoods.sparse_values import SparseValues

LOG_2_PI = math.log(2 * math.pi)
# a feature that never varies would otherwise be worth more and more as its sd falls, and drown every other term
LOG_SD_FLOOR = -6.0


def normal_nll(measured: SparseValues, mean: Tensor, log_sd: Tensor) -> Tensor:
    """Negative log-likelihood of continuous values, mean over cells and features, a scalar.

    -log p(x) = ((x - m) / sd)^2 / 2 + log sd + log(2 pi) / 2; silent places are zeros and count as such, but for
    values with totals, such as levels: where nothing was covered, nothing is said, as in a binomial.

    Parameters
    ----------
    measured
        Values of the block.
    mean
        m, shape (B, F).
    log_sd
        Shape (1, F) or (B, F); below -6 it counts as -6.
    """
    log_sd = log_sd.clamp(min=LOG_SD_FLOOR)
    if measured.totals is not None:
        spread = measured.at(log_sd.expand_as(mean))
        off = (measured.values - measured.at(mean)) * torch.exp(-spread)
        return (0.5 * off**2 + spread + 0.5 * LOG_2_PI).sum() / mean.numel()
    off = (measured.dense((mean.shape[0], mean.shape[1])) - mean) * torch.exp(-log_sd)
    return (0.5 * off**2 + log_sd + 0.5 * LOG_2_PI).mean()
