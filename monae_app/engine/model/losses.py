"""The terms of the objective, each a pure function.

L = sum_k NLL_k + lambda_kl KL(u) + lambda_graph L_edge + lambda_shared_features KL(F_shared)
    + lambda_private_features KL(F_private) + lambda_contrastive L_con + lambda_cluster L_clu
    + lambda_adversarial L_adv + lambda_anchor L_anc

Source: Tang et al. 2024, Nat Commun 15:9021, Methods. B cells, D latent axes, E edges, V vertices.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch.nn import functional

if TYPE_CHECKING:
    from torch import Tensor


def kl_to_standard_normal(mean: Tensor, sd: Tensor) -> Tensor:
    """KL(N(mean, sd^2) || N(0, I)), summed over axes, mean over rows; inputs (rows, D), output a scalar."""
    return (0.5 * (mean**2 + sd**2 - 1) - torch.log(sd)).sum(dim=1).mean()


def edge_nll(positive: Tensor, negative: Tensor) -> Tensor:
    """Cross-entropy of edges and corrupted edges; both halves weigh the same.

    Parameters
    ----------
    positive
        s_ij f_i . f_j of edges that exist, shape (E,).
    negative
        The same of corrupted edges, any shape.
    """
    return 0.5 * (functional.softplus(-positive).mean() + functional.softplus(negative).mean())


def modality_cross_entropy(logits: Tensor, modality: Tensor, weight: Tensor) -> Tensor:
    """How badly the discriminator tells modalities apart.

    Parameters
    ----------
    logits
        (B, modalities).
    modality
        (B,).
    weight
        Of every cell, (B,): cells without counterpart weigh little, so that they may stay apart.
    """
    of_cells = functional.cross_entropy(logits, modality, reduction="none")
    return (weight * of_cells).sum() / weight.sum().clamp(min=1e-9)


def nt_xent(first: Tensor, second: Tensor, temperature: float, not_negative: Tensor | None = None) -> Tensor:
    """Normalised temperature-scaled cross-entropy over the 2B views of B cells.

    -1/(2B) sum_i log [ exp(s(i, i+) / tau) / sum_{r != i} exp(s(i, r) / tau) ], with cosine s.

    Parameters
    ----------
    first, second
        Two views of the same cells, or anchored cells of two modalities, row by row, shape (B, D).
    temperature
        tau.
    not_negative
        Views that are no negatives of each other, because they are the same cell or may well be of one kind,
        (2B, 2B) bool; a view's partner stays in the sum whatever stands here.
    """
    size = len(first)
    views = functional.normalize(torch.cat([first, second]), dim=1)
    similarity = views @ views.t() / temperature
    partner = torch.arange(2 * size, device=views.device).roll(size)
    left_out = torch.eye(2 * size, dtype=torch.bool, device=views.device)
    if not_negative is not None:
        left_out = left_out | not_negative
        left_out = left_out.index_put((torch.arange(2 * size, device=views.device), partner), left_out.new_zeros(()))
    return functional.cross_entropy(similarity.masked_fill(left_out, -1e9), partner)


class _ReversedGradient(torch.autograd.Function):
    @staticmethod
    def forward(context: Any, values: Tensor, strength: float) -> Tensor:
        context.strength = strength
        return values.view_as(values)

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> tuple[Tensor, None]:
        return -context.strength * gradient, None


def reverse_gradient(values: Tensor, strength: float) -> Tensor:
    """Pass values on unchanged and their gradient with its sign turned, times strength.

    Trains a discriminator to tell modalities apart and the encoders to make that impossible, in one backward pass.
    Source: Ganin and Lempitsky 2015, equation 5.
    """
    return _ReversedGradient.apply(values, strength)  # type: ignore[no-any-return, no-untyped-call]
