"""The whole way on planted data: trained once, asked often."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import anndata as ad
import numpy as np
import pytest
import scipy.sparse as sp

from monae_app.engine.analysis.imputation import impute
from monae_app.engine.config import RunConfig, make_config
from monae_app.engine.data.coordinates import locate_features
from monae_app.engine.data.linking import link
from monae_app.engine.data.planted import Planted, make_planted
from monae_app.engine.data.reading import read_dataset
from monae_app.engine.errors import InputError, Stopped
from monae_app.engine.pipeline import Monae, run
from monae_app.engine.result import Result

if TYPE_CHECKING:
    from pathlib import Path

STEPS = 150
FILES = {"config.json", "checkpoint.safetensors", "weights.safetensors", "cells.h5ad", "features.h5ad", "report.json"}

pytestmark = pytest.mark.usefixtures("brief_umaps")


def config_of(folder: Path, **changes: object) -> RunConfig:
    inputs = {name: folder / f"{name}.h5ad" for name in changes.pop("modalities", ("rna", "atac"))}
    values = {"inputs": inputs, "bed": folder / "genes.bed.gz", "steps": STEPS, "batch_size": 128, "latent_shared": 16}
    return make_config(**(values | changes))


@pytest.fixture(scope="module")
def planted() -> Planted:
    return make_planted(seed=0)


@pytest.fixture(scope="module")
def folder(planted: Planted, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("planted")
    planted.write(folder)
    return folder


@pytest.fixture(scope="module")
def events() -> list[dict]:
    return []


@pytest.fixture(scope="module")
def result(folder: Path, events: list[dict]) -> Result:
    return run(config_of(folder), folder / "run", on_event=events.append)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("small")
    make_planted(n_cells=90, n_genes=120, n_peaks=400, n_types=3, seed=4).write(folder)
    return folder


def test_cells_of_both_modalities_meet(result):
    metrics = result.report["metrics"]
    assert metrics["foscttm"] < 0.15
    assert metrics["same_modality"] < 0.6
    assert metrics["label_transfer"] > 0.95
    assert metrics["ari"] > 0.9


def test_shuffled_links_bring_no_alignment(planted, tmp_path):
    """The guidance does the work: with genes at foreign places the cells do not find each other."""
    genes = planted.genes.copy()
    places = ["chrom", "start", "end", "strand"]
    genes[places] = genes[places].sample(frac=1, random_state=1).to_numpy()
    Planted(planted.rna, planted.atac, genes, planted.latent_rna, planted.latent_atac).write(tmp_path)
    shuffled = run(config_of(tmp_path), tmp_path / "run")
    assert shuffled.report["metrics"]["foscttm"] > 0.3
    assert not shuffled.report["alignment"]["aligned"]
    assert shuffled.report["alignment"]["verdict"] in shuffled.report["warnings"]


def test_the_report_says_without_pairs_and_labels_that_the_cells_are_aligned(result):
    before, after = result.report["alignment"], result.report["consistency"]
    assert before["aligned"]
    assert not after["warning"]
    assert after["score"] > after["null_mean"] + 0.1
    assert not {before["verdict"], after["verdict"]} & set(result.report["warnings"])
    assert {"alignment", "consistency"} <= set(result.report["timings"])


def test_rows_and_names_of_a_modality_do_not_matter(planted, folder, result, tmp_path):
    """No pairing leaks through row order or names."""
    names = planted.atac.obs["pair_id"].to_numpy()
    order = np.argsort(names)
    aligned = planted.atac[order].copy()
    aligned.obs_names = names[order]
    rna = planted.rna[np.argsort(planted.rna.obs["pair_id"].to_numpy())].copy()
    rna.obs_names = rna.obs["pair_id"].to_numpy()
    Planted(rna, aligned, planted.genes, planted.latent_rna, planted.latent_atac).write(tmp_path)
    same_names_same_rows = run(config_of(tmp_path), tmp_path / "run")
    before, after = result.report["metrics"], same_names_same_rows.report["metrics"]
    assert abs(before["foscttm"] - after["foscttm"]) < 0.02
    assert abs(before["label_transfer"] - after["label_transfer"]) < 0.02


def test_a_known_link_is_found_and_a_false_one_is_not(planted, result):
    """Inside gene windows, peaks that follow their gene lie closer to it than peaks that do not."""
    vectors = result.features.obsm["X_monae"]
    vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    row = {name: i for i, name in enumerate(result.features.obs["name"])}
    near = planted.atac.var[planted.atac.var["owner"] != ""]
    cosine = np.array([vectors[row[peak]] @ vectors[row[gene]] for peak, gene in near["owner"].items()])
    follows = near["follows"].to_numpy()
    difference = cosine[follows].mean() - cosine[~follows].mean()
    spread = np.sqrt(cosine[follows].var() / follows.sum() + cosine[~follows].var() / (~follows).sum())
    assert difference > 3 * spread


def test_imputation_across_modalities_follows_the_truth(planted, result):
    """RNA imputed from ATAC alone follows what the partner cell expressed; with shuffled partners it does not."""
    genes = planted.rna.var_names[np.asarray(planted.rna.X.sum(axis=0)).ravel() > 1500][:60]
    imputed = np.log1p(impute(result, "atac", "rna", list(genes)))
    partner = planted.rna.obs.reset_index().set_index("pair_id").loc[planted.atac.obs["pair_id"], "index"]
    measured = planted.rna[partner.to_numpy(), genes].X.toarray()
    library = np.asarray(planted.rna[partner.to_numpy()].X.sum(axis=1))
    truth = np.log1p(1e4 * measured / library)

    def median_r(first, second):
        return np.median([np.corrcoef(first[:, i], second[:, i])[0, 1] for i in range(first.shape[1])])

    assert median_r(imputed, truth) > 0.3
    shuffled = np.random.default_rng(0).permutation(len(truth))
    assert abs(median_r(imputed, truth[shuffled])) < 0.05


def test_the_run_folder_holds_what_the_contract_names(result, folder):
    assert {path.name for path in (folder / "run").iterdir()} >= FILES
    assert not [path for path in (folder / "run").iterdir() if path.suffix == ".tmp"]
    cells, features = result.cells, result.features
    assert cells.X is None
    assert cells.n_obs == 1200
    assert list(cells.obs_names[:2]) == ["rna:r0", "rna:r1"]
    assert {"modality", "pair_id", "library_size", "leiden", "cell_type", "batch"} <= set(cells.obs)
    assert {"normaliser_rna", "normaliser_atac"} <= set(cells.obs)
    assert cells.obsm["X_monae"].shape == (1200, 16)
    assert cells.obsm["X_private"].shape == (1200, 25)
    assert cells.obsm["X_umap"].shape == (1200, 2)
    assert cells.obsm["X_monae"].dtype == np.float32
    assert {"modality", "name", "chrom", "chromStart", "chromEnd", "modelled"} <= set(features.obs)
    assert {"X_monae", "X_private", "posterior_sd", "scale", "bias", "dispersion"} <= set(features.obsm)
    assert {"guidance", "refined"} <= set(features.obsp)
    assert features.obs_names[0] == "rna:Gene0"
    for name in ("metrics", "timings", "cpu_seconds", "peak_memory_mb", "versions", "seed", "warnings", "dataset"):
        assert name in result.report


def test_two_files_suffice_to_impute(result):
    """The formula of the contract, word by word: exp(scale_g (u_i . f_g) + bias_g) / normaliser_i."""
    cells, features = result.cells, result.features
    is_rna = (cells.obs["modality"] == "rna").to_numpy()
    gene = features.obs_names.get_loc("rna:Gene3")
    u = np.hstack([cells.obsm["X_monae"], cells.obsm["X_private"]])[is_rna]
    f = np.hstack([features.obsm["X_monae"], features.obsm["X_private"]])[gene]
    level = features.obsm["scale"][gene, 0] * (u @ f) + features.obsm["bias"][gene, 0]
    proportion = np.exp(level) / cells.obs["normaliser_rna"].to_numpy()[is_rna]
    np.testing.assert_allclose(impute(result, "rna", "rna", ["Gene3"], scale="proportion")[:, 0], proportion, rtol=1e-4)


def test_loaded_equals_saved(result, folder):
    loaded = Result.load(folder / "run")
    np.testing.assert_array_equal(loaded.cells.obsm["X_monae"], result.cells.obsm["X_monae"])
    np.testing.assert_array_equal(
        impute(loaded, "atac", "rna", ["Gene1", "Gene7"]), impute(result, "atac", "rna", ["Gene1", "Gene7"])
    )
    assert loaded.report == json.loads(json.dumps(result.report))
    assert loaded.config == result.config


def test_progress_tells_every_stage_and_every_term(result, events):
    assert result is not None
    stages = list(dict.fromkeys(event["stage"] for event in events))
    assert stages == ["read", "preprocess", "link", "anchors", "train", "analyse", "save"]
    training = [event for event in events if "step" in event]
    assert training[-1]["step"] == training[-1]["steps"] == STEPS
    terms = {name for name in training[-1] if name.startswith("loss_")}
    assert {
        "loss_nll_rna",
        "loss_nll_atac",
        "loss_kl_features",
        "loss_anchors",
    } <= terms
    assert json.dumps(events)


def test_one_seed_gives_one_result_and_another_another(small):
    first, again, other = (
        run(config_of(small, steps=20, seed=seed), small / f"run-{name}")
        for name, seed in (("a", 1), ("b", 1), ("c", 2))
    )
    for key in ("X_monae", "X_private", "X_umap"):
        np.testing.assert_array_equal(first.cells.obsm[key], again.cells.obsm[key])
    assert not np.allclose(first.cells.obsm["X_monae"], other.cells.obsm["X_monae"])


def test_stopped_and_resumed_equals_uninterrupted(small):
    config = config_of(small, steps=40)
    whole = run(config, small / "whole")
    steps = []
    with pytest.raises(Stopped):
        run(config, small / "stopped", on_event=steps.append, should_stop=lambda: any("step" in each for each in steps))
    assert (small / "stopped" / "checkpoint.safetensors").is_file()
    assert not (small / "stopped" / "cells.h5ad").exists()
    resumed = run(config, small / "stopped", resume=True)
    np.testing.assert_array_equal(whole.cells.obsm["X_monae"], resumed.cells.obsm["X_monae"])


@pytest.mark.parametrize("modality", ["rna", "atac"])
def test_one_modality_alone_is_a_run(small, modality):
    alone = run(config_of(small, modalities=(modality,), steps=15, batch_size=32), small / f"{modality}-alone")
    assert alone.cells.n_obs == 90
    assert not {"alignment", "consistency"} & set(alone.report)
    assert "label_transfer" not in alone.report["metrics"]
    assert impute(alone, modality, modality, [alone.features.obs["name"].iloc[0]]).shape == (90, 1)


def test_batches_get_their_own_decoder(small):
    batched = run(config_of(small, steps=15, batch_key=("batch",)), small / "batched")
    assert batched.features.obsm["scale"].shape[1] == 2
    assert list(batched.features.uns["batches"]) == ["batch 0", "batch 1"]
    assert impute(batched, "rna", "rna", ["Gene1"], batch="batch 1").shape == (90, 1)
    with pytest.raises(InputError, match="no batch 'batch 2'"):
        impute(batched, "rna", "rna", ["Gene1"], batch="batch 2")


def test_genes_outside_the_selection_can_be_asked_for(small):
    few = run(config_of(small, steps=30, n_top_genes=40, keep_genes=("Gene99",)), small / "few")
    modelled = few.features.obs["modelled"][few.features.obs["modality"] == "rna"]
    assert 40 <= modelled.sum() <= 41
    assert modelled["rna:Gene99"]
    everything = impute(few, "rna", "rna", list(few.features.obs["name"][few.features.obs["modality"] == "rna"]))
    assert everything.shape == (90, 120)
    np.testing.assert_allclose(everything.sum(axis=1), 1e4, rtol=1e-3)
    total = ad.read_h5ad(small / "rna.h5ad").X.sum(axis=0).A1
    left_out = ~modelled.to_numpy() & (total > np.median(total))
    measured = ad.read_h5ad(small / "rna.h5ad").X.toarray()[:, left_out]
    profile = np.corrcoef(np.log(everything[:, left_out].mean(axis=0)), np.log(measured.sum(axis=0)))[0, 1]
    assert profile > 0.95


def test_continuous_values_take_the_normal_path(small, tmp_path):
    for name in ("rna", "atac"):
        table = ad.read_h5ad(small / f"{name}.h5ad")
        if name == "rna":
            table.X = sp.csr_matrix(np.log1p(table.X.toarray() * 1.3) - 0.5)
        table.write_h5ad(tmp_path / f"{name}.h5ad")
    (tmp_path / "genes.bed.gz").write_bytes((small / "genes.bed.gz").read_bytes())
    mixed = run(config_of(tmp_path, steps=30), tmp_path / "run")
    assert mixed.report["dataset"]["modalities"]["rna"]["likelihood"] == "normal"
    assert any("not counts" in warning for warning in mixed.report["warnings"])
    assert mixed.cells.obs["normaliser_rna"].isna().all()
    assert np.isfinite(impute(mixed, "atac", "rna", ["Gene1"])).all()


def test_pairs_are_used_only_when_declared(small, tmp_path):
    for name in ("rna", "atac"):
        table = ad.read_h5ad(small / f"{name}.h5ad")
        table.obs_names = table.obs["pair_id"].to_numpy()
        table.write_h5ad(tmp_path / f"{name}.h5ad")
    (tmp_path / "genes.bed.gz").write_bytes((small / "genes.bed.gz").read_bytes())
    paired = run(config_of(tmp_path, steps=60, paired=True), tmp_path / "paired")
    unpaired = run(config_of(tmp_path, steps=60), tmp_path / "unpaired")
    assert paired.report["anchors"] == 90
    assert paired.report["metrics"]["foscttm"] < unpaired.report["metrics"]["foscttm"]
    with pytest.raises(InputError, match="no cell name stands in both"):
        run(config_of(small, paired=True), tmp_path / "none")


def test_the_estimator_takes_a_dataset_and_a_graph(small):
    config = config_of(small, steps=10)
    dataset = read_dataset(config)
    graph = link(dataset, locate_features(dataset, config), config)
    fitted = Monae(config).fit(dataset, graph)
    fitted.save(small / "by-hand")
    assert Result.load(small / "by-hand").cells.n_obs == 180
