"""The opponent that keeps modalities mixed: it tells from the shared latent where a cell was measured."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import nn

if TYPE_CHECKING:
    from torch import Tensor


class Discriminator(nn.Module):
    """Tells from the shared latent which modality a cell was measured in.

    Parameters
    ----------
    latent
        D_s.
    hidden, dropout
        Of the two hidden layers.
    n_modalities
        To tell apart.
    """

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
