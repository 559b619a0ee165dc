"""Cells of RNA and of a small panel are matched through their own neighbours; wrong links match nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch

from monae_app.engine.config import RunConfig, make_config
from monae_app.engine.data.coordinates import locate_features
from monae_app.engine.data.linking import link, modelled_features
from monae_app.engine.data.planted import make_planted
from monae_app.engine.data.preprocess import Prepared, prepare
from monae_app.engine.data.reading import read_dataset
from monae_app.engine.training.anchoring import links_to_genes
from monae_app.engine.training.assembly import build_network
from monae_app.engine.training.correspondence import correspond
from monae_app.engine.training.few_links import has_few_links, linked_scores, pull_of
from monae_app.engine.training.groundwork import lay_groundwork
from monae_app.engine.training.sources import step_sampler

if TYPE_CHECKING:
    from monae_app.engine.data.dataset import Dataset
    from monae_app.engine.data.guidance import GuidanceGraph


@pytest.fixture(scope="module")
def config(tmp_path_factory) -> RunConfig:
    folder = tmp_path_factory.mktemp("panel")
    make_planted(n_cells=400, n_genes=240, n_peaks=300, regime="standard", protein="same", seed=3).write(folder)
    inputs = {name: folder / f"{name}.h5ad" for name in ("rna", "protein")}
    return make_config(inputs=inputs, bed=folder / "genes.bed.gz", n_components=30)


@pytest.fixture(scope="module")
def read(config) -> tuple[Dataset, dict[str, Prepared], GuidanceGraph]:
    dataset = read_dataset(config)
    graph = link(dataset, locate_features(dataset, config), config)
    modelled = modelled_features(dataset, graph)
    return dataset, {name: prepare(each, modelled[name], config) for name, each in dataset.modalities.items()}, graph


def kinds(dataset: Dataset) -> tuple[np.ndarray, np.ndarray]:
    rna, protein = (dataset.modalities[name].obs["cell_type"].to_numpy(str) for name in ("rna", "protein"))
    return rna, protein


def nearest_is_right(scores: tuple[np.ndarray, np.ndarray], dataset: Dataset) -> float:
    rna, protein = kinds(dataset)
    return float((rna[(scores[1] @ scores[0].T).argmax(axis=1)] == protein).mean())


def test_a_panel_has_few_links_and_peaks_are_another_matter(read):
    _, _, graph = read
    assert has_few_links(graph, "protein")
    assert len(links_to_genes(graph, "protein")[0]) == 40


def test_averages_over_own_neighbours_say_more_than_single_cells_and_wrong_links_nothing(read):
    dataset, prepared, graph = read
    both = prepared["rna"], prepared["protein"]
    right = nearest_is_right(linked_scores(both, graph), dataset)
    assert right > 0.6
    end = graph.block("protein")
    turned = np.where(graph.target >= end.start, end.start + np.roll(graph.target - end.start, 7), graph.target)
    wrong = nearest_is_right(linked_scores(both, replace(graph, target=turned)), dataset)
    assert wrong < right - 0.25


def test_scores_are_of_length_1_follow_the_sign_and_a_weight_of_next_to_nothing_mutes_a_link(read):
    _, prepared, graph = read
    both = prepared["rna"], prepared["protein"]
    first, second = linked_scores(both, graph)
    assert first.shape == second.shape == (400, 40)
    for each in (first, second):
        np.testing.assert_allclose(np.linalg.norm(each, axis=1), 1, atol=1e-5)
    flipped = linked_scores(both, replace(graph, sign=-graph.sign))
    np.testing.assert_allclose(flipped[0], first, atol=1e-6)
    np.testing.assert_allclose(flipped[1], -second, atol=1e-6)
    light = graph.weight.copy()
    light[0] = 1e-8
    assert np.abs(linked_scores(both, replace(graph, weight=light))[1][:, 0]).max() < 1e-3


def test_anchors_and_maps_join_cells_of_one_type_whatever_the_order_of_the_cells(read, config):
    dataset, prepared, graph = read
    found = correspond(dataset, prepared, graph, config)
    (anchors,) = found.anchors
    rna, protein = kinds(dataset)
    assert (rna[anchors.rows[:, 0]] == protein[anchors.rows[:, 1]]).mean() > 0.75
    assert len(anchors.rows) > 500
    assert nearest_is_right((found.start["rna"], found.start["protein"]), dataset) > 0.6
    again = correspond(dataset, prepared, graph, config)
    np.testing.assert_array_equal(again.anchors[0].rows, anchors.rows)


def test_the_smaller_the_panel_the_stronger_the_pull_and_large_ones_are_left_as_they_are(read, config):
    _, prepared, _ = read
    assert pull_of(prepared, ("rna", "protein"), config) == config.features_per_step / 40
    few = config.model_copy(update={"features_per_step": 16})
    assert pull_of(prepared, ("rna", "protein"), few) == 1


def test_anchors_of_a_panel_carry_their_pull_to_the_loss(read, config):
    dataset, prepared, graph = read
    ground = lay_groundwork(dataset, prepared, graph, config)
    (anchors,) = step_sampler(dataset, ground, config, torch.device("cpu")).draw(0, 0.0).anchors
    assert anchors.pull == config.features_per_step / 40
    network = build_network(dataset, ground.prepared, ground.graph, ground.correspondence, config, torch.device("cpu"))
    network.eval()
    step = step_sampler(dataset, ground, config, torch.device("cpu")).draw(0, 0.0)
    plain = replace(step, anchors=tuple(replace(each, pull=1.0) for each in step.anchors))
    with torch.no_grad():
        pulled, unpulled = (float(network.losses(each)["anchors"]) for each in (step, plain))
    assert pulled == pytest.approx(anchors.pull * unpulled, rel=1e-4)
