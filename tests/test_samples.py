"""The bundled samples are what their descriptions say."""

from __future__ import annotations

import json
from pathlib import Path

import anndata as ad
import numpy as np
import pytest

from monae_app.engine.data.genome import parse_peaks, read_genome, transcription_factors

SAMPLES = sorted(Path(__file__).resolve().parents[1].glob("data_samples/*/sample.json"))


@pytest.fixture(params=SAMPLES, ids=lambda path: path.parent.name, scope="module")
def sample(request):
    description = json.loads(request.param.read_text(encoding="utf-8"))
    inputs = {name: ad.read_h5ad(request.param.parent / file) for name, file in description["inputs"].items()}
    return description, inputs


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


def test_features_have_places_in_the_genome(sample):
    description, inputs = sample
    genes = read_genome(description["genome"])
    assert np.mean(inputs["rna"].var_names.isin(genes["symbol"])) > 0.95
    assert set(parse_peaks(inputs["atac"].var)["chrom"]) <= set(genes["chrom"])
    assert len(transcription_factors(description["genome"]) & set(inputs["rna"].var_names)) > 50


def test_peak_names_and_columns_agree(sample):
    var = sample[1]["atac"].var
    assert parse_peaks(var).equals(parse_peaks(var[[]]))
