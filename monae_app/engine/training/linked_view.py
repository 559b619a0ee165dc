"""What the encoder of a linked modality reads on top of its own components: its genes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from monae_app.engine.data.in_blocks import rows_to_fit, transform_all
from monae_app.engine.data.linked_projection import LinkedProjection, link_projection
from monae_app.engine.data.representation import Projection
from monae_app.engine.kept_stages import kept
from monae_app.engine.telling import SILENT, Telling
from monae_app.engine.training.anchoring import gene_assignment

if TYPE_CHECKING:
    from monae_app.engine.config import RunConfig
    from monae_app.engine.data.guidance import GuidanceGraph
    from monae_app.engine.data.preprocess import Prepared


# genes themselves, and features that each stand for one gene: summed by gene they are what they were
ALREADY_GENES = ("rna", "protein")


def with_linked_genes(prepared: Prepared, graph: GuidanceGraph, config: RunConfig, tell: Telling = SILENT) -> Prepared:
    """Widen the representation by the activities of linked genes; as it was where there is nothing to sum."""
    name, own = prepared.modality.name, prepared.projection
    if name in ALREADY_GENES or not prepared.modality.is_count or "rna" not in set(graph.vertices["modality"]):
        return prepared
    link = gene_assignment(graph, name)
    # one gene has no components of its own
    if np.count_nonzero(link.sum(axis=0)) < 2 or not isinstance(own, Projection):
        return prepared

    def fit() -> LinkedProjection:
        counted = tell.counting(f"PCA of the genes that the features of {name} are linked to")
        some = prepared.values[rows_to_fit(prepared.modality.n_cells, config.seed)]
        return link_projection(own, some, link, config.n_components, config.seed, counted)

    wider = kept(f"PCA of genes linked to {name}", fit, made_of=(LinkedProjection, Projection))
    cells = transform_all(wider, prepared.values, name=f"components of genes linked to {name}")
    return replace(prepared, representation=cells, projection=wider)
