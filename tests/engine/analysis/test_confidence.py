"""Planted truth: what follows the latent is trusted, noise is not, and a cell's own counts give nothing away."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from monae_app.engine.analysis.confidence import HeldOutCells, confidence, summary, thin, weighted_correlation
from monae_app.engine.training.decoded import DecodedFeatures

N, F, D = 400, 120, 3
FOLLOWING = 12


def decoded(vectors: np.ndarray, *, batches: int = 1, bias: np.ndarray | None = None) -> DecodedFeatures:
    size = (len(vectors), batches)
    level = np.zeros(size) if bias is None else bias
    return DecodedFeatures(vectors, np.zeros_like(vectors), np.ones(size), level, np.ones(size))


@pytest.fixture(scope="module")
def planted():
    """Latent, vectors (but for the first twelve, features follow nothing), and counts at uneven depth."""
    rng = np.random.default_rng(0)
    latent, vectors = rng.normal(size=(N, D)), rng.normal(0, 0.6, (F, D))
    vectors[FOLLOWING:] = 0
    share = np.exp(latent @ vectors.T)
    depth = np.exp(rng.normal(7, 0.7, (N, 1)))
    counts = rng.poisson(depth * share / share.sum(axis=1, keepdims=True))
    return latent, vectors, sp.csr_matrix(counts, dtype=np.float32)


def test_features_that_follow_the_latent_are_trusted_and_others_are_not(planted):
    latent, vectors, counts = planted
    found = confidence(HeldOutCells(counts, np.zeros(N, int), True), decoded(vectors), lambda *_: latent, seed=0)
    assert found.dtype == np.float32
    assert found[:FOLLOWING].min() > 0.5
    # the others move a little, because the shares of a cell add up to one
    assert np.abs(found[FOLLOWING:]).mean() < found[:FOLLOWING].mean() / 3


def test_with_cells_shuffled_nothing_is_trusted(planted):
    latent, vectors, counts = planted
    shuffled = latent[np.random.default_rng(1).permutation(N)]
    found = confidence(HeldOutCells(counts, np.zeros(N, int), True), decoded(vectors), lambda *_: shuffled, seed=0)
    assert np.abs(found).mean() < 0.06


@pytest.mark.parametrize("is_count", [True, False])
def test_a_cells_own_noise_gives_nothing_away(is_count):
    """An encoder that repeats what it reads would score 1 if it were shown what it is scored on."""
    rng = np.random.default_rng(0)
    noise = rng.poisson(20, (N, F)) if is_count else rng.normal(3, 1, (N, F))
    values = sp.csr_matrix(noise, dtype=np.float32)

    def repeat(shown, measured):
        assert (measured is None) == is_count
        return np.asarray(shown.toarray()) * 0.05

    cells = HeldOutCells(values, np.zeros(N, int), is_count)
    found = confidence(cells, decoded(np.eye(F)), repeat, seed=0)
    # of hidden features a constant is foretold, which correlates with nothing
    assert np.isnan(found).all() if not is_count else np.abs(found).mean() < 0.06
    spied = weighted_correlation(repeat(values, None if is_count else 1), noise, np.ones(N), np.zeros(N, int))
    assert spied.min() > 0.9


def test_continuous_values_are_foretold_from_the_features_that_are_shown():
    rng = np.random.default_rng(0)
    latent, vectors = rng.normal(size=(N, 1)), np.ones((F, 1))
    values = latent @ vectors.T + rng.normal(0, 0.5, (N, F)) + 40
    shown_shares = []

    def mean_of_shown(shown, measured):
        shown_shares.append(measured.mean())
        assert (shown.toarray()[:, ~measured] == 0).all()
        return shown.toarray().sum(axis=1, keepdims=True) / measured.sum() - 40

    cells = HeldOutCells(sp.csr_matrix(values, dtype=np.float32), np.zeros(N, int), False)
    found = confidence(cells, decoded(vectors, bias=np.full((F, 1), 40.0)), mean_of_shown, seed=0)
    assert found.min() > 0.8
    assert shown_shares == [0.5, 0.5]


def test_a_difference_between_batches_earns_no_trust():
    rng = np.random.default_rng(0)
    batch = np.arange(N) % 2
    bias = np.stack([np.zeros(F), rng.normal(0, 1.5, F)], axis=1)
    share = np.exp(bias[:, batch].T)
    counts = rng.poisson(400 * share / share.sum(axis=1, keepdims=True))
    latent, vectors = rng.normal(size=(N, D)), rng.normal(0, 0.5, (F, D))
    cells = HeldOutCells(sp.csr_matrix(counts, dtype=np.float32), batch, True)
    found = confidence(cells, decoded(vectors, batches=2, bias=bias), lambda *_: latent, seed=0)
    assert np.nanmean(np.abs(found)) < 0.06


def test_too_few_cells_or_counts_give_no_figure(planted):
    latent, vectors, counts = planted
    few = HeldOutCells(counts[:9], np.zeros(9, int), True)
    assert np.isnan(confidence(few, decoded(vectors), lambda *_: latent[:9], seed=0)).all()
    thin_counts = counts.tolil()
    thin_counts[9:, 3] = 0
    thin_counts[:, 4] = 0
    cells = HeldOutCells(thin_counts.tocsr(), np.zeros(N, int), True)
    found = confidence(cells, decoded(vectors), lambda *_: latent, seed=0)
    np.testing.assert_array_equal(np.flatnonzero(np.isnan(found)), [3, 4])


def test_features_in_shards_come_out_the_same(planted, monkeypatch):
    latent, vectors, counts = planted
    cells = HeldOutCells(counts, np.arange(N) % 2, True)
    ask = {"decoded": decoded(vectors, batches=2), "embed": lambda *_: latent, "seed": 4}
    whole = confidence(cells, **ask)
    monkeypatch.setattr("monae_app.engine.analysis.decoded_levels.VALUES_AT_ONCE", 4 * 2 * N * 7)
    np.testing.assert_allclose(confidence(cells, **ask), whole, rtol=1e-5)


@given(st.integers(0, 1000))
@settings(max_examples=25, deadline=None)
def test_halves_add_up_and_hold_whole_counts(seed):
    rng = np.random.default_rng(seed)
    counts = sp.csr_matrix(rng.poisson(1.5, (20, 15)).astype(np.float32))
    before = counts.copy()
    first, second = thin(counts, rng)
    np.testing.assert_array_equal((first + second).toarray(), counts.toarray())
    for half in (first, second):
        assert (half.data > 0).all()
        assert (half.data == half.data.round()).all()
    assert (counts != before).nnz == 0


def test_halves_of_poisson_counts_are_independent():
    counts = sp.csr_matrix(np.random.default_rng(0).poisson(4, (2000, 20)).astype(np.float32))
    first, second = thin(counts, np.random.default_rng(1))
    r = [np.corrcoef(first.toarray()[:, i], second.toarray()[:, i])[0, 1] for i in range(20)]
    assert np.abs(r).mean() < 0.04
    assert first.mean() == pytest.approx(2, abs=0.03)


@given(st.integers(0, 1000), st.integers(1, 4))
@settings(max_examples=25, deadline=None)
def test_weighted_correlation_equals_numpy_on_rows_repeated(seed, groups):
    rng = np.random.default_rng(seed)
    one, other = rng.normal(2, 1, (40, 3)), rng.normal(-1, 3, (40, 3))
    weight, group = rng.integers(1, 5, 40), np.arange(40) % groups
    found = weighted_correlation(one, other, weight.astype(float), group)
    rows = np.repeat(np.arange(40), weight)
    centred = []
    for values in (one[rows], other[rows]):
        means = np.stack([values[group[rows] == each].mean(axis=0) for each in range(groups)])
        centred.append(values - means[group[rows]])
    expected = [(a @ b) / np.sqrt((a @ a) * (b @ b)) for a, b in zip(*(each.T for each in centred), strict=True)]
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)


def test_what_does_not_vary_has_no_correlation():
    rng = np.random.default_rng(0)
    one, other = rng.random((30, 3)), rng.random((30, 3))
    one[:, 1] = 0.1 + 1e-9 * one[:, 1]
    other[:, 2] = 0
    found = weighted_correlation(one, other, np.ones(30), np.zeros(30, int))
    np.testing.assert_array_equal(np.isnan(found), [False, True, True])


def test_the_summary_can_be_written_as_json():
    parts = SimpleNamespace(held_out={"rna": np.arange(50), "atac": np.arange(60)})
    found = {"rna": np.array([0.2, np.nan, 0.4]), "atac": np.array([np.nan])}
    assert summary(parts, found) == {
        "rna": {"held_out_cells": 50, "features": 2, "median": 0.3},
        "atac": {"held_out_cells": 60, "features": 0, "median": None},
    }
