"""Files as the command line takes them: checked without training, several a modality, or standing for themselves."""

from __future__ import annotations

import json
import shutil

import anndata as ad
import numpy as np
import pandas as pd
import pytest

from monae_app.cli import main
from tests.conftest import SHORT
from tests.engine.data.cut_cortex import CORTEX


def test_check_says_what_would_be_read(capsys):
    rna, atac = (str(CORTEX / f"{name}.h5ad") for name in ("rna", "atac"))
    assert main(["check", rna, atac]) == 0
    said = capsys.readouterr()
    of_rna, of_atac = said.out.splitlines()
    rest = "AnnData (.h5ad); rna, 5,232 cells x 1,677 genes, counts in X, mouse (sure; mm10 likely); ok"
    assert of_rna == f"{rna}: {rest}"
    rest = "AnnData (.h5ad); atac, 5,232 cells x 25,734 peaks, counts in X, mouse (mm10, sure); ok"
    assert of_atac == f"{atac}: {rest}"
    # what holds of both stands beside the lines, one an input
    assert said.err.count("\n") == 1
    assert "5,232 cells are in RNA and in ATAC (names compared as they are), 0 in RNA alone and 0 in ATAC" in said.err
    assert "only with --paired" in said.err


def test_check_of_a_folder_refuses_what_cannot_be_read_in_one_line_each(data, tmp_path, capsys):
    shutil.copy(data / "rna.h5ad", tmp_path / "good.h5ad")
    (tmp_path / "bad.h5ad").write_bytes((data / "rna.h5ad").read_bytes()[:5000])
    (tmp_path / "page.h5ad").write_text("<html>Sign in</html>")
    (tmp_path / "README.md").write_text("about")
    assert main(["check", str(tmp_path)]) == 2
    said = capsys.readouterr()
    lines = said.out.splitlines()
    assert [line.split(": ")[0].rsplit("/", 1)[1] for line in lines] == ["bad.h5ad", "good.h5ad", "page.h5ad"]
    assert [": refused; found: " in line for line in lines] == [True, False, True]
    assert all("expected: " in line and "to do: " in line for line in (lines[0], lines[2]))
    assert "Traceback" not in said.out + said.err

    assert main(["check", "--json", str(tmp_path)]) == 2
    found = json.loads(capsys.readouterr().out)
    assert [each["ok"] for each in found] == [False, True, False]
    assert found[1]["parts"][0]["cells"] == 80


def test_check_of_what_is_not_there(tmp_path, capsys):
    assert main(["check", str(tmp_path / "absent.h5ad")]) == 2
    assert "refused; found: There is no file" in capsys.readouterr().out


@pytest.fixture
def halves(data, tmp_path):
    """Each planted file as two samples."""
    paths = {}
    for name in ("rna", "atac"):
        table = ad.read_h5ad(data / f"{name}.h5ad")
        paths[name] = [tmp_path / f"{name}_{part}.h5ad" for part in "ab"]
        for number, path in enumerate(paths[name]):
            table[number::2].copy().write_h5ad(path)
    return paths


def test_several_files_of_a_modality_are_samples(halves, data, tmp_path, capsys):
    items = [f"{name}={','.join(map(str, paths))}" for name, paths in halves.items()]
    assert main(["run", *items, "--bed", str(data / "genes.bed.gz"), "--out", str(tmp_path / "run"), *SHORT]) == 0
    assert "160 cells" in capsys.readouterr().out
    cells = ad.read_h5ad(tmp_path / "run" / "cells.h5ad")
    assert cells.obs["sample"].value_counts().to_dict() == dict.fromkeys(["rna_a", "rna_b", "atac_a", "atac_b"], 40)
    assert cells.obs["monae_batch"].astype(str).tolist() == cells.obs["sample"].astype(str).tolist()
    features = ad.read_h5ad(tmp_path / "run" / "features.h5ad")
    scale, names = features.obsm["scale"], [str(name) for name in features.uns["batches"]]
    genes = (features.obs["modality"] == "rna").to_numpy()
    # of a batch without RNA there is nothing but the mean of those that have it
    mean = scale[genes][:, [names.index("rna_a"), names.index("rna_b")]].mean(axis=1)
    np.testing.assert_allclose(scale[genes][:, names.index("atac_a")], mean, rtol=1e-5)
    report = json.loads((tmp_path / "run" / "report.json").read_text())
    assert report["dataset"]["modalities"]["rna"]["path"] == "rna_a.h5ad, rna_b.h5ad"
    assert [each["name"] for each in report["dataset"]["modalities"]["atac"]["found"]["samples"]] == [
        "atac_a",
        "atac_b",
    ]

    assert main(["run", "--resume", str(tmp_path / "run")]) == 2
    new = ["impute", str(tmp_path / "run"), "--from", "rna", "--to", "atac", "--cells", str(halves["rna"][0])]
    assert main([*new, "--out", str(tmp_path / "imputed.h5ad")]) == 0
    assert ad.read_h5ad(tmp_path / "imputed.h5ad").n_obs == 40


def test_a_file_without_a_name_is_what_it_holds(data, tmp_path, capsys):
    """One table of genes and peaks, as 10x writes it, and coordinates from a GTF."""
    tables = {name: ad.read_h5ad(data / f"{name}.h5ad") for name in ("rna", "atac")}
    tables["atac"].obs_names = tables["rna"].obs_names
    types = {"rna": "Gene Expression", "atac": "Peaks"}
    whole = ad.concat(tables, axis="var", merge="first")
    whole.var["feature_types"] = [types[name] for name, each in tables.items() for _ in range(each.n_vars)]
    whole.write_h5ad(tmp_path / "multiome.h5ad")
    genes = pd.read_csv(data / "genes.bed.gz", sep="\t", header=None)
    lines = [
        f'{row[0]}\tx\tgene\t{row[1] + 1}\t{row[2]}\t.\t{row[4]}\t.\tgene_id "id{at}"; gene_name "{row[3]}";'
        for at, row in enumerate(genes.itertuples(index=False))
    ]
    (tmp_path / "genes.gtf").write_text("\n".join(lines) + "\n")
    call = [
        "run",
        str(tmp_path / "multiome.h5ad"),
        "--gtf",
        str(tmp_path / "genes.gtf"),
        "--out",
        str(tmp_path / "run"),
    ]
    assert main([*call, *SHORT]) == 0
    assert "160 cells" in capsys.readouterr().out
    config = json.loads((tmp_path / "run" / "config.json").read_text())
    assert config["inputs"] == {"rna": "multiome.h5ad", "atac": "multiome.h5ad"}
    assert config["gtf"] == "genes.gtf"
    assert json.loads((tmp_path / "run" / "report.json").read_text())["dataset"]["guidance"]["genes_linked"] > 50


def test_a_file_that_cannot_be_told_asks_for_a_name(data, tmp_path, capsys):
    assert main(["run", str(data / "rna.h5ad"), "--out", str(tmp_path / "run")]) == 2
    said = capsys.readouterr().err
    assert "cannot be told" in said
    assert "rna=rna.h5ad" in said
