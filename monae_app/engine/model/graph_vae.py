"""The feature view: a variational auto-encoder of the guidance graph.

V vertices, E directed edges (self-loops included), D latent axes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import nn
from torch.nn import functional
from torch_geometric.nn import GATConv

if TYPE_CHECKING:
    from torch import Tensor

SMALLEST_SD = 1e-6
START_SPREAD = 0.05


class SignedAttention(nn.Module):
    """One graph attention layer with separate attention for positive and negative edges.

    Parameters
    ----------
    width
        Of the vertex vectors, in and out.
    heads
        Attention heads, averaged.
    has_negative
        Whether there is any negative edge; without one no second attention is built.
    """

    def __init__(self, width: int, heads: int, *, has_negative: bool) -> None:
        super().__init__()
        kinds = 2 if has_negative else 1
        self.attention = nn.ModuleList(
            GATConv(width, width, heads=heads, concat=False, add_self_loops=False, edge_dim=1, bias=False)
            for _ in range(kinds)
        )

    def forward(self, vertices: Tensor, edges: Tensor, weight: Tensor, positive: Tensor) -> Tensor:
        """Pass messages; vertices (V, D), edges (2, E), weight (E,), positive (E,) bool; returns (V, D)."""
        if len(self.attention) == 1:
            return self.attention[0](vertices, edges, weight[:, None])  # type: ignore[no-any-return]
        up = self.attention[0](vertices, edges[:, positive], weight[positive, None])
        down = self.attention[1](vertices, edges[:, ~positive], weight[~positive, None])
        return up - down  # type: ignore[no-any-return]


class GraphEncoder(nn.Module):
    """q(F | G): a normal distribution for the vector of every feature.

    Parameters
    ----------
    edges, weight, sign
        The graph with both directions and self-loops: (2, E), (E,), (E,).
    n_vertices
        V.
    width
        D.
    heads, layers
        Of the graph attention.
    """

    edges: Tensor
    weight: Tensor
    positive: Tensor

    def __init__(
        self, edges: Tensor, weight: Tensor, sign: Tensor, *, n_vertices: int, width: int, heads: int, layers: int
    ) -> None:
        super().__init__()
        self.register_buffer("edges", edges, persistent=False)
        self.register_buffer("weight", weight, persistent=False)
        self.register_buffer("positive", sign > 0, persistent=False)
        self.vertices = nn.Parameter(START_SPREAD * torch.randn(n_vertices, width))
        has_negative = bool((sign < 0).any())
        self.layers = nn.ModuleList(SignedAttention(width, heads, has_negative=has_negative) for _ in range(layers))
        self.mean = nn.Linear(width, width)
        self.spread = nn.Linear(width, width)

    def forward(self) -> tuple[Tensor, Tensor]:
        """Mean and standard deviation of every feature's vector, each (V, D)."""
        hidden: Tensor = self.vertices
        for depth, layer in enumerate(self.layers):
            hidden = layer(
                functional.leaky_relu(hidden, 0.2) if depth else hidden, self.edges, self.weight, self.positive
            )
        return self.mean(hidden), functional.softplus(self.spread(hidden)) + SMALLEST_SD


def edge_logits(features: Tensor, heads: Tensor, tails: Tensor, sign: Tensor) -> Tensor:
    """s_ij f_i . f_j, whose sigmoid is the probability of the edge; features (V, D), the rest of one shape."""
    return sign * (features[heads] * features[tails]).sum(dim=-1)
