"""How strongly groups of cells are connected, and which cells hang together with others. n cells, K groups."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from scipy.sparse.csgraph import connected_components

# below it, groups have hardly more edges between them than noise makes
CONNECTED = 0.1


def group_connectivities(edges: sp.csr_matrix, codes: np.ndarray, n_groups: int) -> np.ndarray:
    """Edges between groups over those expected of chance, at most 1, (K, K).

    Source: PAGA, Wolf et al. 2019, Genome Biol 20:59, in the version of scanpy 1.2 and later.

    Parameters
    ----------
    edges
        An edge of weight 1 from each cell to each of its neighbours, (n, n).
    codes
        Group of each cell, (n,), negative for none.
    n_groups
        K.
    """
    known = np.flatnonzero(codes >= 0)
    member = sp.csr_matrix((np.ones(len(known)), (known, codes[known])), shape=(len(codes), n_groups))
    count = (member.T @ edges @ member).toarray()
    sizes, leaving = np.bincount(codes[known], minlength=n_groups), count.sum(axis=1)
    np.fill_diagonal(count, 0)
    between = count + count.T
    cross = leaving[:, None] * sizes[None, :]
    expected = (cross + cross.T) / max(len(known) - 1, 1)
    share = np.divide(between, expected, out=np.zeros_like(between), where=expected > 0)
    found: np.ndarray = np.minimum(share, 1.0)
    return found


def cells_connected(edges: sp.csr_matrix, clusters: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Tell which cells hang together with some, (n,) bool.

    Single edges of chance join any two kinds of cells, so clusters are followed where they are connected for more than
    chance, and cells within where edges lead.

    Parameters
    ----------
    edges
        As in :func:`group_connectivities`.
    clusters
        Cluster of each cell, (n,).
    rows
        The cells that others are to hang together with.
    """
    strong = group_connectivities(edges, clusters, int(clusters.max()) + 1) > CONNECTED
    piece = connected_components(sp.csr_matrix(strong), directed=False)[1][clusters]
    home = np.bincount(piece[rows]).argmax()
    kept: np.ndarray = piece == home
    inside = np.flatnonzero(kept)
    within = connected_components(edges[inside][:, inside], directed=False)[1]
    mine = rows[kept[rows]]
    largest = np.bincount(within[np.searchsorted(inside, mine)]).argmax()
    kept[inside] = within == largest
    return kept
