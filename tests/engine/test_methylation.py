"""RNA and methylation from files to a map, on planted data whose truth is known; pairs are withheld."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import anndata as ad
import numpy as np
import pytest
import scipy.sparse as sp

from monae_app.cli import main
from monae_app.engine.analysis.imputation import impute
from monae_app.engine.analysis.kept_arrays import KeptArrays
from monae_app.engine.analysis.metrics import foscttm
from monae_app.engine.analysis.run_slices import RunSlices
from monae_app.engine.config import RunConfig, make_config
from monae_app.engine.data.coordinates import locate_features
from monae_app.engine.data.linking import link, modelled_features
from monae_app.engine.data.planted import Planted, make_planted
from monae_app.engine.data.preprocess import prepare
from monae_app.engine.data.reading import read_dataset
from monae_app.engine.errors import InputError
from monae_app.engine.pipeline import Monae
from monae_app.engine.training.alignment_null import alignment_evidence
from monae_app.engine.training.anchoring import gene_activity
from monae_app.engine.training.correspondence import correspond
from monae_app.web.explore import RunView
from tests.benchmarks.methylation import RIGHT, SIGNS, correlation, imputed, matched, misses, result_of

if TYPE_CHECKING:
    from pathlib import Path

    from monae_app.engine.data.dataset import Dataset
    from monae_app.engine.data.guidance import GuidanceGraph
    from monae_app.engine.data.preprocess import Prepared
    from monae_app.engine.result import Result

SIZE = {"n_cells": 400, "n_genes": 240, "n_peaks": 240, "regime": "standard", "methylation": "same"}
CHANCE = 0.5


def config_of(folder: Path, **settings: object) -> RunConfig:
    inputs = {name: folder / f"{name}.h5ad" for name in ("rna", "methylation")}
    return make_config(**({"inputs": inputs, "bed": folder / "genes.bed.gz", "batch_key": ("batch",)} | settings))


def prepared_of(dataset: Dataset, config: RunConfig) -> tuple[dict[str, Prepared], GuidanceGraph]:
    graph = link(dataset, locate_features(dataset, config), config)
    modelled = modelled_features(dataset, graph)
    return {name: prepare(each, modelled[name], config) for name, each in dataset.modalities.items()}, graph


@pytest.fixture(scope="module")
def planted() -> Planted:
    return make_planted(**SIZE, means=True, seed=0)


@pytest.fixture(scope="module")
def folder(planted: Planted, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("methylation")
    planted.write(folder)
    return folder


@pytest.fixture(scope="module")
def dataset(folder: Path) -> Dataset:
    return read_dataset(config_of(folder))


@pytest.fixture(scope="module")
def result(planted: Planted, folder: Path) -> Result:
    return result_of(planted, folder, 0, {}, held_out=0.15)


def levels_of(planted: Planted) -> np.ndarray:
    """Levels as measured, NaN where not covered."""
    methylated, total = (planted.methylation.layers[name].toarray() for name in ("methylated", "total"))
    return np.divide(methylated, total, out=np.full(total.shape, np.nan), where=total > 0)


def aligned(dataset: Dataset, prepared: dict[str, Prepared], config: RunConfig) -> float:
    """FOSCTTM of the closed-form alignment under the signs of a configuration, chance where there is none."""
    graph = link(dataset, locate_features(dataset, config), config)
    found = correspond(dataset, prepared, graph, config)
    if found is None:
        return CHANCE
    order = [np.argsort(each.obs["pair_id"].to_numpy(int)) for each in dataset.modalities.values()]
    return foscttm(*(found.start[name][rows] for name, rows in zip(("rna", "methylation"), order, strict=True)))


def test_right_signs_beat_flipped_and_absent_ones(tmp_path):
    found = {name: [] for name in SIGNS}
    for seed in range(3):
        folder = tmp_path / str(seed)
        make_planted(**SIZE, seed=seed).write(folder)
        dataset = read_dataset(config_of(folder))
        prepared, _ = prepared_of(dataset, config_of(folder, seed=seed))
        for name, signs in SIGNS.items():
            found[name].append(aligned(dataset, prepared, config_of(folder, seed=seed, **signs)))
    assert misses(found) == []
    assert np.mean(found[RIGHT]) < 0.25
    # the wrong way round cells lie at their opposites
    assert np.mean(found["flipped signs"]) > 0.6


def test_a_trained_run_matches_cells_and_imputes_levels(planted, result):
    assert matched(result) < 0.2
    across, within = imputed(planted, result, "rna"), imputed(planted, result, "methylation")
    assert across.following > 0.5
    assert within.following > 0.5
    # what varies by itself cannot be told from RNA
    assert abs(across.others) < 0.2
    levels = impute(result, "rna", "methylation")
    assert levels.min() >= 0
    assert levels.max() <= 1
    back = impute(result, "methylation", "rna")
    assert (back > 0).all()


def test_the_report_says_what_was_read_and_that_it_is_not_validated(result, dataset):
    said = result.report["dataset"]["modalities"]["methylation"]
    assert said["likelihood"] == "beta_binomial"
    assert 0.05 < said["nonzero_share"] == said["found"]["coverage"]["share"] < 0.2
    assert {name: each["regions"] for name, each in said["found"]["coverage"]["contexts"].items()} == {
        "CG": 480,
        "CH": 240,
    }
    assert any("not validated on real data" in each for each in result.report["warnings"])
    assert result.report["alignment"]["aligned"]
    assert not result.report["consistency"]["warning"]
    obs = result.cells.obs[result.cells.obs["modality"] == "methylation"]
    assert result.cells.obs["normaliser_methylation"].isna().all()
    np.testing.assert_array_equal(obs["library_size"], np.diff(dataset.modalities["methylation"].values.indptr))


def test_confidence_tells_regions_that_can_be_imputed(planted, result):
    rows = (result.features.obs["modality"] == "methylation").to_numpy()
    trust = result.features.obs["confidence"].to_numpy()[rows]
    known, follows = np.isfinite(trust), planted.methylation.var["follows"].to_numpy()
    assert known.sum() > 20
    assert np.median(trust[known & follows]) > np.median(trust[known & ~follows]) + 0.1


def test_new_cells_lie_where_the_same_cells_of_the_run_do(folder, result, planted):
    path = folder / "methylation.h5ad"
    estimator = Monae.load(folder / "run")
    mine = (result.cells.obs["modality"] == "methylation").to_numpy()
    whole = estimator.embed(path)
    assert whole.obs["modality"].astype(str).unique().tolist() == ["methylation"]
    for axes in ("X_monae", "X_private"):
        np.testing.assert_allclose(whole.obsm[axes], result.cells.obsm[axes][mine], atol=2e-3)
    # a table in memory, in another order; a region that is left out is covered in no cell
    table = planted.methylation[::-1, np.r_[700:720, 0:640]].copy()
    some = estimator.embed({"methylation": table})
    emptied = planted.methylation.copy()
    for layer in ("methylated", "total"):
        values = emptied.layers[layer].toarray()
        values[:, 640:700] = 0
        emptied.layers[layer] = sp.csr_matrix(values)
    gone = estimator.embed({"methylation": emptied})
    np.testing.assert_allclose(some.obsm["X_monae"][::-1], gone.obsm["X_monae"], atol=1e-4)
    assert any("60 of the 720" in note for note in some.uns["notes"])
    assert impute(estimator.result_of(some), "methylation", "rna").shape == (400, 240)
    unsaid = ad.AnnData(np.ones((6, 720), np.float32), var=planted.methylation.var)
    with pytest.raises(InputError, match="covered"):
        estimator.embed({"methylation": ad.AnnData(sp.csr_matrix((6, 720), dtype=np.float32), var=unsaid.var)})


def test_the_map_is_grey_where_nothing_was_covered(folder, result, planted):
    view = RunView(RunSlices(folder / "run", KeptArrays(10**7)))
    names = planted.methylation.var_names[[3, 500]]
    level = levels_of(planted)
    mine = (result.cells.obs["modality"] == "methylation").to_numpy()
    for name, column in zip(names, (3, 500), strict=True):
        measured = view.colouring(f"methylation:{name}", measured=True)
        assert measured.unit == "measured, level, 0 to 1"
        assert np.isnan(measured.values.to_numpy()[~mine]).all()
        np.testing.assert_allclose(measured.values.to_numpy()[mine], level[:, column], rtol=1e-6)
        shown = view.colouring(f"methylation:{name}").values.to_numpy()
        for source in ("rna", "methylation"):
            rows = (result.cells.obs["modality"] == source).to_numpy()
            np.testing.assert_allclose(shown[rows], impute(result, source, "methylation", [name])[:, 0], rtol=1e-4)


def test_the_order_of_cells_changes_nothing_but_the_order(dataset, folder):
    config = config_of(folder)
    prepared, _ = prepared_of(dataset, config)
    modality = dataset.modalities["methylation"]
    order = np.random.default_rng(0).permutation(modality.n_cells)
    moved = type(modality)(
        modality.name, modality.values[order], modality.obs.iloc[order], modality.var, modality.likelihood
    )
    other = prepare(moved, prepared["methylation"].modelled, config)
    first, second = prepared["methylation"].representation[order], other.representation
    # components may turn over, and those of noise may change places
    together = np.abs([np.corrcoef(first[:, i], second[:, i])[0, 1] for i in range(5)])
    assert together.min() > 0.999
    np.testing.assert_allclose(other.profile.toarray(), prepared["methylation"].profile.toarray()[order], atol=1e-5)


def test_activity_of_a_gene_rises_as_its_methylation_falls(dataset, folder, planted):
    prepared, graph = prepared_of(dataset, config_of(folder))
    activity = gene_activity(prepared, graph, "methylation").toarray()
    order = np.argsort(dataset.modalities["methylation"].obs["pair_id"].to_numpy(int))
    mean = planted.rna.layers["mu0"]
    varies = planted.methylation.var["follows"].to_numpy().reshape(3, -1)[[0, 2]].all(axis=0)
    r = correlation(activity[order], np.log(mean))
    assert np.nanmedian(r[varies]) > 0.2
    assert (r[varies] > 0).mean() > 0.9


def test_shuffled_regions_have_nothing_to_align(dataset, folder):
    config = config_of(folder)
    _, graph = prepared_of(dataset, config)
    modelled = modelled_features(dataset, graph)
    assert alignment_evidence(dataset, modelled, graph, config)["rna", "methylation"].aligned
    order = np.random.default_rng(0).permutation(len(graph.target))
    wrong = type(graph)(graph.vertices, graph.source, graph.target[order], graph.weight, graph.sign[order])
    assert not alignment_evidence(dataset, modelled, wrong, config)["rna", "methylation"].aligned


def test_the_command_line_runs_imputes_and_scores(tmp_path, capsys):
    folder, out = tmp_path / "data", tmp_path / "run"
    make_planted(n_cells=90, n_genes=100, n_peaks=100, regime="standard", methylation="own").write(folder)
    files = [f"{name}={folder / f'{name}.h5ad'}" for name in ("rna", "methylation")]
    length = ["--steps", "3", "--set", "batch_size=32", "--set", "n_components=20", "--set", "n_top_regions=150"]
    assert main(["run", *files, "--out", str(out), *length]) == 2
    assert "genes and regions cannot be linked" in capsys.readouterr().err
    assert main(["run", *files, "--bed", str(folder / "genes.bed.gz"), "--out", str(out), *length]) == 0
    imputed_file = tmp_path / "levels.h5ad"
    assert main(["impute", str(out), "--from", "rna", "--to", "methylation", "--all", "--out", str(imputed_file)]) == 0
    table = ad.read_h5ad(imputed_file)
    assert table.shape == (90, 300)
    assert ((table.X >= 0) & (table.X <= 1)).all()
    capsys.readouterr()
    assert main(["score", str(out), "--json"]) == 0
    assert 0 <= json.loads(capsys.readouterr().out)["label_transfer"] <= 1


def test_levels_alone_run_under_a_normal_distribution(tmp_path, planted):
    folder = tmp_path / "levels"
    planted.write(folder)
    table = planted.methylation
    level = levels_of(planted)
    ad.AnnData(level.astype(np.float32), obs=table.obs, var=table.var).write_h5ad(folder / "methylation.h5ad")
    found = result_of(planted, folder, 0, {}, steps=40, umap_neighbors=5)
    assert found.likelihood("methylation") == "normal"
    assert matched(found) < 0.25
    levels = impute(found, "rna", "methylation")
    assert levels.min() >= 0
    assert levels.max() <= 1
    follows = table.var["follows"].to_numpy()
    truth = table.layers["mu0"][np.argsort(table.obs["pair_id"].to_numpy(int))]
    r = correlation(levels, truth)
    assert np.nanmedian(r[follows]) > np.nanmedian(r[~follows]) + 0.2
