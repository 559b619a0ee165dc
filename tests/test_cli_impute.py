"""`monae impute` as others script against it: a run in, one .h5ad file or one message out."""

from __future__ import annotations

import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import anndata as ad
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

from monae_app.cli import main
from monae_app.engine.analysis.imputation import AtBatch, impute
from monae_app.engine.result import Result
from tests.conftest import SHORT, run_arguments

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def finished(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("finished") / "run"
    length = [*SHORT, "--batch-key", "batch", "--set", "n_top_genes=60"]
    assert main(run_arguments(data, out, length=length)) == 0
    return out


@pytest.fixture(scope="module")
def result(finished: Path) -> Result:
    return Result.load(finished)


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "imputed.h5ad"


def ask(run: Path, out: Path, *extra: str, source: str = "rna", target: str = "atac") -> list[str]:
    return ["impute", str(run), "--from", source, "--to", target, "--out", str(out), *extra]


def test_all_features_of_the_other_modality(finished, result, data, out, capsys, monkeypatch):
    monkeypatch.setattr("monae_app.engine.analysis.linear_decoding.VALUES_AT_ONCE", 300 * 9)
    assert main(ask(finished, out, "--all")) == 0
    said = capsys.readouterr()
    assert said.out.strip() == f"{out}: 80 cells x 300 features of atac, imputed from rna"
    assert said.err.splitlines()[0] == "impute: 9 of 80 cells"
    assert said.err.splitlines()[-1] == "impute: 80 of 80 cells"
    found = ad.read_h5ad(out)
    np.testing.assert_allclose(found.X, impute(result, "rna", "atac"), rtol=1e-5)
    assert found.X.dtype == np.float32
    assert list(found.obs_names) == [f"rna:r{i}" for i in range(80)]
    assert set(found.obs) == set(result.cells.obs)
    assert found.obs["cell_type"].astype(str).tolist() == result.cells.obs["cell_type"].astype(str).tolist()[:80]
    assert list(found.var_names) == list(ad.read_h5ad(data / "atac.h5ad").var_names)
    assert {"chrom", "chromStart", "chromEnd", "modelled", "confidence_within_atac"} <= set(found.var)
    assert dict(found.uns["monae_imputation"]) == {
        "source": "rna",
        "target": "atac",
        "scale": "cp10k",
        "batch": "reference",
    }
    assert [path.name for path in out.parent.iterdir()] == [out.name]


def test_without_a_word_on_features_all_are_meant(finished, out):
    assert main(ask(finished, out, target="rna")) == 0
    found = ad.read_h5ad(out)
    assert found.shape == (80, 100)
    np.testing.assert_allclose(found.X.sum(axis=1), 1e4, rtol=1e-3)


def test_features_come_in_the_order_asked_for_and_once(finished, result, out, tmp_path):
    assert main(ask(finished, out, "--features", "Gene9, Gene3,Gene9,Gene98", source="atac", target="rna")) == 0
    found = ad.read_h5ad(out)
    assert list(found.var_names) == ["Gene9", "Gene3", "Gene98"]
    np.testing.assert_allclose(found.X, impute(result, "atac", "rna", ["Gene9", "Gene3", "Gene98"]), rtol=1e-6)
    assert list(found.obs_names[:2]) == ["atac:a0", "atac:a1"]
    (tmp_path / "names.txt").write_text("Gene9\n\n  Gene3\nGene98\n")
    assert main(ask(finished, out, "--features-file", str(tmp_path / "names.txt"), source="atac", target="rna")) == 0
    np.testing.assert_array_equal(ad.read_h5ad(out).X, found.X)


@pytest.mark.parametrize("scale", ["cp10k", "proportion", "counts"])
@pytest.mark.parametrize("batch", ["reference", "own"])
def test_scale_and_batch_are_those_asked_for(finished, result, out, scale, batch):
    assert main(ask(finished, out, "--features", "Gene5", "--scale", scale, "--batch", batch, target="rna")) == 0
    expected = impute(result, "rna", "rna", ["Gene5"], scale=scale, batch=AtBatch(batch))
    np.testing.assert_allclose(ad.read_h5ad(out).X, expected, rtol=1e-6)


def test_new_cells_are_embedded_on_the_way(finished, result, data, out, tmp_path, capsys):
    given = ad.read_h5ad(data / "rna.h5ad")
    new = given[10:30, np.arange(given.n_vars) % 10 > 0].copy()
    new.obs_names = [f"new{i}" for i in range(20)]
    new.obs["batch"] = "unheard of"
    new.write_h5ad(tmp_path / "new.h5ad")
    assert main(ask(finished, out, "--cells", str(tmp_path / "new.h5ad"))) == 0
    said = capsys.readouterr().err
    assert "are missing and count as not measured" in said
    assert "'unheard of'" in said
    found = ad.read_h5ad(out)
    assert found.shape == (20, 300)
    assert list(found.obs_names[:2]) == ["rna:new0", "rna:new1"]
    assert set(found.obs["batch"]) == {"unheard of"}
    assert np.isfinite(found.X).all()


def test_new_cells_that_are_old_cells_give_the_same_values(finished, result, data, out):
    assert main(ask(finished, out, "--cells", str(data / "rna.h5ad"))) == 0
    np.testing.assert_allclose(ad.read_h5ad(out).X, impute(result, "rna", "atac"), rtol=1e-4)


def test_an_earlier_imputation_is_replaced_and_nothing_else(finished, data, tmp_path, out, capsys):
    assert main(ask(finished, out, "--features", "Gene1", target="rna")) == 0
    assert main(ask(finished, out, "--features", "Gene2", target="rna")) == 0
    assert list(ad.read_h5ad(out).var_names) == ["Gene2"]
    before = out.read_bytes()
    assert main(ask(finished, out, "--features", "Gene2,nothing", target="rna")) == 2
    assert out.read_bytes() == before
    precious = shutil.copy(data / "rna.h5ad", tmp_path / "precious.h5ad")
    for path in (precious, finished / "cells.h5ad", finished / "config.json"):
        before = path.read_bytes()
        assert main(ask(finished, path)) == 2
        assert "is there already and holds no imputed values" in capsys.readouterr().err
        assert path.read_bytes() == before


@pytest.mark.parametrize("ending", [".csv", ".csv.gz", ".parquet"])
def test_the_ending_of_the_file_makes_it_a_table(ending, finished, result, tmp_path, capsys):
    out = tmp_path / f"imputed{ending}"
    assert main(ask(finished, out, "--features", "Gene1,Gene2", source="atac", target="rna")) == 0
    read = pd.read_parquet if ending == ".parquet" else pd.read_csv
    table = read(out).set_index("cell")
    assert list(table.columns) == ["Gene1", "Gene2"]
    assert list(table.index) == [name for name in result.cells.obs_names if name.startswith("atac:")]
    np.testing.assert_allclose(table, impute(result, "atac", "rna", ["Gene1", "Gene2"]), rtol=1e-4)
    # a table does not say whose it is
    capsys.readouterr()
    assert main(ask(finished, out)) == 2
    assert "tables are not replaced" in capsys.readouterr().err


def test_a_failure_half_way_leaves_nothing(finished, out, monkeypatch):
    monkeypatch.setattr("monae_app.engine.analysis.linear_decoding.VALUES_AT_ONCE", 300 * 9)

    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("monae_app.jobs.imputing._Counter.tell", interrupted)
    assert main(ask(finished, out)) == 130
    assert list(out.parent.iterdir()) == []


@pytest.mark.parametrize(
    ("source", "target", "extra", "words"),
    [
        ("protein", "rna", [], "There is no modality 'protein'. Expected: one of: rna, atac."),
        ("rna", "protein", [], "There is no modality 'protein'"),
        ("atac", "rna", ["--features", "gene7"], "1 of 1 features are not in rna, first 'gene7'"),
        ("atac", "rna", ["--features", "gene7"], "close to it: 'Gene7'"),
        ("atac", "rna", ["--features", " , "], "No feature was named"),
        ("atac", "rna", ["--scale", "counts"], "library size nobody measured"),
        ("atac", "rna", ["--features-file", "nowhere.txt"], "nowhere.txt"),
        ("atac", "rna", ["--cells", "nowhere.h5ad"], "There is no file nowhere.h5ad"),
        ("protein", "rna", ["--cells", "new.h5ad"], "There is no modality 'protein'"),
        ("rna", "atac", ["--cells", "counts.h5ad"], "no counts, but the run was trained on counts"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(
    finished, data, tmp_path, out, capsys, monkeypatch, source, target, extra, words
):
    monkeypatch.chdir(tmp_path)
    table = ad.read_h5ad(data / "rna.h5ad")
    table.write_h5ad("new.h5ad")
    table.X = sp.csr_matrix(table.X * 0.5)
    table.write_h5ad("counts.h5ad")
    assert main(ask(finished, out, *extra, source=source, target=target)) == 2
    said = capsys.readouterr().err
    assert words in said
    assert len([line for line in said.splitlines() if line.startswith("monae:")]) == 1
    assert "Traceback" not in said
    assert not out.exists()


def test_no_run_and_no_place_are_named(finished, tmp_path, out, capsys):
    assert main(ask(tmp_path / "no run", out)) == 2
    assert "is no run" in capsys.readouterr().err
    assert main(ask(finished, tmp_path)) == 2
    assert "is a folder" in capsys.readouterr().err
    assert main(ask(finished, tmp_path / "made" / "on the way.h5ad", "--features", "Gene1", target="rna")) == 0
    assert (tmp_path / "made" / "on the way.h5ad").is_file()


def test_a_run_of_an_earlier_version_imputes_but_embeds_no_new_cells(finished, data, tmp_path, out, capsys):
    old = shutil.copytree(finished, tmp_path / "old")
    for name, drop in (("cells.h5ad", ("held_out", "monae_batch")), ("features.h5ad", ("confidence",))):
        table = ad.read_h5ad(old / name)
        table.obs = table.obs.drop(columns=list(drop))
        table.write_h5ad(old / name)
    (old / "weights.safetensors").unlink()
    assert main(ask(old, out)) == 0
    assert "confidence" not in ad.read_h5ad(out).var
    assert main(ask(old, out, "--batch", "own")) == 2
    assert "does not say which batch" in capsys.readouterr().err
    assert main(ask(old, out, "--cells", str(data / "rna.h5ad"))) == 2
    assert "no new cell can be embedded" in capsys.readouterr().err


def test_continuous_values_come_on_their_own_scale(data, tmp_path, out):
    table = ad.read_h5ad(data / "rna.h5ad")
    table.X = sp.csr_matrix(np.log1p(table.X.toarray()) + 20.5)
    table.write_h5ad(tmp_path / "rna.h5ad")
    assert main(run_arguments(data, tmp_path / "run", rna=tmp_path / "rna.h5ad")) == 0
    assert main(ask(tmp_path / "run", out, "--scale", "counts", source="atac", target="rna")) == 0
    found = ad.read_h5ad(out)
    assert found.uns["monae_imputation"]["scale"] == "values"
    assert abs(found.X.mean() - table.X.mean()) < 0.5


def test_the_runs_own_cells_need_no_torch(finished, out):
    code = f"""
import sys
from monae_app.cli import main
assert main({ask(finished, out, "--features", "Gene1", target="rna")!r}) == 0
sys.exit("torch" in sys.modules)
"""
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
