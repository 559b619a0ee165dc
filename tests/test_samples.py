"""The bundled samples are what their descriptions say."""

from __future__ import annotations

import json
from pathlib import Path

import anndata as ad
import numpy as np
import pytest

from monae_app.engine.data.coding import coding_genes
from monae_app.engine.data.genome import parse_peaks, read_genome, transcription_factors
from monae_app.jobs.sample_folders import sample_folders

SAMPLES = sorted(Path(__file__).resolve().parents[1].glob("data_samples/*/sample.json"))
CORTEX, BLOOD = (
    next(path for path in SAMPLES if path.parent.name == name) for name in ("mouse_cortex", "pbmc_protein")
)


def read(path):
    description = json.loads(path.read_text(encoding="utf-8"))
    return description, {name: ad.read_h5ad(path.parent / file) for name, file in description["inputs"].items()}


@pytest.fixture(params=SAMPLES, ids=lambda path: path.parent.name, scope="module")
def sample(request):
    return read(request.param)


@pytest.fixture(scope="module")
def cortex():
    return read(CORTEX)


def test_there_is_a_sample():
    assert SAMPLES


def test_a_sample_says_where_it_is_from():
    for path in SAMPLES:
        text = (path.parent / "README.md").read_text(encoding="utf-8")
        assert [word for word in ("Origin", "Licence", "doi:", "What was lost") if word not in text] == []


def test_inputs_hold_counts_and_labels(sample):
    description, inputs = sample
    for data in inputs.values():
        assert data.n_obs == description["cells"]
        assert data.obs[description["label"]].nunique() > 1
        assert data.obs_names.is_unique
        assert data.var_names.is_unique
        assert data.X.data.min() > 0
        assert np.array_equal(data.X.data, np.round(data.X.data))
        assert np.allclose(np.asarray(data.X.sum(axis=1)).ravel(), data.obs["n_counts"])


def test_features_have_places_in_the_genome(cortex):
    description, inputs = cortex
    genes = read_genome(description["genome"])
    assert np.mean(inputs["rna"].var_names.isin(genes["symbol"])) > 0.95
    assert set(parse_peaks(inputs["atac"].var)["chrom"]) <= set(genes["chrom"])
    assert len(transcription_factors(description["genome"]) & set(inputs["rna"].var_names)) > 50


def test_peak_names_and_columns_agree(cortex):
    var = cortex[1]["atac"].var
    assert parse_peaks(var).equals(parse_peaks(var[[]]))


def test_the_blood_is_a_mosaic_whose_antibodies_find_their_genes():
    _, inputs = read(BLOOD)
    rna, protein = inputs["rna"], inputs["protein"]
    shared = rna.obs_names.intersection(protein.obs_names)
    assert len(shared) == 800
    assert (rna.obs.loc[shared, "cell_type"].astype(str) == protein.obs.loc[shared, "cell_type"].astype(str)).all()
    assert set(rna.obs["batch"]) - set(protein.obs["batch"]) == {"p1_0"}
    assert set(protein.obs["batch"]) - set(rna.obs["batch"]) == {"p2_0"}
    assert coding_genes(protein.var, rna.var_names.tolist())["protein"].nunique() > 60


def test_samples_stand_in_the_order_that_they_ask_for(tmp_path):
    for name, order in (("a", 2), ("b", 1), ("c", None), ("d", None)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "sample.json").write_text(json.dumps({} if order is None else {"order": order}))
    (tmp_path / "no_sample").mkdir()
    assert [folder.name for folder in sample_folders(tmp_path)] == ["b", "a", "c", "d"]
    assert sample_folders(tmp_path / "nowhere") == []
