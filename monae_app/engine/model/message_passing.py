"""One round of messages over a signed, weighted graph, as products of sparse matrices.

A message passes along every edge into its target; V vertices, E directed edges (self-loops included), D axes. On a CPU
gathering and scattering E x D values is what graph layers spend their time on. Here only the E attention weights are
gathered; the values move in one compressed-row product, forward and backward.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import torch
from torch import nn
from torch.nn import functional

if TYPE_CHECKING:
    from torch import Tensor

SLOPE = 0.2

with warnings.catch_warnings():
    # torch tells once in a process that this layout may change; told here, it reaches nobody
    warnings.simplefilter("ignore", UserWarning)
    torch.sparse_csr_tensor(torch.tensor([0, 0]), torch.empty(0, dtype=torch.int64), torch.empty(0), (1, 1))


class Incidence(nn.Module):
    """Edges sorted by target, with what their compressed rows need in both directions.

    Parameters
    ----------
    edges
        Source and target of every edge, (2, E).
    weight
        (E,).
    n_vertices
        V.
    """

    source: Tensor
    target: Tensor
    weight: Tensor
    starts: Tensor
    back: Tensor
    back_starts: Tensor
    back_target: Tensor

    def __init__(self, edges: Tensor, weight: Tensor, n_vertices: int) -> None:
        super().__init__()
        by_target = torch.argsort(edges[1] * n_vertices + edges[0])
        source, target = edges[0][by_target], edges[1][by_target]
        by_source = torch.argsort(source * n_vertices + target)
        arrays = {
            "source": source,
            "target": target,
            "weight": weight[by_target],
            "starts": _row_starts(target, n_vertices),
            "back": by_source,
            "back_starts": _row_starts(source, n_vertices),
            "back_target": target[by_source],
        }
        for name, array in arrays.items():
            self.register_buffer(name, array, persistent=False)
        self.n_vertices = n_vertices

    def mix(self, share: Tensor, values: Tensor) -> Tensor:
        """Sum the values of each vertex's sources, weighted by edge; share (E,), values (V, D), result (V, D)."""
        return _Mix.apply(share, values, self)  # type: ignore[no-any-return, no-untyped-call]

    def softmax(self, logits: Tensor) -> Tensor:
        """Softmax of (E,) logits over the edges into each vertex."""
        most = logits.new_full((self.n_vertices,), -torch.inf)
        most = most.scatter_reduce(0, self.target, logits.detach(), "amax")
        weight = torch.exp(logits - most[self.target])
        total = weight.new_zeros(self.n_vertices).index_add(0, self.target, weight)
        return weight / total[self.target]


def _row_starts(rows: Tensor, n_rows: int) -> Tensor:
    counts = torch.bincount(rows, minlength=n_rows)
    return torch.cat([counts.new_zeros(1), counts.cumsum(0)])


class _Mix(torch.autograd.Function):
    @staticmethod
    def forward(context: Any, share: Tensor, values: Tensor, edges: Incidence) -> Tensor:
        context.save_for_backward(share, values)
        context.edges = edges
        return _product(edges.starts, edges.source, share, values)

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> tuple[Tensor | None, Tensor | None, None]:
        share, values = context.saved_tensors
        edges: Incidence = context.edges
        of_share = of_values = None
        if context.needs_input_grad[0]:
            of_share = (gradient[edges.target] * values[edges.source]).sum(dim=1)
        if context.needs_input_grad[1]:
            of_values = _product(edges.back_starts, edges.back_target, share[edges.back], gradient)
        return of_share, of_values, None


def _product(starts: Tensor, columns: Tensor, share: Tensor, values: Tensor) -> Tensor:
    matrix = torch.sparse_csr_tensor(starts, columns, share, (len(values), len(values)), check_invariants=False)
    return matrix @ values


class Attention(nn.Module):
    """Graph attention over the edges of one sign, heads averaged.

    Source: Velickovic et al. 2018, with the weight of the edge in the attention logits.

    Parameters
    ----------
    width
        D, in and out.
    heads
        Of the attention.
    """

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.project = nn.Linear(width, heads * width, bias=False)
        self.of_source = nn.Parameter(torch.empty(heads, width))
        self.of_target = nn.Parameter(torch.empty(heads, width))
        self.of_weight = nn.Parameter(torch.zeros(heads))
        for parameter in (self.project.weight, self.of_source, self.of_target):
            nn.init.xavier_uniform_(parameter)

    def forward(self, vertices: Tensor, edges: Incidence) -> Tensor:
        """Pass messages; vertices (V, D), result (V, D)."""
        projected = self.project(vertices).view(len(vertices), self.heads, -1)
        from_source = (projected * self.of_source).sum(dim=2)
        from_target = (projected * self.of_target).sum(dim=2)
        mixed = []
        for head in range(self.heads):
            logits = from_source[edges.source, head] + from_target[edges.target, head]
            logits = functional.leaky_relu(logits + self.of_weight[head] * edges.weight, SLOPE)
            mixed.append(edges.mix(edges.softmax(logits), projected[:, head].contiguous()))
        return torch.stack(mixed).mean(dim=0) if self.heads > 1 else mixed[0]


class DynamicAttention(nn.Module):
    """Graph attention whose ranking of neighbours depends on the vertex that asks; dearer, by torch-geometric.

    Source: Brody et al. 2022 (GATv2).
    """

    def __init__(self, width: int, heads: int) -> None:
        # here, not above: no other layer needs it, and it takes seconds
        from torch_geometric.nn import GATv2Conv

        super().__init__()
        self.attention = GATv2Conv(width, width, heads=heads, concat=False, add_self_loops=False, edge_dim=1)

    def forward(self, vertices: Tensor, edges: Incidence) -> Tensor:
        """Pass messages; vertices (V, D), result (V, D)."""
        ends = torch.stack([edges.source, edges.target])
        return self.attention(vertices, ends, edges.weight[:, None])  # type: ignore[no-any-return]


class Convolution(nn.Module):
    """Graph convolution: every neighbour counts by its edge's weight alone; the cheapest.

    Source: Kipf and Welling 2017, with symmetric normalisation.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.project = nn.Linear(width, width, bias=False)

    def forward(self, vertices: Tensor, edges: Incidence) -> Tensor:
        """Pass messages; vertices (V, D), result (V, D)."""
        degree = edges.weight.new_zeros(edges.n_vertices).index_add(0, edges.target, edges.weight)
        root = degree.clamp(min=1e-12).rsqrt()
        share = edges.weight * root[edges.source] * root[edges.target]
        return edges.mix(share, self.project(vertices))
