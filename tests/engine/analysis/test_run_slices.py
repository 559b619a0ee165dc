"""A run read by pieces, against the same run read whole."""

from __future__ import annotations

import os
from dataclasses import replace

import anndata as ad
import h5py
import numpy as np
import pytest

from monae_app.engine.analysis import everywhere
from monae_app.engine.analysis.everywhere import impute_everywhere
from monae_app.engine.analysis.feature_search import FeatureSearch
from monae_app.engine.analysis.imputation import impute
from monae_app.engine.analysis.kept_arrays import KeptArrays
from monae_app.engine.analysis.run_slices import RunSlices
from monae_app.engine.config import make_config
from monae_app.engine.errors import InputError
from monae_app.engine.result import Result
from tests.benchmarks_ui.synthetic_run import write_run

CELLS = 700


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_run(tmp_path_factory.mktemp("run") / "run", CELLS, genes=300, peaks=200)


@pytest.fixture(scope="module")
def whole(folder) -> Result:
    return Result.load(folder)


@pytest.fixture
def run(folder) -> RunSlices:
    return RunSlices(folder, KeptArrays(2**22))


def expected(whole: Result, target: str, names: list[str]) -> np.ndarray:
    return np.log1p(np.concatenate([impute(whole, source, target, names) for source in whole.modalities]))


@pytest.mark.parametrize("target", ["rna", "atac"])
@pytest.mark.parametrize("compressed", [False, True])
def test_what_colours_a_map_is_what_is_imputed(whole, tmp_path, target, compressed, monkeypatch):
    monkeypatch.setattr("monae_app.engine.analysis.run_slices.ROWS_AT_ONCE", 97)
    # a normal modality, two batches and the features of an awkward scale are in it
    rng = np.random.default_rng(1)
    features, cells = whole.features.copy(), whole.cells.copy()
    for name in ("scale", "bias", "dispersion"):
        features.obsm[name] = np.hstack([features.obsm[name], rng.normal(size=(features.n_obs, 1)).astype(np.float32)])
    features.uns |= {"batches": ["one", "two"], "reference_batch": "two"}
    if target == "atac":
        cells.obs["normaliser_atac"] = np.float32(np.nan)
    changed = replace(whole, features=features, cells=cells, config=make_config(inputs=whole.config.inputs))
    changed.save(tmp_path / "run")
    if compressed:
        ad.read_h5ad(tmp_path / "run" / "cells.h5ad").write_h5ad(tmp_path / "run" / "cells.h5ad", compression="gzip")
    run = RunSlices(tmp_path / "run", KeptArrays(2**22))
    search = FeatureSearch(run)
    for feature in features.obs["name"][features.obs["modality"] == target].iloc[[0, 7, -1]]:
        rows = np.array([search.row(target, feature)])
        values = impute_everywhere(run, target, rows, log=target == "rna")
        each = [impute(changed, source, target, [feature])[:, 0] for source in run.modalities]
        wanted = np.concatenate(each)
        np.testing.assert_allclose(values, np.log1p(wanted) if target == "rna" else wanted, atol=1e-6, rtol=1e-6)


def test_a_set_is_the_mean_of_its_members_however_it_is_cut(run, whole, monkeypatch):
    names = [f"GENE{i}" for i in (5, 250, 17, 3)]
    rows = np.array([5, 250, 17, 3])
    wanted = expected(whole, "rna", names).mean(axis=1)
    np.testing.assert_allclose(impute_everywhere(run, "rna", rows, log=True), wanted, atol=1e-6)
    monkeypatch.setattr(everywhere, "VALUES_AT_ONCE", 11 * len(rows))
    np.testing.assert_allclose(impute_everywhere(run, "rna", rows, log=True), wanted, atol=1e-6)


def test_columns_and_single_values_are_those_of_the_whole(run, whole):
    for name in run.columns:
        assert run.column(name).astype(str).tolist() == whole.cells.obs[name].astype(str).tolist()
        assert run.at(name, CELLS - 3) == whole.cells.obs[name].iloc[CELLS - 3]
    assert run.names(slice(CELLS - 2, CELLS)) == [name.split(":")[1] for name in whole.cells.obs_names[-2:]]
    assert run.spans == {"rna": range(CELLS // 2), "atac": range(CELLS // 2, CELLS)}
    assert run.n_features == whole.features.n_obs


def test_floats_of_a_run_are_stored_as_they_are_read(folder):
    with h5py.File(folder / "cells.h5ad") as file:
        assert [file["obsm"][name].compression for name in ("X_monae", "X_private", "X_umap")] == [None] * 3
        assert file["obs/normaliser_rna"].compression is None
        assert file["obs/cell_type/codes"].compression == "gzip"


def test_nothing_is_read_twice_while_there_is_room(run, monkeypatch):
    first = run.column("cell_type")
    monkeypatch.setattr(RunSlices, "open", lambda *_: pytest.fail("read again"))
    assert run.column("cell_type") is first


def test_modalities_that_are_mixed_are_refused(whole, tmp_path):
    mixed = replace(whole, cells=whole.cells[np.random.default_rng(0).permutation(CELLS)].copy())
    mixed.save(tmp_path / "run")
    with pytest.raises(InputError, match="do not stand together"):
        _ = RunSlices(tmp_path / "run", KeptArrays(2**20)).spans


@pytest.mark.parametrize("name", ["cells.h5ad", "features.h5ad", "report.json", "config.json"])
def test_a_run_that_is_not_whole_is_refused_in_words(whole, tmp_path, name):
    whole.save(tmp_path / "run")
    path = tmp_path / "run" / name
    os.truncate(path, path.stat().st_size // 2)
    with pytest.raises(InputError):
        RunSlices(tmp_path / "run", KeptArrays(2**20))
    path.unlink()
    with pytest.raises(InputError):
        RunSlices(tmp_path / "run", KeptArrays(2**20))


def test_a_file_that_goes_away_is_said(whole, tmp_path):
    whole.save(tmp_path / "run")
    run = RunSlices(tmp_path / "run", KeptArrays(2**20))
    (tmp_path / "run" / "cells.h5ad").unlink()
    with pytest.raises(InputError, match="no finished run"):
        run.column("leiden")


@pytest.mark.parametrize("count", [0, 1, 40, 300, CELLS])
def test_names_of_any_rows(run, whole, count, monkeypatch):
    monkeypatch.setattr("monae_app.engine.analysis.run_slices.ROWS_AT_ONCE", 97)
    rows = np.sort(np.random.default_rng(0).choice(CELLS, count, replace=False))
    assert run.names(rows) == [name.split(":")[1] for name in whole.cells.obs_names[rows]]


def test_cells_are_told_by_their_names_and_order(run, whole):
    for modality, span in run.spans.items():
        names = [name.split(":")[1] for name in whole.cells.obs_names[span.start : span.stop]]
        assert run.are_named(modality, names)
        assert not run.are_named(modality, names[1:] + names[:1])
        assert not run.are_named(modality, names[:-1])
