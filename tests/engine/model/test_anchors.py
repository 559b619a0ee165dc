from __future__ import annotations

from functools import partial

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from monae_app.engine.data.decomposition import leading_components, standardised
from monae_app.engine.model.anchors import (
    canonical_scores,
    find_anchors,
    mutual_neighbors,
    nearest,
    shared_neighbor_support,
    unit_rows,
)

seeds = st.integers(0, 10_000)


def rank_by_loop(queries: np.ndarray, references: np.ndarray, k: int) -> list[set[int]]:
    distance = ((queries[:, None].astype(float) - references[None]) ** 2).sum(axis=2)
    return [set(row) for row in np.argsort(distance, axis=1)[:, :k]]


@given(seeds, st.integers(1, 20), st.integers(1, 20), st.integers(1, 7))
@settings(max_examples=60, deadline=None)
def test_mutual_neighbors_equal_brute_force(seed, n_first, n_second, k):
    rng = np.random.default_rng(seed)
    first, second = (rng.normal(size=(n, 3)).astype(np.float32) for n in (n_first, n_second))
    onward, back = rank_by_loop(first, second, k), rank_by_loop(second, first, k)
    expected = [(i, j) for i in range(n_first) for j in range(n_second) if j in onward[i] and i in back[j]]
    found = mutual_neighbors(first, second, k)
    assert [tuple(row) for row in found] == expected
    np.testing.assert_array_equal(mutual_neighbors(second, first, k), sorted((j, i) for i, j in expected))


def test_nearest_are_sorted_by_distance_and_chunks_do_not_matter(monkeypatch):
    rng = np.random.default_rng(0)
    queries, references = (rng.normal(size=(n, 4)).astype(np.float32) for n in (50, 30))
    distance = ((queries[:, None] - references[None]) ** 2).sum(axis=2)
    expected = np.argsort(distance, axis=1)[:, :6]
    np.testing.assert_array_equal(nearest(queries, references, 6), expected)
    monkeypatch.setattr("monae_app.engine.model.anchors.DISTANCES_AT_ONCE", 7 * 30)
    np.testing.assert_array_equal(nearest(queries, references, 6), expected)
    assert nearest(queries, references[:3], 6).shape == (50, 3)


@given(seeds)
@settings(max_examples=20, deadline=None)
def test_unit_rows_have_length_1_or_0(seed):
    scores = np.random.default_rng(seed).normal(size=(6, 3)) * 10.0 ** np.arange(-3, 3)[:, None]
    scores[2] = 0
    found = unit_rows(scores)
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), [1, 1, 0, 1, 1, 1], rtol=1e-5)
    np.testing.assert_allclose(found[0] * np.linalg.norm(scores[0]), scores[0], rtol=1e-5)


def two_views(n_cells: int = 250, n_genes: int = 200, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Two noisy read-outs of one latent over the same genes; the rows of the second are shuffled by ``order``."""
    rng = np.random.default_rng(seed)
    types = rng.integers(0, 6, n_cells)
    latent = rng.normal(0, 1.5, (6, 5))[types] + rng.normal(0, 0.3, (n_cells, 5))
    loadings = rng.normal(size=(5, n_genes))
    first, second = (latent @ loadings + rng.normal(0, 2, (n_cells, n_genes)) for _ in range(2))
    order = rng.permutation(n_cells)
    return first, second[order], np.column_stack([types, types[order]])


def aligned(first: np.ndarray, second: np.ndarray, k: int = 5) -> tuple[np.ndarray, np.ndarray]:
    views = (standardised(sp.csr_matrix(each - each.min() + 1)) for each in (first, second))
    return canonical_scores(*views, k, partial(leading_components, seed=0))


def share_right(anchors: np.ndarray, types: np.ndarray) -> float:
    return float((types[anchors[:, 0], 0] == types[anchors[:, 1], 1]).mean())


def test_canonical_scores_of_two_views_find_the_right_cells():
    first, second, types = two_views()
    scores = aligned(first, second)
    assert scores[0].shape == (250, 5)
    anchors = mutual_neighbors(*scores, 5)
    assert len(anchors) > 100
    assert share_right(anchors, types) > 0.95


def test_with_a_shuffled_gene_map_canonical_scores_do_not():
    first, second, types = two_views()
    shuffled = second[:, np.random.default_rng(1).permutation(second.shape[1])]
    anchors = mutual_neighbors(*aligned(first, shuffled), 5)
    chance = sum((types[:, 0] == kind).mean() ** 2 for kind in range(6))
    assert share_right(anchors, types) < chance + 0.3


@pytest.mark.parametrize("n_genes", [4, 15])
def test_axes_beyond_the_number_of_genes_are_left_out(n_genes):
    first, second, _ = two_views(n_genes=n_genes)
    for few, many in zip(aligned(first, second, n_genes), aligned(first, second, 30), strict=True):
        np.testing.assert_allclose(many, few, atol=1e-4)


def test_canonical_scores_follow_their_rows():
    first, second, _ = two_views(n_cells=60)
    order = np.random.default_rng(2).permutation(60)
    straight, turned = aligned(first, second), aligned(first[order], second)
    np.testing.assert_allclose(turned[0], straight[0][order], atol=1e-4)
    np.testing.assert_allclose(turned[1], straight[1], atol=1e-4)


def noisy_spaces(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    types = rng.integers(0, 8, (300, 2))
    centres = rng.normal(0, 1, (8, 6))
    return *(unit_rows(centres[types[:, i]] + rng.normal(0, 0.75, (300, 6))) for i in (0, 1)), types


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_filter_raises_the_share_of_right_anchors(seed):
    first, second, types = noisy_spaces(seed)
    everything = find_anchors(first, second, n_neighbors=5, keep=1)
    kept = find_anchors(first, second, n_neighbors=5, keep=0.3)
    np.testing.assert_array_equal(everything, mutual_neighbors(first, second, 5))
    assert len(kept) == round(0.3 * len(everything))
    assert {tuple(row) for row in kept} <= {tuple(row) for row in everything}
    assert share_right(kept, types) > share_right(everything, types) + 0.05


def test_support_equals_a_literal_count(monkeypatch):
    monkeypatch.setattr("monae_app.engine.model.anchors.SUPPORT_NEIGHBORS", 4)
    rng = np.random.default_rng(0)
    first, second = (rng.normal(size=(n, 3)).astype(np.float32) for n in (12, 9))
    anchors = mutual_neighbors(first, second, 3)
    expected = []
    for i, j in anchors:
        shared = [
            len(rank_by_loop(first[[i]], side, 4)[0] & rank_by_loop(second[[j]], side, 4)[0])
            for side in (first, second)
        ]
        expected.append(sum(shared) / 8)
    np.testing.assert_allclose(shared_neighbor_support(first, second, anchors), expected)
    monkeypatch.setattr("monae_app.engine.model.anchors.ANCHORS_AT_ONCE", 3)
    np.testing.assert_allclose(shared_neighbor_support(first, second, anchors), expected)


def test_one_anchor_is_never_filtered_away():
    first, second = np.eye(2, dtype=np.float32)[:1], np.eye(2, dtype=np.float32)
    assert find_anchors(first, second, n_neighbors=1, keep=0.01).tolist() == [[0, 0]]
