"""Isotype controls leave the panel, and their mean stays with the cells."""

from __future__ import annotations

import anndata as ad
import numpy as np
import pandas as pd
import pytest

from monae_app.engine.config import make_config
from monae_app.engine.data.reading import read_dataset

PROTEINS = ["CD3", "CD4", "CD8", "IgG1", "CD19", "CD14", "IgM", "Rat IgG2b isotype"]
CONTROLS = ["IgG1", "Rat IgG2b isotype"]
COUNTS = np.random.default_rng(0).poisson(4, (30, len(PROTEINS))).astype(np.float32)


@pytest.fixture
def written(tmp_path):
    def write(values=COUNTS, names=PROTEINS, **obs):
        table = ad.AnnData(values, pd.DataFrame(obs, index=[f"cell{i}" for i in range(len(values))]))
        table.var_names = names
        table.write_h5ad(tmp_path / "protein.h5ad")
        return tmp_path / "protein.h5ad"

    return write


def read(path, **settings):
    return read_dataset(make_config(inputs={"protein": path}, **settings))


def test_controls_leave_and_their_mean_stays(written):
    dataset = read(written())
    protein = dataset.modalities["protein"]
    assert protein.var.index.tolist() == [name for name in PROTEINS if name not in CONTROLS]
    expected = np.log1p(COUNTS[:, [3, 7]]).mean(axis=1)
    np.testing.assert_allclose(protein.obs["isotype_background"], expected, rtol=1e-6)
    kept = np.delete(COUNTS, [3, 7], axis=1)
    np.testing.assert_array_equal(protein.values.toarray(), kept)
    (note,) = [each for each in dataset.notes if "isotype" in each]
    assert note.startswith("protein: 2 isotype controls (IgG1, Rat IgG2b isotype) left the panel")
    assert dataset.findings["protein"]["isotype_controls"] == CONTROLS


def test_controls_stay_where_that_is_asked(written):
    dataset = read(written(), isotype_controls="keep")
    protein = dataset.modalities["protein"]
    assert protein.var.index.tolist() == PROTEINS
    assert "isotype_background" not in protein.obs
    assert any("stayed in the panel" in note for note in dataset.notes)
    assert dataset.findings["protein"]["isotype_controls"] == CONTROLS


def test_a_control_mapped_by_hand_is_a_target(written):
    protein = read(written(), antibody_genes=("igg1=IGHG1",)).modalities["protein"]
    assert "IgG1" in protein.var.index
    np.testing.assert_allclose(protein.obs["isotype_background"], np.log1p(COUNTS[:, 7]), rtol=1e-6)
    # mapped to nothing, it is a control as before
    assert "IgG1" not in read(written(), antibody_genes=("IgG1=",)).modalities["protein"].var.index


def test_a_panel_without_controls_is_left_as_it_is(written):
    dataset = read(written(COUNTS[:, :6], ["CD3", "CD4", "CD8", "IgD", "CD19", "CD14"]))
    assert "isotype_background" not in dataset.modalities["protein"].obs
    assert not [note for note in dataset.notes if "isotype" in note]
    assert "isotype_controls" not in dataset.findings["protein"]


def test_a_column_of_that_name_is_not_lost(written):
    obs = read(written(isotype_background=np.arange(30))).modalities["protein"].obs
    assert obs["input_isotype_background"].tolist() == list(range(30))
    assert obs["isotype_background"].max() < 5


def test_values_that_are_no_counts_are_averaged_as_they_are(written):
    values = np.random.default_rng(1).normal(size=(30, len(PROTEINS))).astype(np.float32)
    obs = read(written(values)).modalities["protein"].obs
    np.testing.assert_allclose(obs["isotype_background"], values[:, [3, 7]].mean(axis=1), rtol=1e-5)


def test_cells_are_judged_by_the_panel_without_controls(written):
    counts = COUNTS.copy()
    counts[0], counts[0, 3] = 0, 1000
    kept = read(written(counts), protein_min_counts=10).modalities["protein"]
    assert "cell0" not in kept.obs.index
    assert "cell1" in kept.obs.index
