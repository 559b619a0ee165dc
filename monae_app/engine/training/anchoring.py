"""Anchors of a dataset: known pairs, or canonical correlation of RNA with gene activity."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp

from monae_app.engine.data.decomposition import leading_components, standardised
from monae_app.engine.data.preprocess import log_normalised
from monae_app.engine.model.anchors import canonical_scores, find_anchors

if TYPE_CHECKING:
    from monae_app.engine.config import RunConfig
    from monae_app.engine.data.dataset import Dataset, Modality
    from monae_app.engine.data.guidance import GuidanceGraph
    from monae_app.engine.data.preprocess import Prepared


def anchors_of(
    dataset: Dataset, prepared: dict[str, Prepared], graph: GuidanceGraph, config: RunConfig
) -> np.ndarray | None:
    """Find the anchored cells of the first two modalities, rows (A, 2); None where nothing links them."""
    if len(dataset.modalities) < 2:
        return None
    if dataset.use_pairs:
        return dataset.known_pairs()
    if not len(graph.source):
        return None
    scores = aligned_scores(prepared, graph, config)
    # cells without counts all lie in one spot, close to each other for no reason
    rows = [_with_evidence(each.modality) for each in prepared.values()]
    anchors = find_anchors(
        scores[0][rows[0]], scores[1][rows[1]], n_neighbors=config.anchor_neighbors, keep=config.anchor_keep
    )
    return np.column_stack([rows[0][anchors[:, 0]], rows[1][anchors[:, 1]]])


def _with_evidence(modality: Modality) -> np.ndarray:
    return np.flatnonzero(modality.library_size > 0) if modality.is_count else np.arange(modality.n_cells)


def aligned_scores(
    prepared: dict[str, Prepared], graph: GuidanceGraph, config: RunConfig
) -> tuple[np.ndarray, np.ndarray]:
    """Canonical scores of the cells of both modalities, in the order of the modalities, (N, k) and (M, k)."""
    names = list(prepared)
    activity = gene_activity(prepared, graph)
    linked = np.asarray(abs(activity).sum(axis=0)).ravel() > 0
    views = {"rna": prepared["rna"].values, "atac": activity}
    normalised = {
        name: log_normalised(values[:, linked]) if prepared[name].modality.is_count else values[:, linked]
        for name, values in views.items()
    }
    return canonical_scores(
        standardised(normalised[names[0]]),
        standardised(normalised[names[1]]),
        config.anchor_components,
        partial(leading_components, seed=config.seed),
    )


def gene_activity(prepared: dict[str, Prepared], graph: GuidanceGraph) -> sp.csr_matrix:
    """Sum each gene's linked peaks, weighted by the guidance, (M, genes)."""
    genes, peaks = graph.block("rna"), graph.block("atac")
    assign = sp.csr_matrix(
        (graph.weight, (graph.target - peaks.start, graph.source - genes.start)),
        shape=(peaks.stop - peaks.start, genes.stop - genes.start),
    )
    return sp.csr_matrix(prepared["atac"].values @ assign)
