"""The whole graph of Monae-E: features, cells and motifs are vertices of one graph, joined by relations.

A cell measured in two modalities is two vertices. Nothing but a declared pair joins them: equal names, or equal places
in the files, do not. Names are never read.

V vertices: first the modelled features, as in the guidance graph, then the cells by modality, then the motifs. E edges.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from monae_app.engine.data.guidance import GuidanceGraph
    from monae_app.engine.data.motif_edges import MotifEdges

CELLS, LINKS, PAIRS, ANCHORS, MOTIFS, FACTORS = "cells", "links", "pairs", "anchors", "motifs", "factors"


@dataclass(frozen=True, eq=False)
class Relation:
    """Edges of one kind between two blocks of vertices.

    Parameters
    ----------
    kind
        ``cells`` (a cell has a feature), ``links`` (guidance), ``pairs`` (declared: one cell), ``anchors`` (cells that
        correspond), ``motifs`` (a motif lies in a peak) or ``factors`` (a gene codes for the factor of a motif).
    name
        For the report.
    edges
        Weights, negative for an edge of negative sign; rows and columns are positions within the blocks.
    heads, tails
        The blocks.
    shared_only
        Whether the edges read shared axes alone.
    """

    kind: str
    name: str
    edges: sp.csr_matrix = field(repr=False)
    heads: slice
    tails: slice
    shared_only: bool

    @property
    def n_edges(self) -> int:
        """Number of edges, E."""
        return int(self.edges.nnz)

    @cached_property
    def _upto(self) -> np.ndarray:
        return np.asarray(np.cumsum(np.abs(self.edges.data), dtype=np.float64))

    @cached_property
    def _upto_of_ends(self) -> tuple[np.ndarray, np.ndarray]:
        size = abs(self.edges)
        heads, tails = (np.asarray(size.sum(axis=axis), np.float64).ravel() for axis in (1, 0))
        return np.cumsum(heads), np.cumsum(tails)

    def draw(self, number: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Draw edges by weight: vertices of heads and tails, and signs, (number,) each."""
        chosen = _drawn(self._upto, number, rng)
        rows = np.searchsorted(self.edges.indptr, chosen, side="right") - 1
        sign = np.sign(self.edges.data[chosen]).astype(np.float32)
        return rows + self.heads.start, self.edges.indices[chosen].astype(np.int64) + self.tails.start, sign

    def draw_ends(self, number: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Draw vertices of either block by the weight of all their edges, to corrupt edges with, (number,) each."""
        heads, tails = (_drawn(upto, number, rng) for upto in self._upto_of_ends)
        return heads + self.heads.start, tails + self.tails.start


def _drawn(upto: np.ndarray, number: int, rng: np.random.Generator) -> np.ndarray:
    found = np.searchsorted(upto, rng.random(number) * upto[-1], side="right")
    return np.asarray(np.minimum(found, len(upto) - 1))


@dataclass(frozen=True, eq=False)
class WholeGraph:
    """All vertices and edges.

    Parameters
    ----------
    features, cells
        Blocks of vertices by modality.
    motifs
        Block of the motifs, empty without any.
    relations
        Those that have edges.
    """

    features: dict[str, slice]
    cells: dict[str, slice]
    motifs: slice
    relations: tuple[Relation, ...]

    @property
    def n_vertices(self) -> int:
        """Number of vertices, V."""
        return int(self.motifs.stop)

    def edges_by_relation(self) -> dict[str, int]:
        """Count the edges, for the report."""
        return {each.name: each.n_edges for each in self.relations}


def build_whole_graph(
    guidance: GuidanceGraph,
    edges: Mapping[str, sp.csr_matrix],
    pairs: Mapping[tuple[str, str], np.ndarray],
    anchors: Sequence[tuple[str, str, np.ndarray]],
    motifs: MotifEdges | None = None,
) -> WholeGraph:
    """Join everything.

    Parameters
    ----------
    guidance
        Links between features, weighed by how far the data bear them out.
    edges
        Of cells and features by modality, (N, G), as :class:`~monae_app.engine.data.edge_weights.EdgeWeights` gives.
    pairs
        Rows of cells of two modalities that were declared to be the same, (P, 2).
    anchors
        Two modalities, and rows of cells that correspond, (A, 2); those that are declared pairs are passed over.
    motifs
        Of the peaks; None without any.
    """
    features = {name: guidance.block(name) for name in edges}
    cells, start = {}, guidance.n_vertices
    for name, each in edges.items():
        cells[name] = slice(start, start + each.shape[0])
        start += each.shape[0]
    relations = [
        Relation(CELLS, f"{name} cell - feature", each, cells[name], features[name], shared_only=False)
        for name, each in edges.items()
    ]
    relations += _links(guidance, features)
    for (first, second), rows in pairs.items():
        joined = _joined(rows, cells[first], cells[second])
        relations.append(
            Relation(PAIRS, f"{first} cell - {second} cell, declared", joined, cells[first], cells[second], True)  # noqa: FBT003
        )
    for first, second, rows in anchors:
        joined = _joined(rows, cells[first], cells[second])
        known = pairs.get((first, second))
        if known is not None and len(known):
            joined = sp.csr_matrix(joined - joined.multiply(_joined(known, cells[first], cells[second])))
            joined.eliminate_zeros()
        relations.append(
            Relation(ANCHORS, f"{first} cell - {second} cell, anchored", joined, cells[first], cells[second], True)  # noqa: FBT003
        )
    block = slice(start, start)
    if motifs is not None:
        block = slice(start, start + len(motifs.names))
        relations.append(Relation(MOTIFS, "motif - peak", motifs.in_peaks, block, features["atac"], True))  # noqa: FBT003
        if motifs.of_genes is not None:
            relations.append(Relation(FACTORS, "gene - motif", motifs.of_genes, features["rna"], block, True))  # noqa: FBT003
    return WholeGraph(features, cells, block, tuple(each for each in relations if each.n_edges))


def _joined(rows: np.ndarray, first: slice, second: slice) -> sp.csr_matrix:
    shape = (first.stop - first.start, second.stop - second.start)
    found = sp.csr_matrix((np.ones(len(rows), np.float32), (rows[:, 0], rows[:, 1])), shape=shape)
    found.data[:] = 1  # an anchor that was found twice is one edge
    return found


def _links(guidance: GuidanceGraph, features: Mapping[str, slice]) -> list[Relation]:
    found = []
    weight = guidance.weight * guidance.sign
    for first, heads in features.items():
        for second, tails in features.items():
            mine = _within(guidance.source, heads) & _within(guidance.target, tails)
            if not mine.any():
                continue
            shape = (heads.stop - heads.start, tails.stop - tails.start)
            at = (guidance.source[mine] - heads.start, guidance.target[mine] - tails.start)
            edges = sp.csr_matrix((weight[mine], at), shape=shape, dtype=np.float32)
            found.append(Relation(LINKS, f"{first} feature - {second} feature", edges, heads, tails, shared_only=True))
    return found


def _within(vertices: np.ndarray, block: slice) -> np.ndarray:
    return np.asarray((vertices >= block.start) & (vertices < block.stop))
