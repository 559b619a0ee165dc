"""Unsupervised adaptive clustering of cells of all modalities together; it never sees a label.

B cells of a step over all modalities, C clusters, D_s shared axes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import nn
from torch.nn import functional

if TYPE_CHECKING:
    from torch import Tensor

SHARPNESS = 10.0
MEMORY = 0.98  # of the running mean of cluster sizes
RETIRED_BELOW = 0.1  # of an even share


class ClusterHead(nn.Module):
    """Soft assignment of cells to clusters, by the cosine to a learned centre each.

    Parameters
    ----------
    centres
        Where clusters start, (C, D_s).
    """

    size: Tensor

    def __init__(self, centres: Tensor) -> None:
        super().__init__()
        self.centres = nn.Parameter(functional.normalize(centres, dim=1))
        self.register_buffer("size", torch.full((len(centres),), 1 / len(centres)))

    @property
    def alive(self) -> Tensor:
        """Which clusters are still in use, (C,) bool: one that hardly any cell belongs to is retired."""
        return self.size * len(self.size) >= RETIRED_BELOW

    def forward(self, shared: Tensor) -> Tensor:
        """Probabilities (B, C) from shared latents (B, D_s); retired clusters have none."""
        cosine = functional.normalize(shared, dim=1) @ functional.normalize(self.centres, dim=1).t()
        found = functional.softmax((SHARPNESS * cosine).masked_fill(~self.alive, -torch.inf), dim=1)
        if self.training:
            with torch.no_grad():
                self.size.mul_(MEMORY).add_((1 - MEMORY) * found.mean(dim=0))
        return found


def gaussian_kernel(shared: Tensor, bandwidth_share: float = 0.15) -> Tensor:
    """S_ij = exp(-d_ij^2 / (2 s)), s = 0.15 x the median squared distance, which alone is detached; (B, B)."""
    distance = torch.cdist(shared, shared).square()
    bandwidth = bandwidth_share * distance.detach().median().clamp(min=1e-12)
    return torch.exp(-distance / (2 * bandwidth))


def separation(kernel: Tensor, assignment: Tensor) -> Tensor:
    """Cauchy-Schwarz divergence between clusters, small where they lie apart.

    2 / (C (C - 1)) sum_{a < b} y_a^T S y_b / sqrt(y_a^T S y_a . y_b^T S y_b)

    Parameters
    ----------
    kernel
        S, (B, B).
    assignment
        Y, its columns y_a, (B, C).
    """
    overlap = assignment.t() @ kernel @ assignment
    own = overlap.diagonal().clamp(min=1e-9)
    related = overlap / torch.sqrt(own[:, None] * own[None, :])
    n_clusters = len(own)
    if n_clusters < 2:
        return related.sum() * 0
    return torch.triu(related, diagonal=1).sum() * 2 / (n_clusters * (n_clusters - 1))


def clustering_loss(shared: Tensor, assignment: Tensor, modality: Tensor, alive: Tensor) -> Tensor:
    """L_clu: clusters lie apart, rows of Y lie in corners of the simplex, and no modality falls into one cluster.

    Source: the paper, Methods, after Kampffmeyer et al. 2019 (deep divergence-based clustering).

    Parameters
    ----------
    shared
        (B, D_s).
    assignment
        Y, (B, C).
    modality
        Of every cell, as a number from 0, (B,).
    alive
        Clusters still in use, (C,) bool.
    """
    kernel, used = gaussian_kernel(shared), assignment[:, alive]
    corners = torch.eye(used.shape[1], device=used.device)
    nearness = torch.exp(-torch.cdist(used, corners).square())
    guard = used.new_zeros(())
    n_modalities = int(modality.max()) + 1
    for each in range(n_modalities):
        share = used[modality == each].mean(dim=0)
        guard = guard + (share * torch.log(share.clamp(min=1e-9))).sum() / n_modalities
    return separation(kernel, used) + separation(kernel, nearness) + guard
