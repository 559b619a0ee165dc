"""The cell view: an encoder per modality, a discriminator, and the decoder that cells and features share.

B cells, k input components, D_s shared and D_p private latent axes, F features, b batches.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import nn
from torch.nn import functional

if TYPE_CHECKING:
    from torch import Tensor

SMALLEST_SD = 1e-6


class CellLatent(NamedTuple):
    """Normal distribution of a cell's latent, shared axes first: mean and sd (B, D_s + D_p)."""

    mean: Tensor
    sd: Tensor

    def sample(self) -> Tensor:
        """Draw one latent a cell, (B, D_s + D_p)."""
        return self.mean + self.sd * torch.randn_like(self.sd)


def hidden_block(width_in: int, width: int, dropout: float) -> nn.Sequential:
    """Return one hidden layer: linear, leaky ReLU, batch norm, dropout."""
    return nn.Sequential(nn.Linear(width_in, width), nn.LeakyReLU(0.2), nn.BatchNorm1d(width), nn.Dropout(dropout))


class CellEncoder(nn.Module):
    """From a cell's components and batch to its latent.

    Parameters
    ----------
    n_components
        k.
    n_batches
        b; with one batch no batch covariate is read.
    latent
        D_s + D_p.
    hidden, dropout
        Of the two hidden layers.
    """

    def __init__(self, n_components: int, n_batches: int, *, latent: int, hidden: int, dropout: float) -> None:
        super().__init__()
        self.n_batches = n_batches
        width_in = n_components + (n_batches if n_batches > 1 else 0)
        self.body = nn.Sequential(hidden_block(width_in, hidden, dropout), hidden_block(hidden, hidden, dropout))
        self.mean = nn.Linear(hidden, latent)
        self.spread = nn.Linear(hidden, latent)

    def forward(self, representation: Tensor, batch: Tensor) -> CellLatent:
        """Encode cells; representation (B, k), batch (B,) int64."""
        if self.n_batches > 1:
            one_hot = functional.one_hot(batch, self.n_batches).to(representation.dtype)
            representation = torch.cat([representation, one_hot], dim=1)
        hidden = self.body(representation)
        return CellLatent(self.mean(hidden), functional.softplus(self.spread(hidden)) + SMALLEST_SD)


class FeatureDecoder(nn.Module):
    """Scale, bias and dispersion per feature and batch: what turns u . f into a measured value.

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
            scale (u . f) + bias (B, F) and the log dispersion (B or 1, F).
        """
        product = latent @ vectors.t()
        scale, bias, spread = self.scale[:, features], self.bias[:, features], self.log_dispersion[:, features]
        if len(scale) == 1:
            return torch.addcmul(bias, product, scale), spread
        return torch.addcmul(bias[batch], product, scale[batch]), spread[batch]


class Discriminator(nn.Module):
    """Tells from the shared latent which modality a cell was measured in."""

    def __init__(self, latent: int, hidden: int, n_modalities: int, dropout: float) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Linear(latent, hidden),
            nn.LeakyReLU(0.2),
            nn.Dropout(dropout),
            nn.Linear(hidden, hidden),
            nn.LeakyReLU(0.2),
            nn.Dropout(dropout),
            nn.Linear(hidden, n_modalities),
        )

    def forward(self, shared: Tensor) -> Tensor:
        """Logits (B, modalities) from the shared latent (B, D_s)."""
        return self.body(shared)  # type: ignore[no-any-return]
