from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.neighbors import NearestNeighbors

from monae_app.engine.analysis import nearest_across
from monae_app.engine.analysis.nearest_across import make_lists, nearest_by_lists, nearest_exactly


def cells(count: int, axes: int = 6, seed: int = 0, offset: float = 0.0) -> np.ndarray:
    """Cells around a dozen centres, as an embedding has them."""
    generator = np.random.default_rng(seed)
    centres = np.random.default_rng(99).normal(0, 4, (12, axes)) + offset
    return (centres[generator.integers(0, 12, count)] + generator.normal(0, 1, (count, axes))).astype(np.float32)


def truth(references: np.ndarray, queries: np.ndarray, k: int) -> np.ndarray:
    fitted = NearestNeighbors(n_neighbors=min(k, len(references)), algorithm="brute").fit(references.astype(float))
    found = np.zeros(len(references), bool)
    found[fitted.kneighbors(queries.astype(float), return_distance=False)] = True
    return found


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 2000), st.integers(1, 30), st.integers(1, 12), st.integers(0, 1000))
def test_the_nearest_are_those_of_scikit_learn(n_references: int, n_queries: int, k: int, seed: int):
    references, queries = cells(n_references, seed=seed), cells(n_queries, seed=seed + 1)
    assert (nearest_exactly(references, queries, k) == truth(references, queries, k)).all()


def test_blocks_of_queries_change_nothing(monkeypatch):
    references, queries = cells(3000), cells(70, seed=1)
    whole = nearest_exactly(references, queries, 5)
    monkeypatch.setattr(nearest_across, "BLOCK_BYTES", 4 * 3000 * 8)
    assert (nearest_exactly(references, queries, 5) == whole).all()


def test_far_from_the_origin_digits_are_not_lost():
    references, queries = cells(2000, offset=3000.0), cells(50, seed=1, offset=3000.0)
    assert (nearest_exactly(references, queries, 10) == truth(references, queries, 10)).mean() > 0.999


def test_lists_hold_every_reference_once():
    references = cells(5000)
    lists = make_lists(references)
    assert sorted(lists.order.tolist()) == list(range(5000))
    assert lists.starts[-1] == 5000
    again = make_lists(references)
    assert (again.order == lists.order).all()


def test_lists_find_nearly_all_of_the_nearest_and_no_far_ones():
    references, queries = cells(20_000, axes=10), cells(400, axes=10, seed=1)
    exact = nearest_exactly(references, queries, 15)
    found = nearest_by_lists(references, queries, 15, make_lists(references))
    assert (exact & found).sum() > 0.95 * exact.sum()
    # As many as were asked for: what is missed gives way to the next nearest.
    assert found.sum() < 1.1 * exact.sum()


def test_with_every_list_read_the_answer_is_exact(monkeypatch):
    references, queries = cells(3000), cells(60, seed=1)
    monkeypatch.setattr(nearest_across, "LISTS_READ", 10_000)
    found = nearest_by_lists(references, queries, 7, make_lists(references))
    assert (found == nearest_exactly(references, queries, 7)).all()


@pytest.mark.parametrize("k", [3, 100])
def test_few_references_are_all_near(k: int):
    assert nearest_exactly(cells(3), cells(2, seed=1), k).all()
    assert not nearest_exactly(cells(3), cells(0, seed=1), k).any()
