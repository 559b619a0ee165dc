"""Imputed values as tables are those of the AnnData file, whole or absent."""

from __future__ import annotations

from dataclasses import replace

import anndata as ad
import numpy as np
import pandas as pd
import pytest

from monae_app.engine.analysis import imputed_table
from monae_app.engine.analysis.everywhere import decoded_rows
from monae_app.engine.analysis.imputation import feature_rows, impute
from monae_app.engine.analysis.imputed_file import Wanted, write_imputed
from monae_app.engine.analysis.imputed_table import write_imputed_table
from monae_app.engine.analysis.kept_arrays import KeptArrays
from monae_app.engine.analysis.run_slices import RunSlices
from monae_app.engine.errors import InputError
from monae_app.engine.result import Result
from tests.web.tiny_sample import write_sample


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return write_sample(tmp_path_factory.mktemp("imputed")) / "run"


@pytest.mark.parametrize("ending", ["csv", "csv.gz", "parquet"])
@pytest.mark.parametrize("features", [("Gene3", "Gene0"), None])
def test_a_table_holds_what_the_file_holds(run, tmp_path, monkeypatch, ending, features):
    # several pieces
    monkeypatch.setattr(imputed_table, "VALUES_AT_ONCE", 500)
    result, wanted, told = Result.load(run), Wanted("atac", "rna", features), []
    path = tmp_path / f"values.{ending}"
    shape = write_imputed_table(result, wanted, path, on_cells=lambda done, every: told.append((done, every)))
    write_imputed(result, wanted, tmp_path / "values.h5ad")
    expected = ad.read_h5ad(tmp_path / "values.h5ad")
    found = pd.read_parquet(path).set_index("cell") if ending == "parquet" else pd.read_csv(path, index_col="cell")
    assert shape == found.shape == expected.shape
    assert found.index.tolist() == expected.obs_names.tolist()
    assert found.columns.tolist() == (
        list(features) if features else [name.partition(":")[2] or name for name in expected.var_names]
    )
    np.testing.assert_allclose(found, expected.X, rtol=2e-5)
    assert told[-1] == (120, 120)
    assert len(told) > 1 or features


def test_an_unknown_name_leaves_no_file(run, tmp_path):
    with pytest.raises(InputError):
        write_imputed_table(Result.load(run), Wanted("atac", "rna", ("Nope",)), tmp_path / "x.csv")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("source", "target"), [("rna", "rna"), ("atac", "rna"), ("rna", "atac")])
def test_some_cells_are_imputed_as_all_are(run, source, target):
    result, slices = Result.load(run), RunSlices(run, KeptArrays(2**24))
    names = result.features.obs["name"][result.features.obs["modality"] == target].tolist()[5:9]
    rows, cells = feature_rows(result, target, names), np.array([0, 3, 50, 119])
    found = decoded_rows(slices, source, target, np.asarray(rows), cells)
    np.testing.assert_allclose(found, impute(result, source, target, names)[cells], rtol=1e-4)


def test_own_counts_pull_values_within_a_modality_by_what_the_model_leaves_open(run):
    result = Result.load(run)
    names = ("Gene3", "Gene0", "Gene40")
    wanted = Wanted("rna", "rna", names, own_counts=True)
    found = np.vstack([values for _, values in wanted.shards(result)])
    expected = impute(result, "rna", "rna", names, scale="counts")
    counts = ad.read_h5ad(run.parent / "rna.h5ad")[:, list(names)].X.toarray()
    shown = impute(result, "rna", "rna", names)
    # the sample's inverse dispersion is exp(0) or 0, whichever is stored: as it stands in the file
    rows = feature_rows(result, "rna", list(names))
    spread = result.features.obsm["dispersion"][rows, 0]
    np.testing.assert_allclose(found, shown * (counts + spread) / (expected + spread), rtol=1e-4)
    # some of the cells, in their order
    few = replace(result, cells=result.cells[[5, 100, 130]])
    np.testing.assert_allclose(np.vstack([values for _, values in wanted.shards(few)]), found[[5, 100]], rtol=1e-6)


def test_own_counts_are_refused_where_there_are_none(run):
    with pytest.raises(InputError, match="not counted"):
        Wanted("atac", "rna", own_counts=True).shards(Result.load(run))
