"""What batches are drawn from: cells, edges and anchors as training reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from monae_app.engine.model.anchors import nearest
from monae_app.engine.training.batches import AnchorSource, CellSource, EdgeSource, StepSampler
from monae_app.engine.training.group import SOLO, Group

if TYPE_CHECKING:
    import torch

    from monae_app.engine.config import RunConfig
    from monae_app.engine.data.dataset import Dataset
    from monae_app.engine.data.guidance import GuidanceGraph
    from monae_app.engine.data.preprocess import Prepared
    from monae_app.engine.training.correspondence import Correspondence
    from monae_app.engine.training.groundwork import Groundwork

NEVER_ALIKE = 2.0
CELLS_LOOKED_AT = 2000


def step_sampler(
    dataset: Dataset, ground: Groundwork, config: RunConfig, device: torch.device, group: Group = SOLO
) -> StepSampler:
    """Everything that a training step draws from."""
    sampler = StepSampler(
        cell_sources(dataset, ground.prepared, ground.correspondence, config),
        edge_source(ground.graph) if config.lambda_graph > 0 else None,
        anchor_sources(ground.correspondence, config),
        seed=config.seed,
        batch_size=config.batch_size,
        features_per_step=config.features_per_step,
        device=device,
    )
    sampler.group = group
    return sampler


def cell_sources(
    dataset: Dataset, prepared: dict[str, Prepared], correspondence: Correspondence | None, config: RunConfig
) -> dict[str, CellSource]:
    """Gather the cells, by modality."""
    balance = correspondence.balance if correspondence is not None and config.balance else {}
    return {
        name: CellSource(
            each.values,
            each.representation,
            dataset.batch_codes[name],
            each.modality.library_size,
            balance.get(name, np.ones(each.modality.n_cells, np.float32)),
        )
        for name, each in prepared.items()
    }


def edge_source(graph: GuidanceGraph) -> EdgeSource | None:
    """Edges to draw from; None where the graph has none."""
    if not len(graph.source):
        return None
    blocks = np.zeros((graph.n_vertices, 2), np.int64)
    for name in graph.vertices["modality"].unique():
        block = graph.block(name)
        blocks[block] = (block.start, block.stop)
    return EdgeSource(graph.source, graph.target, graph.weight, graph.sign, blocks)


def anchor_sources(correspondence: Correspondence | None, config: RunConfig) -> list[AnchorSource]:
    """Anchors of every pair of modalities, with what tells cells that are too alike to be contrasted."""
    if correspondence is None:
        return []
    return [
        AnchorSource(
            (each.first, each.second),
            each.rows,
            (correspondence.start[each.first], correspondence.start[each.second]),
            _alike_from(correspondence.start[each.first], config),
            each.pull,
        )
        for each in correspondence.anchors
    ]


def _alike_from(cells: np.ndarray, config: RunConfig) -> float:
    """Cosine to a cell's ``anchor_mask``-th nearest neighbour, at the median over cells."""
    if config.anchor_mask == 0 or len(cells) <= config.anchor_mask + 1:
        return NEVER_ALIKE
    some = cells[np.random.default_rng(config.seed).permutation(len(cells))[:CELLS_LOOKED_AT]]
    # a cell is its own nearest
    last = nearest(some, cells, config.anchor_mask + 1)[:, -1]
    return float(np.median(np.einsum("nd,nd->n", some, cells[last])))
