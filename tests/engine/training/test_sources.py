from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from monae_app.engine.data.guidance import GuidanceGraph
from monae_app.engine.training.correspondence import Anchors, Correspondence
from monae_app.engine.training.sources import NEVER_ALIKE, anchor_sources, cell_sources, edge_source

BALANCE = {
    name: np.random.default_rng(i).uniform(0, 2, 120).astype(np.float32) for i, name in enumerate(("rna", "atac"))
}


def circle(n_cells: int) -> np.ndarray:
    angle = 2 * np.pi * np.arange(n_cells) / n_cells
    return np.column_stack([np.cos(angle), np.sin(angle)]).astype(np.float32)


def correspondence(n_rna: int = 100, n_atac: int = 60) -> Correspondence:
    start = {"rna": circle(n_rna), "atac": circle(n_atac)}
    rows = np.column_stack([np.arange(20), np.arange(20)])
    return Correspondence((Anchors("rna", "atac", rows),), {}, start, BALANCE)


def test_cells_come_with_the_library_of_all_features(dataset, prepared, planted_config):
    few = {name: replace(each, modelled=each.modelled[:20]) for name, each in prepared.items()}
    for name, source in cell_sources(dataset, few, None, planted_config).items():
        assert source.values.shape == (120, 20)
        whole = dataset.modalities[name].values.sum(axis=1)
        np.testing.assert_array_equal(source.library, np.asarray(whole).ravel())


def test_cells_weigh_as_they_are_balanced_if_that_is_wanted(dataset, prepared, planted_config):
    found = correspondence()
    unwanted = planted_config.model_copy(update={"balance": False})
    for name in ("rna", "atac"):
        weighed, *even = (
            cell_sources(dataset, prepared, each, config)[name].balance
            for each, config in ((found, planted_config), (found, unwanted), (None, planted_config))
        )
        np.testing.assert_array_equal(weighed, BALANCE[name])
        for each in even:
            np.testing.assert_array_equal(each, np.ones(120, np.float32))
            assert each.dtype == np.float32


def test_edges_know_the_modality_of_every_vertex(graph):
    source = edge_source(graph)
    np.testing.assert_array_equal(source.blocks[:80], np.tile([0, 80], (80, 1)))
    np.testing.assert_array_equal(source.blocks[80:], np.tile([80, graph.n_vertices], (graph.n_vertices - 80, 1)))
    none = np.empty(0, np.int64)
    assert edge_source(GuidanceGraph(graph.vertices, none, none, none.astype(np.float32), none.astype(np.int8))) is None


@pytest.mark.parametrize("mask", [1, 3, 9])
def test_cells_are_alike_up_to_the_masked_neighbours_of_the_first_modality(planted_config, mask):
    """On a circle of 100 cells the neighbour of that number, both ways, is half as many steps away, rounded up."""
    config = planted_config.model_copy(update={"anchor_mask": mask})
    (source,) = anchor_sources(correspondence(), config)
    assert source.modalities == ("rna", "atac")
    assert [len(each) for each in source.start] == [100, 60]
    assert source.alike_from == pytest.approx(np.cos(2 * np.pi * ((mask + 1) // 2) / 100), abs=1e-4)


@pytest.mark.parametrize(("mask", "n_cells"), [(0, 100), (30, 31)])
def test_without_a_mask_or_with_too_few_cells_none_are_alike(planted_config, mask, n_cells):
    config = planted_config.model_copy(update={"anchor_mask": mask})
    (source,) = anchor_sources(correspondence(n_cells), config)
    assert source.alike_from == NEVER_ALIKE > 1


def test_without_correspondence_there_are_no_anchors(planted_config):
    assert anchor_sources(None, planted_config) == []
