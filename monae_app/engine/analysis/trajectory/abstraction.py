"""Groups of cells as a graph: how well they are connected, and what is connected with a root. N cells, K groups."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from scipy.sparse.csgraph import connected_components

# Of the edges that chance would lay between two clusters: fewer join nothing. In planted lineages, neighbouring stages
# have more than a quarter of them, types apart fewer than a tenth.
CONNECTED = 0.1


def connectivities(graph: sp.csr_matrix, codes: np.ndarray, n_groups: int) -> np.ndarray:
    """Compare edges between groups with those that chance would lay there, (K, K), from 0 to 1, diagonal 0.

    Source: PAGA, Wolf et al. 2019, Genome Biol 20:59, in the form of scanpy's ``tl.paga`` (v1.2).

    Parameters
    ----------
    graph
        (N, N) symmetric; where it is not 0 there is an edge.
    codes
        (N,) group of each cell, negative for none.
    """
    known = np.flatnonzero(codes >= 0)
    member = sp.csr_matrix((np.ones(len(known)), (known, codes[known])), shape=(len(codes), n_groups))
    edges = sp.csr_matrix((np.ones(graph.nnz), graph.indices, graph.indptr), shape=graph.shape)
    between = (member.T @ edges @ member).toarray()
    total, size = between.sum(axis=1), np.bincount(codes[known], minlength=n_groups)
    expected = (total[:, None] * size[None] + total[None] * size[:, None]) / max(size.sum() - 1, 1)
    np.fill_diagonal(between, 0)
    # an edge stands at both of its ends
    return np.minimum(np.divide(2 * between, expected, out=np.zeros_like(between), where=expected > 0), 1)


def connected_part(graph: sp.csr_matrix, neighbours: np.ndarray, root: np.ndarray, seed: int) -> np.ndarray:
    """Tell which cells are connected with the root by more than stray neighbours, (N,) booleans.

    Diffusion through a bridge of a few cells takes so long that all other times would be nothing beside it: clusters
    that hardly touch are parts of their own.

    Parameters
    ----------
    graph, neighbours
        Of the cells: weights (N, N) and neighbours (N, k).
    root
        Rows of cells, at least one; the part of most of them counts.
    seed
        Of the clustering.
    """
    from monae_app.engine.data.leiden import leiden_clusters, neighbor_graph

    clusters = leiden_clusters(neighbor_graph(neighbours), seed=seed)
    joined = connectivities(graph, clusters, int(clusters.max()) + 1) >= CONNECTED
    _, part = connected_components(sp.csr_matrix(joined), directed=False)
    of_cell = part[clusters]
    # a cluster may hold a cell that has no neighbour in it
    _, pieces = connected_components(graph, directed=False)
    both = of_cell.astype(np.int64) * (pieces.max() + 1) + pieces
    _, both = np.unique(both, return_inverse=True)
    return np.asarray(both == np.bincount(both[root]).argmax())
