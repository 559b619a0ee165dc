"""Correspondence found on a sketch: the same places for all cells, rare ones among it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from monae_app.engine.data.coordinates import locate_features
from monae_app.engine.data.linking import link, modelled_features
from monae_app.engine.data.planted import make_planted
from monae_app.engine.data.preprocess import prepare
from monae_app.engine.data.reading import read_dataset
from monae_app.engine.training import groundwork
from monae_app.engine.training.correspondence import correspond
from monae_app.engine.training.linked_view import with_linked_genes
from monae_app.engine.training.sketched import sketch

if TYPE_CHECKING:
    from pathlib import Path

DISCRIMINATED = {"lambda_adversarial": 0.05}


def test_few_cells_are_all_looked_at(dataset, linked, planted_config):
    some = sketch(dataset, linked, seed=0)
    assert some.dataset is dataset
    assert some.prepared is linked
    found = object()
    assert some.carried_over(found) is found
    assert some.carried_over(None) is None


def test_a_sketch_finds_the_places_of_all_cells(dataset, linked, graph, planted_config):
    config = planted_config.model_copy(update=DISCRIMINATED)
    some = sketch(dataset, linked, seed=0, most=80)
    assert {name: len(rows) for name, rows in some.rows.items()} == {"rna": 80, "atac": 80}
    on_some = correspond(some.dataset, some.prepared, graph, config)
    found = some.carried_over(on_some)
    kinds = {name: each.obs["cell_type"].to_numpy(str) for name, each in dataset.modalities.items()}
    (anchors,) = found.anchors
    assert np.isin(anchors.rows[:, 0], some.rows["rna"]).all()
    assert (kinds["rna"][anchors.rows[:, 0]] == kinds["atac"][anchors.rows[:, 1]]).mean() > 0.9
    for name, start in found.start.items():
        assert start.shape == (120, config.latent_shared)
        np.testing.assert_allclose(start[some.rows[name]], on_some.start[name], atol=1e-6)
        assert found.balance[name].shape == (120,)
        assert found.balance[name].mean() == pytest.approx(1, abs=1e-5)
    nearest = (found.start["rna"] @ found.start["atac"].T).argmax(axis=1)
    outside = np.setdiff1d(np.arange(120), some.rows["rna"])
    assert (kinds["rna"][outside] == kinds["atac"][nearest[outside]]).mean() > 0.85


def test_the_groundwork_of_many_cells_is_laid_on_a_sketch(dataset, linked, graph, planted_config, monkeypatch):
    monkeypatch.setattr(groundwork, "SKETCH", 80)
    found = groundwork.lay_groundwork(dataset, linked, graph, planted_config)
    assert len(np.unique(found.correspondence.anchors[0].rows[:, 0])) <= 80
    assert len(found.correspondence.start["rna"]) == 120
    again = groundwork.lay_groundwork(dataset, linked, graph, planted_config)
    np.testing.assert_array_equal(found.correspondence.start["atac"], again.correspondence.start["atac"])


def test_rare_cells_are_drawn_more_often_than_by_chance(dataset, linked):
    length = (linked["rna"].representation ** 2).sum(axis=1)
    far = length > np.quantile(length, 0.9)
    shares = [far[sketch(dataset, linked, seed=seed, most=40).rows["rna"]].mean() for seed in range(30)]
    assert np.mean(shares) > 1.2 * far.mean()


def test_of_known_pairs_both_halves_are_drawn_and_all_are_anchors(tmp_path: Path, planted_config):
    made = make_planted(n_cells=150, n_genes=120, n_peaks=300)
    made.atac.obs_names = [f"r{pair}" for pair in made.atac.obs["pair_id"]]
    made.rna.obs_names = [f"r{pair}" for pair in made.rna.obs["pair_id"]]
    made.write(tmp_path)
    files = {name: (tmp_path / f"{name}.h5ad",) for name in ("rna", "atac")}
    config = planted_config.model_copy(
        update={"inputs": files, "bed": tmp_path / "genes.bed.gz", "paired": True, "held_out": 0.0}
    )
    dataset = read_dataset(config)
    graph = link(dataset, locate_features(dataset, config), config)
    modelled = modelled_features(dataset, graph)
    prepared = {
        name: with_linked_genes(prepare(each, modelled[name], config), graph, config)
        for name, each in dataset.modalities.items()
    }
    some = sketch(dataset, prepared, seed=0, most=60)
    pairs = dataset.known_pairs("rna", "atac")
    assert len(pairs) == 150
    inside = np.isin(pairs[:, 0], some.rows["rna"])
    assert inside.sum() == 60
    np.testing.assert_array_equal(np.sort(pairs[inside, 1]), some.rows["atac"])
    found = some.carried_over(correspond(some.dataset, some.prepared, graph, config))
    joined = {tuple(row) for row in found.anchors[0].rows.tolist()}
    assert {tuple(row) for row in pairs.tolist()} <= joined
