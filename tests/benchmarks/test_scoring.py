"""The scores, the split of what may be seen from the truth, and the way a result is kept."""

from __future__ import annotations

import json
import sys

import anndata as ad
import numpy as np
import pytest

from tests.benchmarks import report, run, store
from tests.benchmarks.datasets import Data, Size, prepare
from tests.benchmarks.execution import ChildFailedError, run_child
from tests.benchmarks.scoring import imputation_score, rare_clusters, score_held_out
from tests.benchmarks.truth import Truth

SIZE = Size(120, 60, 150)


@pytest.fixture(scope="module")
def standard(tmp_path_factory) -> Data:
    return prepare("own-standard", 1, tmp_path_factory.mktemp("standard"), SIZE, None)


@pytest.fixture(scope="module")
def hostile(tmp_path_factory) -> Data:
    return prepare("own-hostile", 1, tmp_path_factory.mktemp("hostile"), SIZE, None)


@pytest.fixture(scope="module")
def cortex(tmp_path_factory) -> Data:
    return prepare("cortex", 0, tmp_path_factory.mktemp("cortex"), SIZE, None)


def test_the_truth_scores_one_noise_nought_and_a_constant_nought():
    rng = np.random.default_rng(0)
    mean = rng.gamma(1.0, 1.0, (400, 30))
    depth = rng.uniform(0.5, 2, (400, 1))
    assert imputation_score(mean, mean * depth) == pytest.approx(1)
    assert abs(imputation_score(rng.gamma(1.0, 1.0, mean.shape), mean)) < 0.05
    flat = mean.copy()
    flat[:, ::2] = flat[:, ::2].mean(axis=0)
    flat *= mean.sum(axis=1, keepdims=True) / flat.sum(axis=1, keepdims=True)
    assert 0.3 < imputation_score(flat, mean) < 0.8


def test_methods_see_no_label_no_pair_and_no_truth(standard, cortex):
    for data in (standard, cortex):
        tables = [ad.read_h5ad(data.inputs / f"{name}.h5ad") for name in ("rna", "atac")]
        assert not set(tables[0].obs_names) & set(tables[1].obs_names)
        for table in tables:
            assert list(table.obs.columns) == ["batch"]
            assert set(table.var.columns) <= {"chrom", "chromStart", "chromEnd"}
            assert not table.layers
            assert not table.uns
            assert not table.obsm


def test_the_truth_belongs_to_the_rows_of_the_inputs(standard, cortex):
    truth = Truth(standard)
    rna, atac = (ad.read_h5ad(standard.inputs / f"{name}.h5ad") for name in ("rna", "atac"))
    for table, name in ((rna, "rna"), (atac, "atac")):
        totals = np.asarray(table.X.sum(axis=1)).ravel()
        assert np.corrcoef(totals, truth.mean(name, name).sum(axis=1))[0, 1] > 0.8
    # a cell and its other half share the latent, so the mean across is that of the same place
    half = truth.mean("atac", "rna")
    row = {pair: place for place, pair in enumerate(truth.joined("pair_id")[: rna.n_obs].tolist())}
    mates = [row[pair] for pair in truth.joined("pair_id")[rna.n_obs :].tolist()]
    assert mates != sorted(mates)
    assert np.array_equal(truth.latent["rna"][mates], truth.latent["atac"])
    assert np.array_equal(half, truth.mean("rna", "rna")[mates])

    labels, pairs = Truth(cortex).joined("cell_type"), Truth(cortex).joined("pair_id")
    n_cells = len(pairs) // 2
    assert (pairs[:n_cells] == pairs[n_cells:]).mean() < 0.01
    type_of = dict(zip(pairs[:n_cells], labels[:n_cells], strict=True))
    assert [type_of[pair] for pair in pairs[n_cells:]] == labels[n_cells:].tolist()


def test_hostile_data_has_no_mean_across_and_names_its_rare_type(hostile, tmp_path):
    assert Truth(hostile).mean("rna", "rna") is not None
    assert Truth(hostile).mean("atac", "rna") is None
    larger = prepare("own-hostile", 0, tmp_path, Size(1500, 60, 150), None)
    assert Truth(larger).rare == ["T6"]


def test_the_guidance_joins_peaks_with_the_gene_that_owns_them(standard, tmp_path):
    from monae_app.engine.data.planted import make_planted

    var = make_planted(n_cells=SIZE.cells, n_genes=SIZE.genes, n_peaks=SIZE.peaks, regime="standard", seed=1).atac.var
    rna, atac = (ad.read_h5ad(standard.inputs / f"{name}.h5ad") for name in ("rna", "atac"))
    with np.load(standard.inputs / "links.npz") as links:
        found = dict(zip(atac.var_names[links["peak"]], rna.var_names[links["gene"]], strict=True))
    assert found == var.loc[var["owner"] != "", "owner"].to_dict()


def test_a_rare_type_is_kept_where_it_stands_apart_and_lost_where_it_does_not():
    rng = np.random.default_rng(0)
    label = np.repeat(["common", "other", "rare"], [500, 460, 40])
    centres = np.array([[0.0, 0, 0], [8, 0, 0], [0, 8, 0]])
    noise = rng.normal(0, 0.5, (len(label), 3))
    apart = centres[np.searchsorted(["common", "other", "rare"], label)] + noise
    swallowed = apart.copy()
    swallowed[label == "rare", 1] -= 8
    assert rare_clusters(apart, label, ["rare"])["rare_kept_res1"] == 1
    assert rare_clusters(swallowed, label, ["rare"])["rare_kept"] == 0


def test_cells_that_training_did_not_see_are_scored_apart(standard):
    truth = Truth(standard)
    embedding = {name: values.copy() for name, values in truth.latent.items()}
    held_out = {name: np.arange(len(values)) < 30 for name, values in embedding.items()}
    same = score_held_out(truth, embedding, held_out)
    assert same == {"foscttm_seen": 0, "foscttm_unseen": 0}
    embedding["rna"][:30] = np.random.default_rng(0).permutation(embedding["rna"][:30])
    moved = score_held_out(truth, embedding, held_out | {"atac": np.zeros(SIZE.cells, bool)})
    assert moved["foscttm_unseen"] > 0.1
    assert moved["foscttm_seen"] < moved["foscttm_unseen"] / 2


def test_cpu_seconds_are_those_of_the_child(tmp_path):
    busy = "import time\nwhile time.process_time() < .4: pass"
    used = run_child([sys.executable, "-c", busy], tmp_path / "log")
    assert 0.4 <= used.cpu_s < 3
    idle = run_child([sys.executable, "-c", "import time; time.sleep(.4)"], tmp_path / "log")
    assert idle.cpu_s < 0.3
    with pytest.raises(ChildFailedError, match=r"exit status 3.*no such thing"):
        run_child([sys.executable, "-c", "import sys; print('no such thing'); sys.exit(3)"], tmp_path / "log")


def test_a_bench_that_was_broken_off_goes_on_where_it_stopped(tmp_path, monkeypatch):
    asked = []

    def measured(method, data, work):
        asked.append((data.name, data.seed, method.name))
        if len(asked) == 2:
            raise ChildFailedError("exit status 1: out of luck")
        scores = {"ari": 0.5, "foscttm": 0.1}
        return store.write(work, data, method.name, {"cpu_s": 1.0, "versions": {}, "scores": scores})

    monkeypatch.setattr(run, "measure", measured)
    monkeypatch.setattr(report, "draw", lambda *_: None)
    monkeypatch.setattr(run, "prepare", lambda name, seed, *_: Data(name, seed, tmp_path))
    arguments = ["--only", "pca,cca", "--data", "own-standard", "--seeds", "0,2", "--work", str(tmp_path)]
    assert run.main(arguments) == 1
    assert run.main(arguments) == 0
    assert len(asked) == 5
    assert asked[-1] == asked[1]
    assert run.main(arguments) == 0
    assert len(asked) == 5
    assert run.main([*arguments, "--fresh", "--only", "pca"]) == 0
    assert len(asked) == 7
    stored = json.loads(store.path_of(tmp_path, "own-standard", 2, "cca").read_text(encoding="utf-8"))
    assert stored["scores"]["ari"] == 0.5
    assert stored["machine"] == store.machine()
    assert len(store.read_all(tmp_path)) >= 4
