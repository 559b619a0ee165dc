"""Clusters are those of igraph in one go, though it is asked bit by bit."""

from __future__ import annotations

import random

import numpy as np
import pytest

from monae_app.engine.data import leiden


@pytest.fixture
def neighbors() -> np.ndarray:
    rng = np.random.default_rng(0)
    group = np.repeat(np.arange(6), 50)
    near = rng.integers(50, size=(300, 8)) + 50 * group[:, None]
    return np.where(rng.random(near.shape) < 0.3, rng.integers(300, size=near.shape), near)


def test_a_graph_is_the_same_in_blocks_of_any_size(neighbors, monkeypatch):
    whole = leiden.neighbor_graph(neighbors)
    monkeypatch.setattr(leiden, "EDGES_AT_ONCE", 7)
    assert leiden.neighbor_graph(neighbors).get_edgelist() == whole.get_edgelist()
    pairs = {tuple(sorted((i, int(j)))) for i, row in enumerate(neighbors) for j in row if i != j}
    assert set(whole.get_edgelist()) == pairs


@pytest.mark.parametrize("resolution", [0.3, 1.0, 2.0])
def test_rounds_one_by_one_are_the_rounds_of_one_call(neighbors, resolution):
    graph = leiden.neighbor_graph(neighbors)
    before = random.getstate()
    found = leiden.leiden_clusters(graph, resolution, seed=5)
    assert random.getstate() == before
    random.seed(5)
    at_once = graph.community_leiden(objective_function="modularity", resolution=resolution, n_iterations=2).membership
    random.setstate(before)
    np.testing.assert_array_equal(found, at_once)
