"""The cell view: an encoder per modality, and the decoder that cells and features share.

B cells, k input components, D_s shared and D_p private latent axes, F features, b batches, C covariates.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import nn
from torch.nn import functional

from monae_app.engine.model.per_batch import rows_of
from monae_app.engine.model.silencing import Silencing, silenced

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

SMALLEST_SD = 1e-6
START_RAW_SD = -0.5
START_SHARE_OF_HIDDEN = 0.1
ALL = slice(None)


class CellLatent(NamedTuple):
    """Normal distribution of a cell's latent, shared axes first: mean and sd (B, D_s + D_p)."""

    mean: Tensor
    sd: Tensor

    def sample(self) -> Tensor:
        """Draw one latent a cell, (B, D_s + D_p)."""
        return self.mean + self.sd * torch.randn_like(self.sd)


def hidden_block(width_in: int, width: int, dropout: float) -> nn.Sequential:
    """Return one hidden layer: linear, leaky ReLU, batch norm, dropout."""
    return nn.Sequential(nn.Linear(width_in, width), nn.LeakyReLU(0.2), nn.BatchNorm1d(width), Silencing(dropout))


def blocks_of_levels(levels: Tensor, n_levels: Sequence[int]) -> Tensor:
    """One one-hot block a covariate: levels (n, C) int64, result (n, sum of n_levels) float32."""
    blocks = [functional.one_hot(each, size) for each, size in zip(levels.unbind(dim=1), n_levels, strict=True)]
    return torch.cat(blocks, dim=1).to(torch.float32)


class CellEncoder(nn.Module):
    """From a cell's components and batch to its latent.

    The mean is a linear map, which starts as the closed-form alignment, and what two hidden layers bend it by. Shared
    means all have the same length, sqrt(D_s) / 2: the posterior mean of a cell with few counts lies nearer to the
    origin, and a thin modality would come to lie inside the others.

    Parameters
    ----------
    n_components
        k.
    batches
        b; with one batch no batch covariate is read. Or the level of every covariate in each batch, (b, C) int64: one
        covariate is one block of a cell's input, so that a batch is known where its levels are.
    shared, private
        D_s, D_p.
    hidden, dropout
        Of the two hidden layers.
    straight_private
        Whether the private mean has a linear part as well, as in Monae-E, whose input has private axes of its own.
    """

    of_batch: Tensor

    def __init__(
        self,
        n_components: int,
        batches: int | Tensor,
        *,
        shared: int,
        private: int,
        hidden: int,
        dropout: float,
        straight_private: bool = False,
    ) -> None:
        super().__init__()
        self.n_shared = shared
        self.length = shared**0.5 / 2
        levels = torch.arange(batches)[:, None] if isinstance(batches, int) else batches
        self.n_levels = [int(each) + 1 for each in levels.amax(dim=0)]
        # weights.safetensors keeps the levels for all encoders at once
        self.register_buffer("of_batch", blocks_of_levels(levels, self.n_levels), persistent=False)
        self.reads_batch = len(levels) > 1
        width_in = n_components + (sum(self.n_levels) if self.reads_batch else 0)
        self.body = nn.Sequential(hidden_block(width_in, hidden, dropout), hidden_block(hidden, hidden, dropout))
        self.linear = nn.Linear(n_components, shared + (private if straight_private else 0))
        self.mean = nn.Linear(hidden, shared + private)
        self.raw_sd = nn.Linear(hidden, shared + private)
        with torch.no_grad():
            self.raw_sd.bias.fill_(START_RAW_SD)

    @torch.no_grad()
    def start_at(self, weights: Tensor, offset: Tensor) -> None:
        """Start the axes with a linear part at a map x -> x weights + offset, (k, D_s) and (D_s,), or D for D_s."""
        self.linear.weight.copy_(weights.t())
        self.linear.bias.copy_(offset)
        started = len(offset)
        self.mean.weight[:started].mul_(START_SHARE_OF_HIDDEN)
        self.mean.bias[:started].zero_()

    def forward(self, representation: Tensor, batch: Tensor, extra_dropout: float = 0.0) -> CellLatent:
        """Encode cells.

        Parameters
        ----------
        representation
            (B, k).
        batch
            (B,) int64; or the level of every covariate, (B, C) int64, which may make a batch that never occurred.
        extra_dropout
            Share of the components that is silenced on top: the student's handicap.
        """
        if extra_dropout:
            representation = silenced(representation, extra_dropout)
        straight = self.linear(representation)
        if self.reads_batch:
            blocks = self.of_batch[batch] if batch.dim() == 1 else blocks_of_levels(batch, self.n_levels)
            representation = torch.cat([representation, blocks.to(representation.dtype)], dim=1)
        hidden = self.body(representation)
        bent = self.mean(hidden)
        shared = self.length * functional.normalize(straight[:, : self.n_shared] + bent[:, : self.n_shared], dim=1)
        private = bent[:, self.n_shared :]
        if straight.shape[1] > self.n_shared:
            private = straight[:, self.n_shared :] + private
        mean = torch.cat([shared, private], dim=1)
        return CellLatent(mean, functional.softplus(self.raw_sd(hidden)) + SMALLEST_SD)


class BatchDecoder(nn.Module, ABC):
    """Scale, bias and dispersion per feature and batch: what turns u . f into a measured value."""

    @abstractmethod
    def at(self, features: Tensor | slice = ALL) -> tuple[Tensor, Tensor, Tensor]:
        """Scale, bias and log dispersion of the chosen features in every batch, (b, F) each."""

    def prior(self) -> Tensor:
        """Negative log density of the parameters, up to a constant, summed over features: 0 unless one is stated."""
        return next(self.parameters()).new_zeros(())

    def forward(self, latent: Tensor, vectors: Tensor, batch: Tensor, features: Tensor) -> tuple[Tensor, Tensor]:
        """Decode the chosen features of the given cells.

        Parameters
        ----------
        latent
            (B, D).
        vectors
            Of the chosen features, (F, D).
        batch
            (B,).
        features
            Positions of the chosen features, (F,).

        Returns
        -------
        tuple
            scale (u . f) + bias (B, F), and the log dispersion in every batch (b, F).
        """
        scale, bias, spread = self.at(features)
        if len(scale) == 1:
            # the bias as one more axis, at which every cell lies at 1: no pass of its own, nor one for its gradient
            axes = torch.cat([vectors * scale.t(), bias.t()], dim=1)
            return functional.pad(latent, (0, 1), value=1.0) @ axes.t(), spread
        return torch.addcmul(rows_of(bias, batch), latent @ vectors.t(), rows_of(scale, batch)), spread


class FeatureDecoder(BatchDecoder):
    """A decoder that is fitted to every batch by itself.

    Parameters
    ----------
    bias
        Start of the bias, (b, F): log proportions of counts, means of continuous values.
    scale
        Start of the scale, (b, F), positive.
    log_dispersion
        Start of the log inverse dispersion (counts) or log sd (continuous), (b, F).
    """

    def __init__(self, bias: Tensor, scale: Tensor, log_dispersion: Tensor) -> None:
        super().__init__()
        self.bias = nn.Parameter(bias.clone())
        # the inverse of softplus, in a form that does not overflow
        self.raw_scale = nn.Parameter(scale + torch.log(-torch.expm1(-scale)))
        self.log_dispersion = nn.Parameter(log_dispersion.clone())

    @property
    def scale(self) -> Tensor:
        """Positive, (b, F)."""
        return functional.softplus(self.raw_scale)

    def at(self, features: Tensor | slice = ALL) -> tuple[Tensor, Tensor, Tensor]:
        """Scale, bias and log dispersion of the chosen features in every batch, (b, F) each."""
        return self.scale[:, features], self.bias[:, features], self.log_dispersion[:, features]
