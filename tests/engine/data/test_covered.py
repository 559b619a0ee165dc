"""Missing is not zero: a matrix of covered places alone, however it is cut, stacked and moved."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp

from monae_app.engine.data.covered import CoveredMatrix, lookup, stacked

N, G = 30, 12


@pytest.fixture
def total():
    rng = np.random.default_rng(0)
    return rng.poisson(3, (N, G)) * (rng.random((N, G)) < 0.4)


@pytest.fixture
def methylated(total):
    # many covered places have no methylated read
    return np.random.default_rng(1).binomial(total, 0.2)


@pytest.fixture
def covered(methylated, total):
    return CoveredMatrix.of_reads(methylated, sp.csc_matrix(total))


def levels(methylated, total):
    return np.where(total > 0, methylated / np.maximum(total, 1), np.nan)


def test_a_covered_place_without_methylation_is_stored_as_zero(covered, methylated, total):
    assert covered.nnz == np.count_nonzero(total) > np.count_nonzero(methylated)
    np.testing.assert_allclose(covered.dense_levels(), levels(methylated, total))
    np.testing.assert_array_equal(covered.sums(0)[0], methylated.sum(axis=0))
    np.testing.assert_array_equal(covered.sums(1)[1], total.sum(axis=1))


def test_rows_and_columns_are_cut_from_both(covered, methylated, total):
    rows, columns = np.array([7, 0, 3]), np.array([5, 1, 11])
    expected = levels(methylated, total)
    np.testing.assert_allclose(covered[rows].dense_levels(), expected[rows])
    np.testing.assert_allclose(covered[rows][:, columns].dense_levels(), expected[rows][:, columns])
    np.testing.assert_allclose(covered[2:9].dense_levels(), expected[2:9])
    kept = np.arange(N) % 3 == 0
    np.testing.assert_allclose(covered[kept].dense_levels(), expected[kept])
    np.testing.assert_allclose(stacked([covered[:4], covered[4:]]).dense_levels(), expected)


def test_columns_that_are_not_there_are_not_covered(covered, methylated, total):
    wanted = np.arange(G) % 2 == 0
    expected = levels(methylated, total)
    hidden = covered.of_columns(wanted).dense_levels()
    np.testing.assert_allclose(hidden, np.where(wanted, expected, np.nan))
    places = np.random.default_rng(2).permutation(20)[:G]
    moved = covered.at_columns(places, 20).dense_levels()
    np.testing.assert_allclose(moved[:, places], expected)
    assert np.isnan(np.delete(moved, places, axis=1)).all()


def test_levels_are_covered_where_they_are_stored_and_no_nan():
    values = sp.csr_matrix((np.array([0, 0.5, np.nan, 1], np.float32), ([0, 0, 1, 2], [1, 2, 0, 2])), shape=(3, 3))
    found = CoveredMatrix.of_levels(values)
    missing = np.nan
    np.testing.assert_array_equal(
        found.dense_levels(), [[missing, 0, 0.5], [missing, missing, missing], [missing, missing, 1]]
    )
    assert (found.totals.data == 1).all()


def test_what_takes_a_gap_for_a_zero_fails_loudly(covered):
    for unaware in (lambda: covered.sum(), lambda: covered @ np.ones(G), lambda: covered.toarray()):
        with pytest.raises((AttributeError, TypeError)):
            unaware()


def test_reads_where_nothing_is_covered_are_refused():
    with pytest.raises(ValueError, match="not covered"):
        CoveredMatrix.of_reads(np.array([[1, 0]]), np.array([[0, 3]]))
    with pytest.raises(ValueError, match="same places"):
        CoveredMatrix(sp.csr_matrix(np.eye(3)), sp.csr_matrix(np.ones((3, 3))))


def test_values_are_looked_up_at_the_places_of_another(total):
    values = np.random.default_rng(3).normal(size=(N, G)) * (np.random.default_rng(4).random((N, G)) < 0.5)
    pattern = sp.csr_matrix(total)
    np.testing.assert_allclose(lookup(sp.csr_matrix(values), pattern), values[total > 0], rtol=1e-6)
    np.testing.assert_array_equal(lookup(sp.csr_matrix((N, G)), pattern), 0)
