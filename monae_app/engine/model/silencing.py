"""Dropout whose chance is in steps of 1 / 256: eight masks from one random number, which is what it costs on a CPU."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import nn
from torch.nn import functional

if TYPE_CHECKING:
    from torch import Tensor

STEPS = 256


def silenced(values: Tensor, share: float) -> Tensor:
    """Set a share of the values to 0, to the nearest 256th, and scale the others up so that the mean stays.

    Parameters
    ----------
    values
        Of any shape.
    share
        From 0 to 1; 1 leaves nothing.
    """
    if values.device.type != "cpu" or share >= 1:
        return functional.dropout(values, share)
    lost = min(round(share * STEPS), STEPS - 1)
    if not lost:
        return values
    random = torch.empty((values.numel() + 7) // 8, dtype=torch.int64).random_(torch.iinfo(torch.int64).min, None)
    byte = random.view(torch.uint8)[: values.numel()].view(values.shape).to(values.dtype)
    # 0 up to lost - 1, else 1: comparisons take longer
    return values * byte.sub_(lost - 1).clamp_(0, 1).mul_(STEPS / (STEPS - lost))


class Silencing(nn.Module):
    """Dropout of a hidden layer, in training alone.

    Parameters
    ----------
    share
        Of the values that are set to 0.
    """

    def __init__(self, share: float) -> None:
        super().__init__()
        self.share = share

    def forward(self, values: Tensor) -> Tensor:
        """Silence values of any shape."""
        return silenced(values, self.share) if self.training else values
