from __future__ import annotations

import anndata as ad
import numpy as np
import pytest

from monae_app.jobs import checking
from monae_app.jobs.checking import check, inputs_below, line


def below(folder, *names):
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")
    return [path.relative_to(folder).as_posix() for path in inputs_below(folder)]


def test_a_folder_is_walked_and_what_is_no_data_is_passed_over(tmp_path):
    found = below(
        tmp_path,
        *("b.h5ad", "a.csv.gz", "deep/er/c.loom", "strange.bin"),
        *("outs/metrics_summary.csv", "outs/possorted_genome_bam.bam", "outs/cloupe.cloupe"),
        *("README.md", "README", "SOURCE.md", "LICENSE", "licence.txt", "notes.pdf", "plot.png", "script.R"),
        *(
            ".hidden",
            ".git/config",
            "__MACOSX/._a.h5",
            "genes.gtf.gz",
            "genes.bed",
            "fragments.tsv.gz.tbi",
            "meta.json",
        ),
    )
    assert found == ["a.csv.gz", "b.h5ad", "deep/er/c.loom", "strange.bin"]


def test_a_folder_that_is_a_dataset_is_one_input(tmp_path):
    found = below(
        tmp_path,
        *("tenx/matrix.mtx.gz", "tenx/barcodes.tsv.gz", "tenx/features.tsv.gz"),
        *("old/hg19/GSM1_x_matrix.mtx", "old/hg19/genes.tsv"),
        *("store.zarr/X/0.0", "other/.zgroup", "other/X/.zarray", "three/zarr.json"),
    )
    assert found == ["old/hg19", "other", "store.zarr", "tenx", "three"]
    assert inputs_below(tmp_path / "tenx") == [tmp_path / "tenx"]


def test_runs_are_no_input_and_a_named_file_always_is(tmp_path):
    assert below(tmp_path, "run/config.json", "run/cells.h5ad", "run/features.h5ad", "run/log.txt", "a.h5ad") == [
        "a.h5ad"
    ]
    readme = tmp_path / "README.md"
    assert inputs_below(readme) == [readme]
    assert inputs_below(tmp_path / "absent") == [tmp_path / "absent"]


def test_a_link_in_a_circle_ends(tmp_path):
    (tmp_path / "round").symlink_to(tmp_path)
    assert below(tmp_path, "a.h5ad") == ["a.h5ad"]


def part(**changes):
    known = {"value": "rna", "certainty": "sure", "because": ""}
    return {
        "modality": known,
        "cells": 5081,
        "features": 19322,
        "kind": "counts",
        "matrix": "X",
        "origin": "mouse (mm10, sure)",
        "too_small": False,
        "error": None,
    } | changes


def answer(*parts, **changes):
    return {"path": "rna.h5ad", "name": "rna.h5ad", "format": "AnnData (.h5ad)", "parts": list(parts)} | changes


ERROR = {"found": "It is\nbroken.", "expected": "a whole file.", "todo": "copy it again."}


@pytest.mark.parametrize(
    ("said", "text"),
    [
        (
            answer(part()),
            "rna.h5ad: AnnData (.h5ad); rna, 5,081 cells x 19,322 genes, counts in X, mouse (mm10, sure); ok",
        ),
        (
            answer(part(), part(modality={"value": "protein", "certainty": "likely"}, features=9, matrix="counts")),
            "rna.h5ad: AnnData (.h5ad); rna, 5,081 cells x 19,322 genes, counts in X, mouse (mm10, sure) + "
            "protein (likely), 5,081 cells x 9 proteins, counts in layer counts; ok",
        ),
        (
            answer(part(modality={"value": None, "certainty": "unsure"}, too_small=True, cells=3, features=2)),
            "rna.h5ad: AnnData (.h5ad); modality unknown, 3 cells x 2 features, counts in X; ok; say what it is with "
            "rna=, atac=, protein= or methylation=; too small to train on, which takes 5 cells and 5 features",
        ),
        (
            answer(part(modality={"value": None, "certainty": "unsure"}, name="mod1"), part(name="gex")),
            "rna.h5ad: AnnData (.h5ad); mod1: modality unknown, 5,081 cells x 19,322 features, counts in X + gex: rna, "
            "5,081 cells x 19,322 genes, counts in X, mouse (mm10, sure); ok; parts of unknown modality are read once "
            "they are named rna, atac, protein or methylation in the file",
        ),
        (
            {"path": "rna.h5ad", "error": ERROR},
            "rna.h5ad: refused; found: It is broken. expected: a whole file. to do: copy it again.",
        ),
        (
            answer(part(), part(error=ERROR)),
            "rna.h5ad: refused; found: It is broken. expected: a whole file. to do: copy it again.",
        ),
    ],
)
def test_one_line_says_it_all(said, text):
    assert line(said) == text


def test_answers_are_told_as_they_come(tmp_path, monkeypatch):
    def look_at_each(paths, *_, **__):
        yield from (answer(part()) | {"path": str(each)} for each in paths)

    monkeypatch.setattr(checking, "look_at_each", look_at_each)
    (tmp_path / "empty").mkdir()
    (tmp_path / "a.h5ad").write_text("")
    told = []
    found = check([tmp_path / "a.h5ad", tmp_path / "empty", tmp_path / "a.h5ad"], on_answer=told.append)
    assert [each["ok"] for each in found] == [True, False, True]
    assert "holds no file to read" in found[1]["line"]
    assert told == found


def test_the_values_are_read_whole(tmp_path):
    """A gap or a negative count far inside is found, as a run would find it."""

    def write(name, values):
        table = ad.AnnData(values.astype(np.float32))
        table.obs_names = [f"c{i}" for i in range(len(values))]
        table.var_names = [f"CD{i}" for i in range(values.shape[1])]
        table.write_h5ad(tmp_path / name)

    counts = np.random.default_rng(0).poisson(1, (50, 8))
    gap, negative = counts.astype(float), counts - 1
    gap[30, 3] = np.nan
    for name, values in {"a.h5ad": counts, "b.h5ad": gap, "c.h5ad": negative, "d.h5ad": counts[:3, :2]}.items():
        write(name, values)
    found = check([tmp_path])
    assert [each["ok"] for each in found] == [True, False, False, True]
    assert "NaN or infinite, first in cell 'c30'" in found[1]["line"]
    assert "negative, the lowest -1" in found[2]["line"]
    assert "too small to train on" in found[3]["line"]
    assert all("\n" not in each["line"] for each in found)
