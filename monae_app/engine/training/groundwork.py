"""All that is worked out in closed form before training: what encoders read, which cells match, which links hold."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from monae_app.engine.kept_stages import kept
from monae_app.engine.telling import SILENT, Telling
from monae_app.engine.training.anchoring import links_to_genes
from monae_app.engine.training.correspondence import correspond
from monae_app.engine.training.link_support import edge_correlation
from monae_app.engine.training.linked_view import with_linked_genes
from monae_app.engine.training.sketched import SKETCH, sketch

if TYPE_CHECKING:
    from monae_app.engine.config import RunConfig
    from monae_app.engine.data.dataset import Dataset
    from monae_app.engine.data.guidance import GuidanceGraph
    from monae_app.engine.data.preprocess import Prepared
    from monae_app.engine.training.correspondence import Correspondence
    from monae_app.engine.training.graph_stage import Embedded

LEAST_SUPPORT = 0.01  # of a link that the data do not bear out: it stays in the graph, and may still be learned


@dataclass(frozen=True)
class Groundwork:
    """What training builds on.

    Parameters
    ----------
    prepared
        By modality, with what their encoders read.
    correspondence
        Of cells; None where there is nothing to go by.
    graph
        The guidance, its links weighed by how well the data bear them out.
    embedded
        What the graph stage of Monae-E found; None without one.
    """

    prepared: dict[str, Prepared]
    correspondence: Correspondence | None
    graph: GuidanceGraph
    embedded: Embedded | None = None

    def record(self) -> dict[str, Any]:
        """Return what the report says of it."""
        return {"anchors": self.n_anchors} | ({} if self.embedded is None else self.embedded.record())

    @property
    def n_anchors(self) -> int:
        """Number of anchors between cells of all pairs of modalities."""
        return self.correspondence.n_anchors if self.correspondence is not None else 0


def lay_groundwork(
    dataset: Dataset,
    prepared: dict[str, Prepared],
    graph: GuidanceGraph,
    config: RunConfig,
    tell: Telling = SILENT,
) -> Groundwork:
    """Widen what encoders read by linked genes, find corresponding cells, and weigh the links by them.

    Of very many cells, the latter two look at a sketch.
    """
    prepared = {name: with_linked_genes(each, graph, config, tell) for name, each in prepared.items()}
    some = sketch(dataset, prepared, seed=config.seed, most=SKETCH)
    correspondence = correspond(some.dataset, some.prepared, graph, config, tell)
    if correspondence is not None and config.weigh_links:
        tell(f"Weighing {len(graph.source):,} links between features")
        graph = borne_out(graph, some.prepared, correspondence, seed=config.seed)
    return Groundwork(prepared, some.carried_over(correspondence), graph)


def borne_out(
    graph: GuidanceGraph, prepared: dict[str, Prepared], correspondence: Correspondence, *, seed: int
) -> GuidanceGraph:
    """Multiply the weight of every link by the correlation of its ends over metacells of both modalities.

    Most peaks near a gene do not follow it. Where they take no messages from it, ATAC is imputed better from RNA and
    the refined graph tells true links from others.

    Parameters
    ----------
    graph
        The guidance.
    prepared, correspondence
        Cells and how they match.
    seed
        Of the metacells.
    """
    weight = graph.weight.astype(np.float64)
    for name in correspondence.start:
        if name == "rna" or "rna" not in correspondence.start:
            continue
        edges, genes, features = links_to_genes(graph, name)
        if not len(edges):
            continue
        correlation = kept(
            f"links between rna and {name} borne out",
            partial(_correlation, prepared, correspondence, name, (genes, features), seed),
        )
        support = np.clip(correlation * graph.sign[edges], LEAST_SUPPORT, 1)
        # an inferred link has its weight from the same correlation already
        weight[edges] *= np.where(np.isnan(support) | graph.is_inferred[edges], 1, support)
    return replace(graph, weight=weight.astype(np.float32))


def _correlation(
    prepared: dict[str, Prepared],
    correspondence: Correspondence,
    name: str,
    columns: tuple[np.ndarray, np.ndarray],
    seed: int,
) -> np.ndarray:
    sides = (prepared["rna"], prepared[name])
    return edge_correlation(
        [each.profile for each in sides],
        (correspondence.start["rna"], correspondence.start[name]),
        columns,
        seed=seed,
        counted=[each.modality.is_count for each in sides],
    )
