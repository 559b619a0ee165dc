"""Two linear read-outs of one latent: anchors, even partly wrong ones, tell how they correspond."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monae_app.engine.model.alignment import RIDGE, LinearMap, align_by_anchors, follow_by_anchors

seeds = st.integers(0, 10_000)
N, AXES = 400, 5


def standardised(values: np.ndarray) -> np.ndarray:
    return (values - values.mean(axis=0)) / values.std(axis=0)


def views(*widths: int, noise: float = 0.5, seed: int = 0) -> list[np.ndarray]:
    """Random linear maps of one latent, each with noise of its own; row i is cell i in all of them."""
    rng = np.random.default_rng(seed)
    latent = rng.normal(size=(N, AXES))
    return [standardised(latent @ rng.normal(size=(AXES, k)) + rng.normal(0, noise, (N, k))) for k in widths]


def anchors_of(n: int, wrong: float, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    cells = rng.choice(N, n, replace=False)
    partner = cells.copy()
    mistaken = rng.random(n) < wrong
    partner[mistaken] = rng.integers(0, N, mistaken.sum())
    return np.column_stack([cells, partner])


def cosine(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    return np.einsum("nd,nd->n", first, second) / np.linalg.norm(first, axis=1) / np.linalg.norm(second, axis=1)


def foscttm(first: np.ndarray, second: np.ndarray) -> float:
    """Share of cells that lie nearer to a cell than its own other half."""
    one, other = (each / np.linalg.norm(each, axis=1, keepdims=True) for each in (first, second))
    similarity = one @ other.T
    return float((similarity > similarity.diagonal()[:, None]).mean())


@pytest.mark.parametrize("wrong", [0.0, 0.3, 0.5])
@pytest.mark.parametrize("seed", [0, 1])
def test_anchors_tell_which_axes_correspond_to_all_cells(wrong, seed):
    first, second = views(20, 12, seed=seed)
    anchors = anchors_of(200, wrong, seed)
    one, other, correlation = align_by_anchors(first, second, anchors, AXES)
    # of cells that no anchor named
    rest = np.setdiff1d(np.arange(N), anchors)
    assert len(rest) > 50
    assert foscttm(one(first[rest]), other(second[rest])) < 0.04
    assert cosine(one(first[rest]), other(second[rest])).mean() > 0.8
    # a wrong anchor in two takes half of the correlation away
    *_, clean = align_by_anchors(first, second, anchors_of(200, 0.0, seed), AXES)
    assert clean.min() > 0.7
    assert correlation.mean() == pytest.approx((1 - wrong) * clean.mean(), rel=0.15)


@pytest.mark.parametrize("seed", [0, 1])
def test_shuffled_anchors_tell_nothing(seed):
    first, second = views(20, 12, seed=seed)
    anchors = anchors_of(200, 0.0)
    anchors[:, 1] = np.random.default_rng(seed).permutation(anchors[:, 1])
    one, other, _ = align_by_anchors(first, second, anchors, AXES)
    rest = np.setdiff1d(np.arange(N), anchors)
    assert 0.35 < foscttm(one(first[rest]), other(second[rest])) < 0.65


def test_axes_beyond_the_latent_are_short():
    first, second = views(20, 20)
    one, other, correlation = align_by_anchors(first, second, anchors_of(N, 0.0), 12)
    assert correlation[AXES - 1] > 0.8
    assert correlation[AXES] < 0.35
    for linear, view in ((one, first), (other, second)):
        length = linear(view).std(axis=0)
        assert length[:AXES].min() > 3 * length[AXES:].max()
        # canonical variates have variance 1 but for the ridge, and count by their correlation
        assert (length <= correlation * 1.001).all()


@given(seeds, st.integers(1, 9), st.integers(1, 9), st.integers(1, 12), st.integers(2, 40))
@settings(max_examples=40, deadline=None)
def test_correlations_lie_between_0_and_1_and_fall(seed, k, m, n_axes, n_anchors):
    rng = np.random.default_rng(seed)
    first, second = rng.normal(size=(30, k)).astype(np.float32), rng.normal(size=(25, m)).astype(np.float32)
    anchors = np.column_stack([rng.integers(0, 30, n_anchors), rng.integers(0, 25, n_anchors)])
    one, other, correlation = align_by_anchors(first, second, anchors, n_axes)
    width = min(k, m, n_axes)
    assert one.weights.shape == (k, width)
    assert other.weights.shape == (m, width)
    assert correlation.shape == (width,)
    assert (correlation >= 0).all()
    assert (correlation <= 1).all()
    assert (np.diff(correlation) <= 1e-12).all()
    assert np.isfinite(one(first)).all()


def test_the_correlation_is_that_of_anchored_cells_along_an_axis():
    rng = np.random.default_rng(0)
    values = rng.normal(size=(N, 6))
    basis, _ = np.linalg.qr(values - values.mean(axis=0))
    angle = np.array([0.9, 0.6, 0.3])
    first = np.sqrt(N) * basis[:, :3]
    second = np.sqrt(N) * (angle * basis[:, :3] + np.sqrt(1 - angle**2) * basis[:, 3:6])
    rows = np.column_stack([np.arange(N)] * 2)
    one, _, correlation = align_by_anchors(first, second, rows, 3)
    np.testing.assert_allclose(correlation, angle / (1 + RIDGE), rtol=1e-8)
    np.testing.assert_allclose(one(first).std(axis=0), angle / (1 + RIDGE) ** 1.5, rtol=1e-5)


def test_both_sides_are_turned_together_and_alike_every_time():
    first, second = views(20, 12)
    anchors = anchors_of(200, 0.3)
    one, other, _ = align_by_anchors(first, second, anchors, AXES)
    for order in (slice(None), slice(None, None, -1)):
        again = align_by_anchors(first, second, anchors[order], AXES)
        np.testing.assert_allclose(again[0].weights, one.weights, rtol=1e-6, atol=1e-8)
        np.testing.assert_allclose(again[1].weights, other.weights, rtol=1e-6, atol=1e-8)
    # an axis and its counterpart point the same way
    assert all(np.corrcoef(one(first)[:, i], other(second)[:, i])[0, 1] > 0.5 for i in range(AXES))
    # with both views turned around, the same cells lie at the same side of the same axes up to the axis' own sign
    turned = align_by_anchors(-first, -second, anchors, AXES)
    np.testing.assert_allclose(np.abs(turned[0](-first)), np.abs(one(first)), rtol=1e-3, atol=1e-5)
    assert foscttm(turned[0](-first), turned[1](-second)) == pytest.approx(foscttm(one(first), other(second)), abs=1e-3)


@pytest.mark.parametrize("wrong", [0.0, 0.3])
def test_a_third_modality_follows_onto_the_axes_of_the_first(wrong):
    first, second, third = views(20, 12, 9)
    one, other, _ = align_by_anchors(first, second, anchors_of(200, wrong), AXES)
    anchors = anchors_of(200, wrong, seed=7)
    follower = follow_by_anchors(one(first), third, anchors)
    rest = np.setdiff1d(np.arange(N), anchors)
    assert follower(third).shape == (N, AXES)
    assert foscttm(one(first[rest]), follower(third[rest])) < 0.06
    assert foscttm(other(second[rest]), follower(third[rest])) < 0.06
    shuffled = np.column_stack([anchors[:, 0], np.random.default_rng(0).permutation(anchors[:, 1])])
    lost = follow_by_anchors(one(first), third, shuffled)
    assert foscttm(one(first[rest]), lost(third[rest])) > 0.3


def test_following_is_ridge_regression_with_its_level():
    rng = np.random.default_rng(0)
    second = rng.normal(2.0, 1.0, (N, 6))
    target = second @ rng.normal(size=(6, 3)) + np.array([5.0, -2.0, 0.5])
    anchors = np.column_stack([np.arange(N)] * 2)
    found = follow_by_anchors(target, second, anchors)
    x, y = second - second.mean(axis=0), target - target.mean(axis=0)
    weights = np.linalg.inv(x.T @ x + N * RIDGE * np.eye(6)) @ x.T @ y
    np.testing.assert_allclose(found.weights, weights, rtol=1e-8)
    np.testing.assert_allclose(found(second), x @ weights + target.mean(axis=0), rtol=1e-4, atol=1e-4)


@given(seeds)
@settings(max_examples=20, deadline=None)
def test_a_linear_map_is_affine_and_takes_its_centre_to_0(seed):
    rng = np.random.default_rng(seed)
    linear = LinearMap(rng.normal(size=4), rng.normal(size=(4, 3)))
    cells = rng.normal(size=(7, 4))
    expected = np.array([[sum((row[i] - linear.centre[i]) * linear.weights[i, j] for i in range(4)) for j in range(3)]
                         for row in cells])  # fmt: skip
    found = linear(cells)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(linear(linear.centre[None]), np.zeros((1, 3)), atol=1e-7)
