"""Of planted truth the hold-out check says what it should: the truth reaches the ceiling, noise scores nothing."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

from monae_app.engine.analysis.holdout.baselines import low_rank, mean_of_like, per_ten_thousand
from monae_app.engine.analysis.holdout.recovery import (
    Recovery,
    attainable,
    scored_features,
    summary,
    with_own_counts,
)
from monae_app.engine.data.thinning import deal

CELLS, FEATURES, TYPES = 1500, 40, 4


@pytest.fixture(scope="module")
def planted_counts() -> tuple[sp.csr_matrix, np.ndarray, np.ndarray]:
    """Poisson counts of types, with depths that differ; counts, true counts per 10,000, and types."""
    rng = np.random.default_rng(0)
    types = rng.integers(0, TYPES, CELLS)
    profile = rng.gamma(1.0, 1.0, (TYPES, FEATURES))
    share = profile[types] / profile[types].sum(axis=1, keepdims=True)
    depth = np.exp(rng.normal(5.0, 0.4, CELLS))
    return sp.csr_matrix(rng.poisson(depth[:, None] * share).astype(np.float32)), share * 1e4, types


def test_the_truth_reaches_the_ceiling_and_noise_nothing(planted_counts):
    counts, truth, types = planted_counts
    parts = deal(counts, 5, [0])
    recovery = Recovery(parts, np.arange(FEATURES), np.arange(CELLS))
    share = recovery.share(recovery.score(np.log1p(truth)))
    assert np.nanmedian(share) == pytest.approx(1.0, abs=0.08)
    rng = np.random.default_rng(1)
    assert abs(np.nanmedian(recovery.share(recovery.score(np.log1p(truth[rng.permutation(CELLS)]))))) < 0.05
    # baselines find what is there, below the truth
    seen = sp.csr_matrix(sum(parts[:-1]))
    for levels in (
        low_rank(seen, np.arange(FEATURES), [0]),
        mean_of_like(seen, np.eye(TYPES)[types], np.arange(FEATURES)),
    ):
        assert 0.6 < np.nanmedian(recovery.share(recovery.score(levels))) < 1.06


def test_depth_by_itself_is_not_praised():
    """One profile for all: what is left to recover is depth, and that is taken out."""
    rng = np.random.default_rng(0)
    depth = np.exp(rng.normal(4.0, 0.8, CELLS))
    counts = sp.csr_matrix(rng.poisson(depth[:, None] * rng.dirichlet(np.ones(FEATURES))).astype(np.float32))
    parts = deal(counts, 5, [0])
    recovery = Recovery(parts, np.arange(FEATURES), np.arange(CELLS))
    assert np.median(recovery.ceiling) < 0.1
    by_depth = np.repeat(np.log(depth)[:, None], FEATURES, axis=1)
    assert np.abs(recovery.score(by_depth)).max() < 0.1


def test_only_the_cells_asked_for_are_scored(planted_counts):
    counts, truth, _ = planted_counts
    rows = np.arange(0, CELLS, 2)
    recovery = Recovery(deal(counts, 5, [0]), np.arange(FEATURES), rows)
    levels = np.log1p(truth)
    spoilt = levels.copy()
    spoilt[1::2] = 0
    np.testing.assert_allclose(recovery.score(levels), recovery.score(spoilt))


def test_the_ceiling_is_the_root_of_the_reliability():
    rng = np.random.default_rng(0)
    signal = rng.normal(size=(20_000, 3))
    parts = [signal + rng.normal(size=signal.shape) * np.sqrt([1.0, 3.0, 1e6]) for _ in range(4)]
    np.testing.assert_allclose(attainable(parts), [np.sqrt(1 / 2), np.sqrt(1 / 4), 0], atol=0.02)


def test_own_counts_pull_the_mean_by_as_much_as_the_model_leaves_open():
    """Against the posterior of a gamma rate by sums over a grid."""
    rate = np.linspace(1e-4, 60, 400_000)
    for mean, count, dispersion in ((2.0, 5.0, 0.8), (2.0, 0.0, 0.8), (7.0, 3.0, 4.0)):
        weight = rate ** (dispersion - 1 + count) * np.exp(-rate * (dispersion / mean + 1))
        expected = float((rate * weight).sum() / weight.sum())
        found = with_own_counts(np.array([[mean]]), np.array([[count]]), np.array([dispersion]))
        assert found[0, 0] == pytest.approx(expected, rel=1e-3)
    # a count that the model expects changes nothing, and without spread nothing does
    assert with_own_counts(np.array([3.0]), np.array([3.0]), np.array([1.0]))[0] == 3.0
    assert with_own_counts(np.array([3.0]), np.array([9.0]), np.array([1e9]))[0] == pytest.approx(3.0)


def test_own_counts_bring_the_truth_nearer_where_cells_differ_by_more_than_is_modelled():
    rng = np.random.default_rng(0)
    mean, dispersion = rng.uniform(0.5, 4, (3000, 5)), np.full(5, 0.7)
    rate = mean * rng.gamma(dispersion, 1 / dispersion, mean.shape)
    counts = rng.poisson(rate)
    nearer = ((with_own_counts(mean, counts, dispersion) - rate) ** 2).mean()
    assert nearer < 0.7 * ((mean - rate) ** 2).mean()
    assert nearer < ((counts - rate) ** 2).mean()


def test_features_are_scored_if_there_is_something_to_score():
    counts = sp.csr_matrix(np.vstack([[49, 50, 3000]]).astype(np.float32))
    np.testing.assert_array_equal(scored_features(counts, [0]), [1, 2])
    many = sp.csr_matrix(np.full((60, 4000), 1, np.float32))
    some = scored_features(many, [0])
    assert len(some) == 1500
    assert (np.diff(some) > 0).all()


def test_levels_are_per_ten_thousand(planted_counts):
    levels = per_ten_thousand(planted_counts[0])
    np.testing.assert_allclose(np.asarray(levels.sum(axis=1)).ravel(), 1e4, rtol=1e-4)


def test_the_summary_leaves_out_what_cannot_be_judged():
    level = np.arange(1.0, 12.0)
    table = pd.DataFrame({"level": level, "ceiling": [0.05] + [0.5] * 10, "svd": np.r_[9.0, level[1:] / 10]})
    every, *fifths = summary(table, {"svd": "SVD"})
    assert every == {"bin": 0, "features": 10, "low": 2.0, "high": 11.0, "ceiling": 0.5, "svd": 0.65}
    assert [row["features"] for row in fifths] == [2] * 5
    assert [row["svd"] for row in fifths] == [0.25, 0.45, 0.65, 0.85, 1.05]
    empty = summary(table.iloc[:1], {"svd": "SVD"})
    assert empty == [{"bin": 0, "features": 0, "low": None, "high": None, "ceiling": None, "svd": None}]
