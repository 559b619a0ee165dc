"""What is worked out before the networks are trained: is there anything to align, by what, and from where."""

from __future__ import annotations

from typing import TYPE_CHECKING

from monae_app.engine.config import MONAE_E
from monae_app.engine.data import announcements
from monae_app.engine.training.alignment_null import alignment_evidence
from monae_app.engine.training.graph_stage import embed_whole_graph
from monae_app.engine.training.groundwork import Groundwork, lay_groundwork

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from monae_app.engine.config import RunConfig
    from monae_app.engine.data.dataset import Dataset
    from monae_app.engine.data.guidance import GuidanceGraph
    from monae_app.engine.data.motifs.hits import MotifHits
    from monae_app.engine.data.preprocess import Prepared
    from monae_app.engine.telling import Telling
    from monae_app.engine.training.alignment_evidence import AlignmentEvidence


def lay_foundation(
    dataset: Dataset,
    prepared: dict[str, Prepared],
    graph: GuidanceGraph,
    motifs: MotifHits | None,
    config: RunConfig,
    *,
    timed: Callable[[str], AbstractContextManager[None]],
    tell: Telling,
) -> tuple[dict[tuple[str, str], AlignmentEvidence], Groundwork]:
    """Look for shared structure, lay the groundwork, and for Monae-E embed the whole graph.

    Parameters
    ----------
    dataset, prepared, graph
        What is trained on.
    motifs
        In the peaks; None without any.
    config
        Of the run.
    timed
        Times what is done within, by the name of a stage.
    tell
        Told the progress.
    """
    modelled = {name: each.modelled for name, each in prepared.items()}
    with timed("alignment"):
        evidence = alignment_evidence(dataset, modelled, graph, config, tell.at("link"))
    of_anchors = tell.at("anchors")
    for found in evidence.values():
        if found.warning:
            of_anchors.warn(found.warning)
    with timed("anchors"):
        ground = lay_groundwork(dataset, prepared, graph, config, of_anchors)
    of_anchors(announcements.links(graph, ground.n_anchors))
    if config.model == MONAE_E:
        with timed("graph"):
            ground = embed_whole_graph(dataset, ground, config, motifs, tell)
    return evidence, ground
