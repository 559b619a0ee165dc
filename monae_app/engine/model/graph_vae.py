"""The feature view: a variational auto-encoder of the guidance graph.

What modalities share passes along the graph; what one modality alone sees has no counterpart at the other end of an
edge, so private axes are a feature's own. V vertices, E directed edges (self-loops included), D_s shared and D_p
private axes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import torch
from torch import nn
from torch.nn import functional

from monae_app.engine.model.message_passing import Attention, Convolution, DynamicAttention, Incidence

if TYPE_CHECKING:
    from torch import Tensor

GraphKind = Literal["gat", "gatv2", "gcn", "none"]
SMALLEST_SD = 1e-6
START_SPREAD = 0.05
START_RAW_SD = -2.0  # softplus of it is .13
START_SHARE_OF_NEIGHBORS = 0.1


class SignedLayer(nn.Module):
    """One graph layer with separate weights for positive and negative edges.

    Parameters
    ----------
    width
        Of the vertex vectors, in and out.
    heads
        Attention heads, averaged; convolution has none.
    kind
        Of the layer.
    n_signs
        2 where the graph has negative edges; otherwise 1, and no second set of weights is built.
    """

    def __init__(self, width: int, heads: int, kind: GraphKind, n_signs: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList(_new_layer(width, heads, kind) for _ in range(n_signs))

    def forward(self, vertices: Tensor, signed_edges: nn.ModuleList) -> Tensor:
        """Pass messages; vertices (V, D), the positive edges and, if there are any, the negative ones."""
        passed = [layer(vertices, edges) for layer, edges in zip(self.layers, signed_edges, strict=True)]
        total: Tensor = passed[0] - passed[1] if len(passed) > 1 else passed[0]
        return total


def _new_layer(width: int, heads: int, kind: GraphKind) -> nn.Module:
    if kind == "gcn":
        return Convolution(width)
    return Attention(width, heads) if kind == "gat" else DynamicAttention(width, heads)


class GraphEncoder(nn.Module):
    """q(F | G): a normal distribution for the vector of every feature.

    A vertex keeps its own learnable vector and adds to it what its neighbours say: a feature without edges is as free
    as one with many.

    Parameters
    ----------
    edges, weight, sign
        The graph with both directions and self-loops: (2, E), (E,), (E,).
    n_vertices
        V.
    shared, private
        D_s, D_p.
    heads, layers, kind
        Of the graph layers; with ``none`` no message passes, and every vertex speaks for itself.
    """

    def __init__(  # noqa: PLR0913 - the edges, and the knobs of the network
        self,
        edges: Tensor,
        weight: Tensor,
        sign: Tensor,
        *,
        n_vertices: int,
        shared: int,
        private: int,
        heads: int,
        layers: int,
        kind: GraphKind,
    ) -> None:
        super().__init__()
        signs = [sign > 0] + ([sign < 0] if bool((sign < 0).any()) else [])
        self.signed_edges = nn.ModuleList(Incidence(edges[:, one], weight[one], n_vertices) for one in signs)
        self.vertices = nn.Parameter(START_SPREAD * torch.randn(n_vertices, shared))
        self.private_mean = nn.Parameter(START_SPREAD * torch.randn(n_vertices, private))
        self.private_raw_sd = nn.Parameter(torch.full((n_vertices, private), START_RAW_SD))
        self.layers = nn.ModuleList(
            SignedLayer(shared, heads, kind, len(signs)) for _ in range(layers if kind != "none" else 0)
        )
        self.mean = nn.Linear(shared, shared)
        self.raw_sd = nn.Linear(shared, shared)
        with torch.no_grad():
            self.mean.weight.mul_(START_SHARE_OF_NEIGHBORS)
            self.mean.bias.zero_()
            self.raw_sd.bias.fill_(START_RAW_SD)

    def forward(self) -> tuple[Tensor, Tensor]:
        """Mean and standard deviation of every feature's vector, each (V, D_s + D_p), shared axes first."""
        hidden: Tensor = self.vertices
        for depth, layer in enumerate(self.layers):
            hidden = layer(functional.leaky_relu(hidden, 0.2) if depth else hidden, self.signed_edges)
        mean = torch.cat([self.vertices + self.mean(hidden), self.private_mean], dim=1)
        raw_sd = torch.cat([self.raw_sd(hidden), self.private_raw_sd], dim=1)
        return mean, functional.softplus(raw_sd) + SMALLEST_SD


def edge_logits(features: Tensor, heads: Tensor, tails: Tensor, sign: Tensor) -> Tensor:
    """s_ij f_i . f_j, whose sigmoid is the probability of the edge.

    Parameters
    ----------
    features
        Shared axes, (V, D_s).
    heads, tails, sign
        Of the edges, of shapes that broadcast.
    """
    return sign * torch.einsum("...d,...d->...", features[heads], features[tails])
