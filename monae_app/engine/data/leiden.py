"""Clusters of cells by their nearest neighbours, the same before training and in the scores after it."""

from __future__ import annotations

import random

import igraph
import numpy as np

FIXED_RESOLUTION = 1.0
EDGES_AT_ONCE = 250_000
ROUNDS = 2


def neighbor_graph(neighbors: np.ndarray) -> igraph.Graph:
    """Join every cell with its neighbours (N, k), each pair once."""
    size = len(neighbors)
    edges = np.column_stack([np.repeat(np.arange(size), neighbors.shape[1]), neighbors.ravel()])
    graph = igraph.Graph(size, directed=False)
    # in blocks: igraph lets no other thread speak while it takes them in
    for first in range(0, len(edges), EDGES_AT_ONCE):
        graph.add_edges(edges[first : first + EDGES_AT_ONCE])
    return graph.simplify()


def leiden_clusters(graph: igraph.Graph, resolution: float = FIXED_RESOLUTION, seed: int = 0) -> np.ndarray:
    """Cluster by modularity with two rounds of Leiden, (N,) numbers.

    Source: Traag et al. 2019, Sci Rep 9:5233, as in igraph.
    """
    # igraph draws from Python's generator, which is put back afterwards
    state = random.getstate()
    random.seed(seed)
    try:
        found = None
        # a call a round: igraph lets no other thread speak while it computes
        for _ in range(ROUNDS):
            found = graph.community_leiden(
                objective_function="modularity", resolution=resolution, n_iterations=1, initial_membership=found
            ).membership
    finally:
        random.setstate(state)
    return np.asarray(found)
