"""What is linked to genes, seen as genes: the common ground on which cells of two modalities are first compared."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp

from monae_app.engine.data.decomposition import leading_components, standardised
from monae_app.engine.data.representation import log_normalised
from monae_app.engine.kept_stages import kept
from monae_app.engine.model.anchors import canonical_scores
from monae_app.engine.telling import SILENT, Telling
from monae_app.engine.training.link_support import edge_correlation

if TYPE_CHECKING:
    from monae_app.engine.config import RunConfig
    from monae_app.engine.data.guidance import GuidanceGraph
    from monae_app.engine.data.preprocess import Prepared

# beyond, the axes of a small panel are its noise: of 40 proteins on planted data 12 axes align best, 30 far worse
GENES_PER_AXIS = 3
SMALLEST_SUPPORT = 1e-6  # a link that the data do not bear out still counts where a gene has no other


def links_to_genes(graph: GuidanceGraph, modality: str, hub: str = "rna") -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Links between genes and features of one other modality: which edges, their genes and their features (P,).

    Features of another modality stand for genes if ``hub`` names it.
    """
    genes, features = graph.block(hub), graph.block(modality)
    ends = np.stack([graph.source, graph.target])
    found = []
    for one, other in (ends, ends[::-1]):
        edges = np.flatnonzero(_within(one, genes) & _within(other, features))
        found.append((edges, one[edges] - genes.start, other[edges] - features.start))
    edges, of_genes, of_features = (np.concatenate(each) for each in zip(*found, strict=True))
    return edges, of_genes, of_features


def _within(vertices: np.ndarray, block: slice) -> np.ndarray:
    return np.asarray((vertices >= block.start) & (vertices < block.stop))


def gene_assignment(
    graph: GuidanceGraph, modality: str, weight: np.ndarray | None = None, *, signed: bool = False
) -> sp.csr_matrix:
    """Weights by which features make up genes, (features, genes); those of the guidance unless given, (P,).

    A link of negative sign says that the gene falls when the feature rises. Where what is summed lies on both sides of
    0 (``signed``), it counts as minus; of counts nothing can be taken away, and it takes no part.
    """
    edges, genes, features = links_to_genes(graph, modality)
    weight = graph.weight[edges] if weight is None else weight
    weight = weight * graph.sign[edges] if signed else np.where(graph.sign[edges] > 0, weight, 0)
    shape = tuple(block.stop - block.start for block in (graph.block(modality), graph.block("rna")))
    return sp.csr_matrix((weight, (features, genes)), shape=shape)


def gene_activity(prepared: dict[str, Prepared], graph: GuidanceGraph, modality: str = "atac") -> sp.csr_matrix:
    """Sum each gene's linked features, weighted by the guidance, (M, genes)."""
    mine = prepared[modality]
    return sp.csr_matrix(mine.profile @ gene_assignment(graph, modality, signed=mine.is_signed))


def aligned_scores(
    prepared: dict[str, Prepared], graph: GuidanceGraph, modality: str, config: RunConfig, tell: Telling = SILENT
) -> tuple[np.ndarray, np.ndarray]:
    """Canonical scores of the cells of RNA and of one other modality, (N, k) and (M, k), rows of length 1.

    Done twice: over metacells of the first, links are weighed by how well the data bear them out, and the second is
    made with these weights. Called once within a stage: what it finds on its way is kept under fixed names.
    """
    edges, genes, features = links_to_genes(graph, modality)
    both = (prepared["rna"], prepared[modality])
    assigned = partial(gene_assignment, graph, modality, signed=both[1].is_signed)

    def correlate() -> np.ndarray:
        scores = kept("first scores", lambda: _canonical(prepared, modality, assigned(), config, tell))
        tell(f"Asking which of {len(edges):,} links between rna and {modality} the data bear out")
        return edge_correlation(
            [each.profile for each in both],
            scores,
            (genes, features),
            seed=config.seed,
            counted=[each.modality.is_count for each in both],
        )

    correlation = kept("links borne out", correlate)
    unknown = np.isnan(correlation) | graph.is_inferred[edges]  # an inferred link has its weight from the same data
    support = np.where(unknown, 1, np.maximum(correlation * graph.sign[edges], 0))
    support = support * graph.weight[edges] + SMALLEST_SUPPORT
    return _canonical(prepared, modality, assigned(support), config, tell)


def _canonical(
    prepared: dict[str, Prepared], modality: str, assignment: sp.csr_matrix, config: RunConfig, tell: Telling
) -> tuple[np.ndarray, np.ndarray]:
    tell = tell.counting(f"Canonical correlation of rna with {modality} by linked genes")
    linked = np.asarray(abs(assignment).sum(axis=0)).ravel() > 0
    views = {"rna": prepared["rna"].profile[:, linked], modality: prepared[modality].profile @ assignment[:, linked]}
    normalised = [
        log_normalised(values) if prepared[name].modality.is_count else sp.csr_matrix(values)
        for name, values in views.items()
    ]
    return canonical_scores(
        standardised(normalised[0]),
        standardised(normalised[1]),
        min(config.anchor_components, max(2, int(linked.sum()) // GENES_PER_AXIS)),
        partial(leading_components, seed=config.seed, tell=tell),
    )
