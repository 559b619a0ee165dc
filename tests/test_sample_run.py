"""The bundled sample through the command line, as a user would: minutes long, so it runs with `make test-long`."""

from __future__ import annotations

import json
from pathlib import Path

import anndata as ad
import numpy as np
import pytest

from monae_app.cli import main

SAMPLE = Path(__file__).parents[1] / "data_samples" / "mouse_cortex"


@pytest.mark.long
def test_the_sample_reaches_its_figures_and_one_seed_gives_one_result(tmp_path, capsys):
    for name in ("first", "second"):
        files = [f"rna={SAMPLE / 'rna.h5ad'}", f"atac={SAMPLE / 'atac.h5ad'}", "--genome", "mm10"]
        assert main(["run", *files, "--out", str(tmp_path / name), "--seed", "0"]) == 0
    capsys.readouterr()
    assert main(["score", str(tmp_path / "first"), "--json"]) == 0
    scores = json.loads(capsys.readouterr().out)
    assert scores["foscttm"] <= 0.24
    assert scores["label_transfer"] >= 0.57
    first, second = (ad.read_h5ad(tmp_path / name / "cells.h5ad") for name in ("first", "second"))
    for key in ("X_monae", "X_private", "X_umap"):
        np.testing.assert_array_equal(first.obsm[key], second.obsm[key])
