"""The decoder of several batch covariates: what each level does to a feature, summed, and what a batch adds to that.

F features, b batches, C covariates, L levels of all covariates together.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import nn
from torch.nn import functional

from monae_app.engine.model.cell_autoencoder import ALL, BatchDecoder, blocks_of_levels

if TYPE_CHECKING:
    from torch import Tensor

    from monae_app.engine.model.cell_autoencoder import FeatureDecoder

# log fold a level may change a feature by, and a batch beyond the sum of its levels, before it costs: a batch of few
# counts stays at the sum, one of many says what it says
SD_OF_LEVEL, SD_OF_BATCH = 1.0, 0.2
# of the fit at the start, in shares of all cells: levels that cannot be told apart share their effect
RIDGE = 1e-3


class AdditiveDecoder(BatchDecoder):
    """Scale, bias and dispersion per feature and batch, as sums over the covariates.

    Bias, raw scale and log dispersion of a batch are a base and what each of its levels adds. The bias of a batch may
    depart from this sum, at a cost (:meth:`prior`): a batch of few cells is decoded as its levels say.

    Parameters
    ----------
    start
        A decoder that was started for each batch by itself.
    levels
        Level of every covariate in each batch, (b, C) int64.
    cells
        Number of cells of the modality in each batch, (b,).
    """

    levels: Tensor

    def __init__(self, start: FeatureDecoder, levels: Tensor, cells: Tensor) -> None:
        super().__init__()
        blocks = blocks_of_levels(levels, [int(each) + 1 for each in levels.amax(dim=0)])
        self.register_buffer("levels", blocks, persistent=False)
        weight = cells.to(torch.float64) / cells.sum()
        tables = (start.bias, start.raw_scale, start.log_dispersion)
        bases, effects = zip(*(_fit(each.detach().double(), blocks.double(), weight) for each in tables), strict=True)
        self.base = nn.ParameterList([each.float() for each in bases])
        self.of_level = nn.ParameterList([each.float() for each in effects])
        self.of_batch = nn.Parameter(torch.zeros_like(start.bias))

    def at(self, features: Tensor | slice = ALL) -> tuple[Tensor, Tensor, Tensor]:
        """Scale, bias and log dispersion of the chosen features in every batch, (b, F) each."""
        bias, raw_scale, log_dispersion = (self._sum(which, features) for which in range(3))
        return functional.softplus(raw_scale), bias + self.of_batch[:, features], log_dispersion

    def prior(self) -> Tensor:
        """Negative log density of what levels and batches add, up to a constant, summed over features: a scalar."""
        of_levels = torch.stack([(each**2).sum() for each in self.of_level]).sum()
        return 0.5 * (of_levels / SD_OF_LEVEL**2 + (self.of_batch**2).sum() / SD_OF_BATCH**2)

    def _sum(self, which: int, features: Tensor | slice) -> Tensor:
        summed: Tensor = self.base[which][:, features] + self.levels @ self.of_level[which][:, features]
        return summed


def _fit(table: Tensor, blocks: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
    """Find base (1, F) and effects of levels (L, F) whose sums come closest to a table (b, F), weighed by cells.

    A level without cells has no effect.
    """
    base = weight[None] @ table
    weighed = blocks * weight[:, None]
    ridge = RIDGE * torch.eye(blocks.shape[1], dtype=table.dtype)
    return base, torch.linalg.solve(blocks.t() @ weighed + ridge, weighed.t() @ (table - base))
