from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from monae_app.engine.data.decomposition import leading_components, standardised
from monae_app.engine.data.representation import Projection, fit_projection, kind_of, log_normalised

KINDS = ("values", "counts", "peaks")


def correlation(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    first, second = first - first.mean(axis=0), second - second.mean(axis=0)
    return np.abs(second @ first) / (np.linalg.norm(first, axis=0) * np.linalg.norm(second) + 1e-12)


def typed_counts(n_cells: int = 200, n_features: int = 150, seed: int = 0) -> tuple[sp.csr_matrix, np.ndarray]:
    rng = np.random.default_rng(seed)
    types = rng.integers(0, 3, n_cells)
    profile = np.exp(rng.normal(0, 1, (3, n_features)))
    depth = np.exp(rng.normal(0, 0.8, (n_cells, 1)))
    counts = rng.poisson(depth * profile[types]) + np.eye(n_cells, n_features)
    return sp.csr_matrix(counts, dtype=np.float32), types


def unit(scores: np.ndarray) -> np.ndarray:
    return (scores - scores.mean(axis=0)) / scores.std(axis=0)


def test_log_normalised_gives_every_cell_the_same_total_and_leaves_the_input():
    counts, _ = typed_counts(30, 40)
    before = counts.copy()
    found = log_normalised(counts)
    np.testing.assert_allclose(np.expm1(found.toarray()).sum(axis=1), 1e4, rtol=1e-6)
    assert (found.toarray() == 0).sum() == (counts.toarray() == 0).sum()
    assert (counts != before).nnz == 0


def test_log_normalised_leaves_an_empty_row_empty():
    values = sp.csr_matrix(np.array([[0, 0], [1, 3]], np.float32))
    np.testing.assert_allclose(log_normalised(values).toarray(), [[0, 0], np.log1p([2500, 7500])], rtol=1e-6)


def test_depth_is_taken_out_of_weighted_counts_below_1_too():
    shares = np.array([[0.2, 0.3, 0.5]])
    values = sp.csr_matrix(np.vstack([0.01 * shares, shares, 40 * shares]))
    found = log_normalised(values).toarray()
    np.testing.assert_allclose(found, np.repeat(np.log1p(10_000 * shares), 3, axis=0), rtol=1e-6)


@pytest.mark.parametrize("kind", ["values", "counts"])
def test_pca_scores_are_left_singular_vectors_of_the_standardised_matrix(kind):
    counts, _ = typed_counts()
    normalised = counts if kind == "values" else log_normalised(counts)
    dense = standardised(normalised) @ np.eye(counts.shape[1])
    left = np.linalg.svd(dense, full_matrices=False)[0][:, :6]
    found = fit_projection(counts, kind, 6, 0).transform(counts)
    np.testing.assert_allclose(np.abs((found * unit(left)).mean(axis=0)), 1, atol=1e-5)


def test_lsi_scores_are_those_of_tf_idf_without_the_component_that_follows_depth():
    counts, _ = typed_counts(150, 120, 4)
    dense = counts.toarray().astype(float)
    frequency = dense / dense.sum(axis=1, keepdims=True) * (150 / (dense > 0).sum(axis=0))
    left = np.linalg.svd(np.log1p(1e4 * frequency), full_matrices=False)[0][:, :5]
    follows = correlation(left, np.log1p(dense.sum(axis=1))).argmax()
    # the sign of a singular vector is a convention, and standardising rows mixes columns
    signed = leading_components(sp.csr_matrix(np.log1p(1e4 * frequency)), 5, 0)[0]
    kept = np.delete(left * np.sign((left * signed).sum(axis=0)), follows, axis=1)
    rows = (kept - kept.mean(axis=1, keepdims=True)) / kept.std(axis=1, keepdims=True)
    np.testing.assert_allclose(fit_projection(counts, "peaks", 4, 0).transform(counts), unit(rows), atol=1e-4)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_lsi_tells_types_apart_and_not_depths(seed):
    counts, types = typed_counts(seed=seed)
    found = fit_projection(counts, "peaks", 5, 0).transform(counts)
    assert found.shape == (200, 5)
    assert (correlation(found, np.log1p(counts.sum(axis=1).A1)) < 0.9).all()
    centres = np.stack([found[types == each].mean(axis=0) for each in range(3)])
    nearest = ((found[:, None] - centres) ** 2).sum(axis=2).argmin(axis=1)
    assert (nearest == types).mean() > 0.9


def test_pca_finds_a_planted_axis():
    rng = np.random.default_rng(0)
    axis = rng.normal(size=300)
    values = np.maximum(axis[:, None] * (np.arange(20) < 8) + rng.normal(3, 0.5, (300, 20)), 0)
    found = fit_projection(sp.csr_matrix(values), "values", 3, 0).transform(sp.csr_matrix(values))
    assert correlation(found, axis)[0] > 0.97
    assert (correlation(found, axis)[1:] < 0.2).all()


@pytest.mark.parametrize("kind", KINDS)
def test_columns_have_mean_0_and_variance_1_over_the_cells_of_the_fit(kind):
    counts, _ = typed_counts()
    found = fit_projection(counts, kind, 7, 0).transform(counts)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found.mean(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(found.std(axis=0), 1, atol=1e-4)


@given(st.sampled_from(KINDS), st.lists(st.integers(0, 79), min_size=1, max_size=20))
@settings(max_examples=30, deadline=None)
def test_a_cell_gets_the_same_scores_whoever_is_with_it(kind, rows):
    counts, _ = typed_counts(80, 60)
    fitted = fit_projection(counts, kind, 5, 0)
    np.testing.assert_allclose(fitted.transform(counts[rows]), fitted.transform(counts)[rows], atol=1e-6)
    assert fitted.transform(counts[:0]).shape == (0, 5)


@pytest.mark.parametrize("kind", KINDS)
def test_new_cells_of_a_type_lie_where_the_old_ones_do(kind):
    counts, types = typed_counts(400)
    fitted = fit_projection(counts[:300], kind, 5, 0)
    old, new = fitted.transform(counts[:300]), fitted.transform(counts[300:])
    centres = np.stack([old[types[:300] == each].mean(axis=0) for each in range(3)])
    nearest = ((new[:, None] - centres) ** 2).sum(axis=2).argmin(axis=1)
    assert (nearest == types[300:]).mean() > 0.9


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_not_measured_is_no_zero(kind):
    counts, _ = typed_counts(300)
    fitted = fit_projection(counts, kind, 3, 0)
    whole = fitted.transform(counts)
    measured = np.random.default_rng(1).random(150) < 0.6
    without = counts.multiply(measured).tocsr()
    found = fitted.transform(without, measured)
    agreement = [np.corrcoef(found[:, i], whole[:, i])[0, 1] for i in range(2)]
    assert min(agreement) > 0.9
    assert np.abs(found.mean(axis=0)).max() < 0.15
    assert np.abs(fitted.transform(without).mean(axis=0)).max() > 2 * np.abs(found.mean(axis=0)).max()
    np.testing.assert_array_equal(fitted.transform(counts, np.ones(150, bool)), whole)


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_measured_is_the_mean_cell(kind):
    counts, _ = typed_counts(100)
    fitted = fit_projection(counts, kind, 4, 0)
    found = fitted.transform(sp.csr_matrix((2, 150), dtype=np.float32), np.zeros(150, bool))
    np.testing.assert_allclose(found, np.tile(-fitted.centre / fitted.spread, (2, 1)), atol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_arrays_rebuild_the_projection(kind):
    counts, _ = typed_counts(90, 50)
    fitted = fit_projection(counts, kind, 4, 0)
    again = Projection.from_arrays(kind, fitted.arrays())
    np.testing.assert_array_equal(again.transform(counts), fitted.transform(counts))
    assert (again.n_features, again.n_components) == (50, 4)


def test_columns_beyond_the_rank_become_zero_instead_of_noise():
    rng = np.random.default_rng(0)
    values = sp.csr_matrix(np.outer(rng.normal(size=60), rng.normal(size=20)) + 3)
    found = fit_projection(values, "values", 4, 0).transform(values)
    np.testing.assert_allclose(found[:, 0].std(), 1, rtol=1e-4)
    np.testing.assert_array_equal(found[:, 1:], 0)


def test_no_more_components_than_the_matrix_has():
    counts, _ = typed_counts(6, 5)
    for kind in KINDS:
        assert fit_projection(counts, kind, 50, 0).transform(counts).shape[1] <= 4


@pytest.mark.parametrize(
    ("modality", "likelihood", "kind"),
    [("rna", "nb", "counts"), ("atac", "nb", "peaks"), ("atac", "bernoulli", "peaks"), ("atac", "normal", "values")],
)
def test_how_a_modality_is_projected_follows_from_its_name_and_likelihood(modality, likelihood, kind):
    assert kind_of(modality, likelihood) == kind
