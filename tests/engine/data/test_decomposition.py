from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from monae_app.engine.data.decomposition import column_moments, leading_components, standardised

matrices = hnp.arrays(
    np.float64,
    hnp.array_shapes(min_dims=2, max_dims=2, min_side=2, max_side=9),
    elements=st.integers(0, 40).map(lambda value: value / 4 if value > 12 else 0),
)


def z_scores(values: np.ndarray, clip: float) -> np.ndarray:
    sd = values.std(axis=0)
    scores = np.divide(values - values.mean(axis=0), sd, out=np.zeros_like(values), where=sd > 1e-8)
    return np.minimum(scores, clip)


@given(matrices, st.sampled_from([0.5, 1.5, 10.0]), st.integers(0, 1000))
@settings(max_examples=100, deadline=None)
def test_standardised_is_the_dense_matrix_of_z_scores_capped(values, clip, seed):
    operator, dense = standardised(sp.csr_matrix(values), clip=clip), z_scores(values, clip)
    rng = np.random.default_rng(seed)
    right, left = rng.normal(size=(values.shape[1], 3)), rng.normal(size=(values.shape[0], 2))
    np.testing.assert_allclose(operator @ right, dense @ right, atol=1e-9)
    np.testing.assert_allclose(operator @ right[:, 0], dense @ right[:, 0], atol=1e-9)
    np.testing.assert_allclose(operator.T @ left, dense.T @ left, atol=1e-9)
    np.testing.assert_allclose(operator.rmatvec(left[:, 0]), dense.T @ left[:, 0], atol=1e-9)
    assert operator.shape == values.shape


def test_standardised_caps_what_is_far_out():
    values = np.zeros((2000, 1))
    values[0] = 1
    operator = standardised(sp.csr_matrix(values))
    found = operator @ np.ones(1)
    assert found[0] == pytest.approx(10)
    assert z_scores(values, np.inf)[0, 0] > 40


def test_product_of_two_standardised_matrices():
    rng = np.random.default_rng(0)
    first, second = rng.poisson(1, (20, 15)).astype(float), rng.poisson(1, (12, 15)).astype(float)
    product = standardised(sp.csr_matrix(first)) @ standardised(sp.csr_matrix(second)).T
    np.testing.assert_allclose(product @ np.eye(12), z_scores(first, 10) @ z_scores(second, 10).T, atol=1e-9)


@pytest.mark.parametrize("shape", [(6, 30), (30, 6)])
def test_where_nothing_varies_there_are_components_of_zeros(shape):
    for matrix in (standardised(sp.csr_matrix(np.full(shape, 3.0))), sp.csr_matrix(shape, dtype=np.float64)):
        left, values, right = leading_components(matrix, 4, seed=0)
        assert (left.shape, values.shape, right.shape) == ((shape[0], 4), (4,), (4, shape[1]))
        assert not left.any()
        assert not values.any()
        assert not right.any()


@given(hnp.arrays(np.float32, (13, 4), elements=st.floats(-1e3, 1e3, width=32)), st.sampled_from([0, 1e3, 1e5]))
@settings(max_examples=50, deadline=None)
def test_column_moments_equal_numpy_in_double_precision(values, offset):
    values = values + np.float32(offset)
    mean, variance = column_moments(sp.csr_matrix(values))
    exact = values.astype(np.float64)
    np.testing.assert_allclose(mean, exact.mean(axis=0), rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(variance, exact.var(axis=0), rtol=1e-6, atol=1e-6)


def test_standardised_keeps_its_accuracy_far_from_zero():
    values = np.random.default_rng(0).normal(2000, 1, (3000, 4)).astype(np.float32)
    scores = standardised(sp.csr_matrix(values)) @ np.eye(4)
    np.testing.assert_allclose(scores.std(axis=0), 1, atol=0.02)


@pytest.mark.parametrize("shape", [(40, 15), (15, 40), (20, 20)])
@pytest.mark.parametrize("k", [1, 4, 9])
def test_leading_components_equal_numpy(shape, k):
    dense = np.random.default_rng(k).normal(size=shape)
    left, values, right = leading_components(sp.csr_matrix(dense), k, seed=3)
    u, s, v = np.linalg.svd(dense, full_matrices=False)
    np.testing.assert_allclose(values, s[:k])
    np.testing.assert_allclose(np.abs((left * u[:, :k]).sum(axis=0)), 1)
    np.testing.assert_allclose(np.abs((right * v[:k]).sum(axis=1)), 1)
    np.testing.assert_allclose(left * values @ right, u[:, :k] * s[:k] @ v[:k], atol=1e-9)


def test_no_more_components_than_the_matrix_has():
    left, values, right = leading_components(sp.csr_matrix(np.random.default_rng(0).normal(size=(6, 5))), 50, seed=0)
    assert (left.shape, values.shape, right.shape) == ((6, 4), (4,), (4, 5))


@given(st.permutations(range(25)), st.integers(0, 5))
@settings(max_examples=25, deadline=None)
def test_signs_and_scores_do_not_depend_on_the_order_of_rows_or_the_seed(order, seed):
    dense = np.random.default_rng(7).normal(size=(25, 12)) * np.arange(1, 13)
    left, _, right = leading_components(sp.csr_matrix(dense), 5, seed=0)
    permuted_left, _, permuted_right = leading_components(sp.csr_matrix(dense[list(order)]), 5, seed=seed)
    np.testing.assert_allclose(permuted_left, left[list(order)], atol=1e-7)
    np.testing.assert_allclose(permuted_right, right, atol=1e-7)


def test_an_operator_and_its_matrix_decompose_alike():
    values = sp.csr_matrix(np.random.default_rng(0).poisson(1, (30, 12)).astype(float))
    dense = standardised(values) @ np.eye(12)
    for one, other in zip(
        leading_components(standardised(values), 4, 0), leading_components(sp.csr_matrix(dense), 4, 1), strict=True
    ):
        np.testing.assert_allclose(one, other, atol=1e-7)
