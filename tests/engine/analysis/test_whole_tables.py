"""A run as tables for other programs, opened by these programs."""

from __future__ import annotations

import warnings
from dataclasses import replace

import anndata as ad
import numpy as np
import pandas as pd
import pytest

from monae_app.engine.analysis.imputation import impute
from monae_app.engine.analysis.whole_tables import whole_tables
from monae_app.engine.errors import InputError
from monae_app.engine.result import Result
from monae_app.jobs.annotations import Annotations
from monae_app.jobs.bitsets import pack
from monae_app.jobs.downloads import Downloads
from monae_app.jobs.short_tables import export_tables
from monae_app.jobs.short_work import Bench
from monae_app.web.bundled import folder

SAMPLE = folder("data_samples") / "pbmc_protein"


@pytest.fixture(scope="module")
def result() -> Result:
    return Result.load(SAMPLE / "run")


def test_counts_embeddings_columns_and_imputed_values_are_those_of_the_run(result):
    notes = pd.DataFrame({"mine": pd.Categorical(["a"] * result.cells.n_obs), "cell_type": "b"})
    table = whole_tables(result, ["protein"], notes, imputed=True)["protein"]
    mine = (result.cells.obs["modality"] == "protein").to_numpy()
    measured = ad.read_h5ad(SAMPLE / "protein.h5ad")
    assert table.obs_names.tolist() == measured.obs_names.tolist()
    shared = [name for name in table.var_names if name in set(measured.var_names)]
    np.testing.assert_array_equal(table[:, shared].X.toarray(), measured[:, shared].X.toarray())
    np.testing.assert_array_equal(table.obsm["X_monae"], result.cells.obsm["X_monae"][mine])
    np.testing.assert_allclose(table.layers["imputed"], impute(result, "protein", "protein"), rtol=1e-6)
    assert table.obs["mine"].tolist() == ["a"] * len(measured)
    assert table.obs["note_cell_type"].tolist() == ["b"] * len(measured)
    assert table.obs["cell_type"].astype(str).tolist() == measured.obs["cell_type"].astype(str).tolist()


def test_files_that_changed_or_went_are_refused(result, tmp_path):
    config = result.config.model_copy(
        update={"inputs": {name: (tmp_path / f"{name}.h5ad",) for name in result.modalities}}
    )
    with pytest.raises(InputError, match=r"rna\.h5ad is not where it was"):
        whole_tables(replace(result, config=config), ["rna"])


def test_muon_and_scanpy_open_what_a_user_takes_home(result, tmp_path):
    import scanpy as sc

    cells = result.cells.n_obs
    kept = Annotations(tmp_path / "notes", cells)
    kept.columns.add("reviewed", "good", pack(np.arange(cells) < 100))
    orders = [
        {"folder": str(SAMPLE / "run"), "modality": name, "imputed": False, "notes": str(kept.folder)}
        for name in ("all", "rna")
    ]
    (tmp_path / "store").mkdir()
    made = []
    for order in orders:
        bench = Bench(tmp_path / "store", "somebody", tmp_path, lambda _share, _text: None)
        outcome = export_tables(order, bench)
        made.append((Downloads(tmp_path / "store", "somebody").find(outcome["token"]), outcome["name"]))
    (both, both_name), (one, one_name) = made
    assert (both_name, one_name) == ("monae.h5mu", "rna_monae.h5ad")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import muon

        multimodal = muon.read_h5mu(both)
    assert list(multimodal.mod) == ["rna", "protein"]
    assert multimodal["protein"].obsm["X_umap"].shape == (multimodal["protein"].n_obs, 2)
    assert (multimodal["rna"].obs["reviewed"] == "good").sum() == 100
    table = sc.read_h5ad(one)
    sc.pp.neighbors(table, use_rep="X_monae", n_neighbors=10)
    # what cellxgene asks of a file: cells named once, an embedding of two finite columns, a matrix
    assert table.obs_names.is_unique
    assert np.isfinite(table.obsm["X_umap"]).all()
    assert table.X.shape == (table.n_obs, table.n_vars)
    assert all(dtype.kind in "biufc" or isinstance(dtype, pd.CategoricalDtype) for dtype in table.obs.dtypes)
