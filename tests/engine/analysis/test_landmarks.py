"""What a linear decoder cannot follow is found place by place, and nothing where there is nothing."""

from __future__ import annotations

from dataclasses import replace

import anndata as ad
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from monae_app.engine.analysis.landmark_fitting import PRIOR, find_landmarks, keep
from monae_app.engine.analysis.landmarks import across, weights
from monae_app.engine.analysis.linear_decoding import linear_predictor
from monae_app.engine.data.dataset import Dataset, Modality
from monae_app.engine.training.decoded import DecodedFeatures

CELLS, FEATURES, DEPTH = 600, 12, 400
BENT = 3


def modality(name: str, values: np.ndarray) -> Modality:
    obs, var = (
        pd.DataFrame(index=[f"{each}{i}" for i in range(n)]) for each, n in zip("cf", values.shape, strict=True)
    )
    return Modality(name, sp.csr_matrix(values.astype(np.float32)), obs, var, "nb")


@pytest.fixture(scope="module")
def panel() -> tuple[Dataset, dict[str, np.ndarray], dict[str, DecodedFeatures], np.ndarray]:
    """Cells along one axis; one feature is high in its middle, which the decoder, flat for it, does not say."""
    rng = np.random.default_rng(0)
    shared = rng.normal(0, 1, (CELLS, 2)).astype(np.float32)
    level = shared @ rng.normal(0, 0.4, (2, FEATURES))
    decoded = DecodedFeatures(
        *(np.zeros((FEATURES, 3), np.float32) for _ in range(2)),
        *(np.full((FEATURES, 1), value, np.float32) for value in (2.0, 0.0, 1.0)),
    )
    vectors = np.linalg.lstsq(shared, level, rcond=None)[0].T / 2
    decoded = replace(decoded, vectors=np.hstack([vectors, np.zeros((FEATURES, 1))]).astype(np.float32))
    level[:, BENT] += 1.5 * (np.abs(shared[:, 0]) < 0.5)
    share = np.exp(level) / np.exp(level).sum(axis=1, keepdims=True)
    counts = rng.poisson(DEPTH * share)
    dataset = Dataset({"rna": modality("rna", counts), "protein": modality("protein", counts)})
    latent = np.hstack([shared, np.zeros((CELLS, 1), np.float32)])
    return dataset, dict.fromkeys(("rna", "protein"), latent), dict.fromkeys(("rna", "protein"), decoded), level


def correlation(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.corrcoef(one, other)[0, 1])


def test_a_feature_that_is_high_in_the_middle_is_followed(panel):
    dataset, latent, decoded, level = panel
    found = find_landmarks(dataset, latent, decoded, n_shared=2, seed=0)["protein"]
    scale, bias = decoded["protein"].scale[:, 0], decoded["protein"].bias[:, 0]
    cells, vectors = across(latent["rna"][:, :2], decoded["protein"].vectors[:, :2], scale, found)
    plain = linear_predictor(latent["rna"][:, :2], decoded["protein"].vectors[:, :2], scale, bias)
    ours = linear_predictor(cells, vectors, scale, bias)
    assert correlation(plain[:, BENT], level[:, BENT]) < 0.5
    assert correlation(ours[:, BENT], level[:, BENT]) > 0.8
    # what the decoder says rightly stays
    for feature in set(range(FEATURES)) - {BENT}:
        assert (
            correlation(ours[:, feature], level[:, feature]) > correlation(plain[:, feature], level[:, feature]) - 0.1
        )


def test_counts_that_belong_to_other_cells_leave_nothing(panel):
    dataset, latent, decoded, _ = panel
    rng = np.random.default_rng(1)
    flat = {name: replace(each, vectors=np.zeros_like(each.vectors)) for name, each in decoded.items()}
    mixed = {
        name: replace(each, values=each.values[rng.permutation(CELLS)]) for name, each in dataset.modalities.items()
    }
    bias = np.log(dataset.modalities["protein"].values.mean(axis=0)).A1[:, None]
    flat = {name: replace(each, bias=bias) for name, each in flat.items()}
    seen = find_landmarks(dataset, latent, flat, n_shared=2, seed=0)["protein"].log_ratios
    shuffled = find_landmarks(Dataset(mixed), latent, flat, n_shared=2, seed=0)["protein"].log_ratios
    assert np.abs(shuffled).mean() < 0.15 < np.abs(seen).mean()


def test_a_run_of_one_modality_has_none_and_a_seed_repeats(panel):
    dataset, latent, decoded, _ = panel
    alone = Dataset({"protein": dataset.modalities["protein"]})
    assert find_landmarks(alone, latent, decoded, n_shared=2, seed=0) == {}
    first, second = (find_landmarks(dataset, latent, decoded, n_shared=2, seed=3)["rna"] for _ in range(2))
    np.testing.assert_array_equal(first.log_ratios, second.log_ratios)


def test_few_counts_change_little(panel):
    dataset, latent, decoded, _ = panel
    few = {name: replace(each, values=each.values[:40], obs=each.obs[:40]) for name, each in dataset.modalities.items()}
    cut = {name: each[:40] for name, each in latent.items()}
    found = find_landmarks(Dataset(few), cut, decoded, n_shared=2, seed=0)["protein"]
    assert len(found.centres) == 4
    assert np.abs(found.log_ratios).max() < np.log((40 * DEPTH + PRIOR) / PRIOR)


def test_they_are_kept_beside_the_features_of_their_modality(panel):
    dataset, latent, decoded, _ = panel
    found = find_landmarks(dataset, latent, decoded, n_shared=2, seed=0)
    features = ad.AnnData(
        obs=pd.DataFrame({"modality": ["atac"] * 5 + ["protein"] * FEATURES}, index=map(str, range(17)))
    )
    keep(features, {"protein": found["protein"]})
    np.testing.assert_array_equal(features.obsm["landmarks"][5:], found["protein"].log_ratios)
    assert not features.obsm["landmarks"][:5].any()
    assert list(features.uns["landmarks"]) == ["protein"]


@given(
    arrays.arrays(np.float32, st.tuples(st.integers(1, 6), st.just(2)), elements=st.floats(-50, 50, width=32)),
    arrays.arrays(np.float32, st.tuples(st.integers(1, 6), st.just(2)), elements=st.floats(-50, 50, width=32)),
)
def test_weights_are_shares_and_the_nearest_landmark_has_the_largest(cells, centres):
    found = weights(cells, centres)
    np.testing.assert_allclose(found.sum(axis=1), 1, rtol=1e-4)
    far = ((cells[:, None].astype(np.float64) - centres[None]) ** 2).sum(axis=2)
    for row, distance in zip(found, far, strict=True):
        assert row[distance.argmin()] >= row.max() - 1e-3
