"""Corresponding cells of planted data: inferred through the guidance, or from known pairs."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from monae_app.engine.data.coordinates import locate_features
from monae_app.engine.data.dataset import Dataset
from monae_app.engine.data.guidance import GuidanceGraph
from monae_app.engine.data.linking import link, modelled_features
from monae_app.engine.data.planted import make_planted
from monae_app.engine.data.preprocess import prepare
from monae_app.engine.data.reading import read_dataset
from monae_app.engine.training.correspondence import Correspondence, correspond
from monae_app.engine.training.linked_view import with_linked_genes

if TYPE_CHECKING:
    from pathlib import Path

    from monae_app.engine.config import RunConfig

DISCRIMINATED = {"lambda_adversarial": 0.05}


def kinds(dataset: Dataset, name: str) -> np.ndarray:
    return dataset.modalities[name].obs["cell_type"].to_numpy(str)


def share_right(found: Correspondence, dataset: Dataset) -> float:
    (anchors,) = found.anchors
    assert (anchors.first, anchors.second) == ("rna", "atac")
    return float((kinds(dataset, "rna")[anchors.rows[:, 0]] == kinds(dataset, "atac")[anchors.rows[:, 1]]).mean())


def test_anchors_join_cells_of_one_type_and_a_rewired_graph_does_not(dataset, linked, graph, rewired, planted_config):
    found = correspond(dataset, linked, graph, planted_config)
    assert share_right(found, dataset) > 0.95
    assert found.n_anchors > 100
    wrong = correspond(dataset, linked, rewired, planted_config)
    assert share_right(wrong, dataset) < share_right(found, dataset) - 0.25


def test_what_is_found_fits_the_cells_and_lies_on_the_maps(dataset, linked, graph, planted_config):
    assert correspond(dataset, linked, graph, planted_config).balance == {}  # nothing reads it by default
    found = correspond(dataset, linked, graph, planted_config.model_copy(update=DISCRIMINATED))
    assert set(found.maps) == set(found.start) == set(found.balance) == {"rna", "atac"}
    for name, start in found.start.items():
        assert start.shape == (120, planted_config.latent_shared)
        np.testing.assert_allclose(np.linalg.norm(start, axis=1), 1, atol=1e-5)
        mapped = found.maps[name](linked[name].representation)
        np.testing.assert_allclose(start * np.linalg.norm(mapped, axis=1, keepdims=True), mapped, atol=1e-4)
        assert found.balance[name].shape == (120,)
        assert found.balance[name].dtype == np.float32
        assert found.balance[name].mean() == pytest.approx(1, abs=1e-5)
        assert (found.balance[name] >= 0).all()
    nearest = (found.start["rna"] @ found.start["atac"].T).argmax(axis=1)
    assert (kinds(dataset, "rna") == kinds(dataset, "atac")[nearest]).mean() > 0.9


def test_one_seed_gives_one_answer_and_the_order_of_the_modalities_does_not_matter(
    dataset, linked, graph, planted_config
):
    config = planted_config.model_copy(update=DISCRIMINATED)
    found = correspond(dataset, linked, graph, config)
    turned = Dataset({name: dataset.modalities[name] for name in ("atac", "rna")})
    for other in (dataset, turned):
        again = correspond(other, linked, graph, config)
        np.testing.assert_array_equal(again.anchors[0].rows, found.anchors[0].rows)
        np.testing.assert_array_equal(again.start["atac"], found.start["atac"])
        np.testing.assert_array_equal(again.balance["rna"], found.balance["rna"])


def test_with_one_modality_or_without_links_nothing_corresponds(dataset, linked, graph, planted_config):
    alone = Dataset({"rna": dataset.modalities["rna"]})
    assert correspond(alone, linked, graph, planted_config) is None
    none = np.empty(0, np.int64)
    bare = GuidanceGraph(graph.vertices, none, none, none.astype(np.float32), none.astype(np.int8))
    assert correspond(dataset, linked, bare, planted_config) is None


def test_a_handful_of_known_pairs_stand_beside_what_the_links_tell(planted, dataset, linked, graph, planted_config):
    """Too few to align by, they are anchors all the same, and take nothing from the other cells."""
    named = {}
    for name, table in (("rna", planted.rna), ("atac", planted.atac)):
        pair = table.obs["pair_id"].to_numpy(str)
        known = np.isin(pair, [f"cell {i}" for i in range(6)])
        names = np.where(known, pair, [f"{name} {i}" for i in range(len(pair))])
        modality = dataset.modalities[name]
        named[name] = replace(modality, obs=modality.obs.set_index(names))
    few = Dataset(named, use_pairs=True)
    found = correspond(few, linked, graph, planted_config)
    assert share_right(found, dataset) > 0.95
    anchors = {tuple(row) for row in found.anchors[0].rows.tolist()}
    pairs = few.known_pairs()
    assert len(pairs) == 6
    assert {tuple(row) for row in pairs.tolist()} <= anchors
    assert len(anchors) == found.n_anchors > 100


@pytest.fixture(scope="module")
def larger(planted_config: RunConfig, tmp_path_factory: pytest.TempPathFactory) -> tuple[Dataset, RunConfig]:
    folder: Path = tmp_path_factory.mktemp("planted")
    make_planted(n_cells=300, n_genes=150, n_peaks=600, n_types=4, seed=2).write(folder)
    inputs = {name: (folder / f"{name}.h5ad",) for name in ("rna", "atac")}
    config = planted_config.model_copy(update={"inputs": inputs, "bed": folder / "genes.bed.gz"})
    return read_dataset(config), config


@pytest.fixture(scope="module")
def its_graph(larger: tuple[Dataset, RunConfig]) -> GuidanceGraph:
    dataset, config = larger
    return link(dataset, locate_features(dataset, config), config)


@pytest.mark.parametrize(("lacking", "whole"), [("atac", "rna"), ("rna", "atac")])
@pytest.mark.parametrize("kind", ["type 0", "type 1"])
def test_a_type_that_the_other_modality_lacks_weighs_less_than_every_shared_one(
    larger, its_graph, lacking, whole, kind
):
    dataset, config = larger
    kept = np.flatnonzero(kinds(dataset, lacking) != kind)
    fewer = dataset.modalities[lacking]
    fewer = replace(fewer, values=fewer.values[kept], obs=fewer.obs.iloc[kept])
    dataset = Dataset(dataset.modalities | {lacking: fewer})
    modelled = modelled_features(dataset, its_graph)
    prepared = {
        name: with_linked_genes(prepare(each, modelled[name], config), its_graph, config)
        for name, each in dataset.modalities.items()
    }
    balance = correspond(dataset, prepared, its_graph, config.model_copy(update=DISCRIMINATED)).balance[whole]
    of_kind = {each: balance[kinds(dataset, whole) == each].mean() for each in np.unique(kinds(dataset, whole))}
    absent = of_kind.pop(kind)
    assert absent < 0.6
    assert absent < 0.8 * min(of_kind.values())


@pytest.mark.parametrize("n_known", [12, 60])
def test_a_few_known_pairs_never_make_it_worse(n_known, dataset, linked, graph, planted_config):
    """In a mosaic some cells bear the names of their partners; the links still speak for the others."""
    pair = {name: dataset.modalities[name].obs["pair_id"].to_numpy(str) for name in ("rna", "atac")}
    known = set(np.unique(pair["rna"])[:n_known])
    named = {
        name: replace(
            each,
            obs=each.obs.set_axis(
                [id_ if id_ in known else f"{name} {row}" for row, id_ in enumerate(pair[name])], axis=0
            ),
        )
        for name, each in dataset.modalities.items()
    }
    match = np.argsort(pair["atac"])[np.argsort(np.argsort(pair["rna"]))]

    def farther(found: Correspondence) -> float:
        cosine = found.start["rna"] @ found.start["atac"].T
        return float((cosine < cosine[np.arange(len(match)), match][:, None]).mean())

    without = farther(correspond(dataset, linked, graph, planted_config))
    found = correspond(Dataset(named, use_pairs=True), linked, graph, planted_config)
    assert farther(found) > without - 0.02
    rows = {tuple(row) for row in found.anchors[0].rows.tolist()}
    assert sum((i, j) in rows for i, j in enumerate(match.tolist()) if pair["rna"][i] in known) == n_known
