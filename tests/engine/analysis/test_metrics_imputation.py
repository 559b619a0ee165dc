"""Imputed values beside the truth, feature by feature."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from monae_app.engine.analysis.metrics import centred_pearson, log_normalised, noise_ceiling, share_of_ceiling


@given(st.integers(0, 10_000))
@settings(max_examples=20, deadline=None)
def test_pearson_equals_numpy_and_ignores_scale_and_mean(seed):
    rng = np.random.default_rng(seed)
    truth, imputed = rng.normal(size=(2, 40, 5))
    expected = [np.corrcoef(truth[:, gene], imputed[:, gene])[0, 1] for gene in range(5)]
    np.testing.assert_allclose(centred_pearson(imputed, truth), expected, atol=1e-12)
    moved = imputed * rng.uniform(0.1, 9, 5) + rng.normal(0, 9, 5)
    np.testing.assert_allclose(centred_pearson(moved, truth), expected, atol=1e-9)


def test_the_mean_profile_alone_scores_nothing():
    rng = np.random.default_rng(0)
    profile = rng.gamma(1, 10, 300)
    truth = rng.poisson(profile * rng.gamma(5, 0.2, (200, 300)))
    mean_profile = np.tile(profile, (200, 1))
    whole = [np.corrcoef(one, other)[0, 1] for one, other in zip(mean_profile, truth, strict=True)]
    assert np.mean(whole) > 0.8
    np.testing.assert_array_equal(centred_pearson(mean_profile, truth), 0)


def test_constant_features_are_0_where_they_fail_and_nan_where_nothing_is_to_follow():
    truth = np.column_stack([np.arange(9.0), np.full(9, 0.1), np.arange(9.0)])
    imputed = np.column_stack([np.full(9, 0.1), np.arange(9.0), -np.arange(9.0)])
    np.testing.assert_allclose(centred_pearson(imputed, truth), [0, np.nan, -1])


def test_more_features_than_a_shard(monkeypatch):
    rng = np.random.default_rng(0)
    truth, imputed = rng.normal(size=(2, 30, 50))
    whole = centred_pearson(imputed, truth)
    monkeypatch.setattr("monae_app.engine.analysis.metrics.imputation.FEATURES_AT_ONCE", 7)
    np.testing.assert_allclose(centred_pearson(imputed, truth), whole, atol=1e-12)


def test_log_normalisation_takes_the_depth_away():
    counts = np.array([[1, 3, 0], [10, 30, 0], [0, 0, 0]])
    found = log_normalised(sp.csr_array(counts))
    np.testing.assert_allclose(found[0], found[1])
    np.testing.assert_allclose(found[0], np.log1p([2500, 7500, 0]))
    np.testing.assert_array_equal(found[2], 0)


def test_the_ceiling_is_what_the_true_mean_reaches():
    rng = np.random.default_rng(0)
    depth = np.geomspace(0.05, 20, 30)
    # many features that do not vary keep the library size free of those that do
    level = np.exp(0.6 * rng.normal(size=(3000, 30)))
    mean = np.hstack([level / level.mean(axis=0) * depth, np.full((3000, 200), 5.0)])
    counts = sp.csr_array(rng.poisson(mean))
    reached = centred_pearson(log_normalised(mean), log_normalised(counts))[:30]
    ceiling = noise_ceiling(counts, seed=1)
    known, plenty = ceiling[:30] > 0, depth > 0.3
    assert known[plenty].all()
    # log(1 + x) of a few counts is no straight line, which the reliability does not know
    assert np.abs(ceiling[:30] - reached)[depth > 1].max() < 0.07
    assert np.abs(ceiling[:30] - reached)[plenty].max() < 0.12
    assert (ceiling[30:] > 0).mean() < 0.08
    assert (np.diff(ceiling[:30][plenty][::4]) > 0).all()
    np.testing.assert_array_equal(noise_ceiling(counts, seed=1), ceiling)
    assert (noise_ceiling(counts, seed=2) != ceiling).any()
    share = share_of_ceiling(reached, ceiling[:30])
    assert np.median(share[plenty]) == pytest.approx(1, abs=0.06)
    np.testing.assert_array_equal(np.isnan(share), ~known)


def test_a_share_of_no_ceiling_is_nan():
    np.testing.assert_allclose(share_of_ceiling(np.array([0.3, 0.3]), np.array([0.6, 0.0])), [0.5, np.nan])
