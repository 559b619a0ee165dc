"""Vectors of the vertices of a graph, learned from edges that are drawn and edges that are made up.

    logit of an edge of sign s between head i and tail j: s x_i . x_j + c

with x_i . x_j over shared axes alone where a relation says so, and c, of edges of cells and features, what the batch of
the cell adds for the feature. An edge that is there is told from corrupted ones, of which either end is replaced by one
drawn from its block by the weight of its edges: the optimum of the logit is then how much more often two vertices meet
than by chance (pointwise mutual information), and neither depth nor abundance shows in the vectors. A step touches the
vertices that it draws and no other.

Source: word2vec's objective as a factorisation of mutual information: Levy & Goldberg 2014; corruption of both ends and
negatives shared by a chunk: Lerer et al. 2019 (PyTorch-BigGraph); row-wise Adagrad: Duchi et al. 2011, one scale a row.

V vertices, D axes, B edges, K corrupted ends.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch.nn import functional

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    from torch import Tensor

SMALLEST = 1e-8


@dataclass(frozen=True)
class DrawnEdges:
    """Edges of one relation.

    Parameters
    ----------
    heads, tails
        Vertices, (B,) int64.
    sign
        +1 or -1, (B,) float32.
    other_heads, other_tails
        Ends to corrupt edges with, (K,) int64.
    axes
        How many of the axes they read.
    weight
        Of the relation in the loss.
    batches
        Of the heads and of the other heads, (B,) and (K,) int64; None where nothing depends on a batch.
    """

    heads: Tensor
    tails: Tensor
    sign: Tensor
    other_heads: Tensor
    other_tails: Tensor
    axes: int
    weight: float
    batches: tuple[Tensor, Tensor] | None = None


class EdgeEmbedding:
    """Vectors, and the steps that move them.

    Parameters
    ----------
    vectors
        Where they start, (V, D).
    bias
        What a batch adds for a feature, (F, b); features are the first vertices.
    decay
        How far each use of a vertex draws it to 0.
    """

    def __init__(self, vectors: Tensor, bias: Tensor, decay: float) -> None:
        self.vectors, self.bias, self.decay = vectors.clone(), bias.clone(), decay
        self._squares = vectors.new_zeros(len(vectors))
        self._squares_of_bias = torch.zeros_like(bias)

    def state(self) -> dict[str, np.ndarray]:
        """Return all that the next steps depend on, by name; the arrays are those that the steps move."""
        return {name: each.cpu().numpy() for name, each in self._state().items()}

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        """Go back to a state."""
        for name, each in self._state().items():
            each.copy_(torch.from_numpy(state[name]))

    def _state(self) -> dict[str, Tensor]:
        of_rows = {"vectors": self.vectors, "squares": self._squares}
        return of_rows | {"bias": self.bias, "squares_of_bias": self._squares_of_bias}

    @torch.no_grad()
    def step(self, drawn: Sequence[DrawnEdges], rate: float) -> list[float]:
        """Move the vertices that were drawn; returns the loss of every relation, a mean over its edges."""
        touched, gradients, losses = [], [], []
        of_bias: list[tuple[Tensor, Tensor]] = []
        for edges in drawn:
            loss, ends, moved = self._relation(edges, of_bias)
            losses.append(loss)
            touched.append(ends)
            gradients.append(moved)
        self._move(torch.cat(touched), torch.cat(gradients), rate)
        self._move_bias(of_bias, rate)
        return torch.stack(losses).tolist() if losses else []

    def _relation(self, edges: DrawnEdges, of_bias: list[tuple[Tensor, Tensor]]) -> tuple[Tensor, Tensor, Tensor]:
        ends = (edges.heads, edges.tails, edges.other_heads, edges.other_tails)
        heads, tails, other_heads, other_tails = (self.vectors[each, : edges.axes] for each in ends)
        sign = edges.sign[:, None]
        heads = heads * sign  # the sign goes with the edge, whichever end is corrupted
        meet = (heads * tails).sum(dim=1)
        wrong_tails = heads @ other_tails.t()  # (B, K)
        wrong_heads = sign * (tails @ other_heads.t())  # (B, K)
        if edges.batches is not None:
            mine, theirs = edges.batches
            meet = meet + edges.sign * self.bias[edges.tails, mine]
            wrong_tails = wrong_tails + sign * self.bias[edges.other_tails][:, mine].t()
            wrong_heads = wrong_heads + sign * self.bias[edges.tails][:, theirs]
        n_others = len(edges.other_heads)
        loss = functional.softplus(-meet).mean() + 0.5 * (
            functional.softplus(wrong_tails).mean() + functional.softplus(wrong_heads).mean()
        )
        of_meet = edges.weight * (torch.sigmoid(meet) - 1)
        of_tails = torch.sigmoid(wrong_tails) * (edges.weight / (2 * n_others))
        of_heads = torch.sigmoid(wrong_heads) * (edges.weight / (2 * n_others))
        moved = (
            sign * (of_meet[:, None] * tails + of_tails @ other_tails),
            of_meet[:, None] * heads + sign * (of_heads @ other_heads),
            (sign * of_heads).t() @ tails,
            of_tails.t() @ heads,
        )
        if edges.batches is not None:
            width = self.bias.shape[1]
            of_bias.append((edges.tails * width + edges.batches[0], edges.sign * of_meet))
            by_batch = functional.one_hot(edges.batches[0], width).to(of_tails.dtype) * sign
            places = edges.other_tails[:, None] * width + torch.arange(width, device=sign.device)
            of_bias.append((places.flatten(), (of_tails.t() @ by_batch).flatten()))
            by_other = functional.one_hot(edges.batches[1], width).to(of_heads.dtype)
            places = edges.tails[:, None] * width + torch.arange(width, device=sign.device)
            of_bias.append((places.flatten(), (sign * (of_heads @ by_other)).flatten()))
        joined = torch.cat(moved)
        if edges.axes < self.vectors.shape[1]:
            joined = functional.pad(joined, (0, self.vectors.shape[1] - edges.axes))
        return loss, torch.cat(ends), joined

    def _move(self, touched: Tensor, gradients: Tensor, rate: float) -> None:
        rows, place = torch.unique(touched, return_inverse=True)
        total = gradients.new_zeros((len(rows), gradients.shape[1])).index_add_(0, place, gradients)
        now = self.vectors[rows]
        times = torch.bincount(place, minlength=len(rows)).to(now.dtype)
        total = total + self.decay * times[:, None] * now
        squares = self._squares[rows] + total.square().mean(dim=1)
        self._squares[rows] = squares
        self.vectors[rows] = now - rate * total / (squares.sqrt()[:, None] + SMALLEST)

    def _move_bias(self, of_bias: Sequence[tuple[Tensor, Tensor]], rate: float) -> None:
        if not of_bias or self.bias.shape[1] < 2:
            return
        rows, place = torch.unique(torch.cat([each for each, _ in of_bias]), return_inverse=True)
        values = torch.cat([each for _, each in of_bias])
        total = values.new_zeros(len(rows)).index_add_(0, place, values)
        squares, bias = self._squares_of_bias.view(-1), self.bias.view(-1)
        total = total + self.decay * bias[rows]
        squares[rows] += total.square()
        bias[rows] -= rate * total / (squares[rows].sqrt() + SMALLEST)
