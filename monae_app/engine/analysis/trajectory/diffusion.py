"""The diffusion map of a graph of cells, and diffusion pseudotime. N cells, C components."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp

COMPONENTS = 15


def diffusion_axes(graph: sp.csr_matrix, seed: int, components: int = COMPONENTS) -> np.ndarray:
    """Place cells so that distances are those of diffusion pseudotime, (N, C - 1).

    Source: Haghverdi et al. 2016, Nat Methods 13:845: random walks of all lengths, added up; density is divided out.
    Scanpy's ``tl.dpt`` takes the same distances; a test compares them. Its own graph knows no modalities.

    Parameters
    ----------
    graph
        Weights of neighbours, symmetric, of one connected component.
    seed
        Where the search for eigenvectors begins.
    """
    from scipy.sparse.linalg import eigsh

    density = 1 / np.asarray(graph.sum(axis=1)).ravel()
    even = sp.diags_array(density) @ graph @ sp.diags_array(density)
    root = 1 / np.sqrt(np.asarray(even.sum(axis=1)).ravel())
    transitions = sp.csr_matrix(sp.diags_array(root) @ even @ sp.diags_array(root))
    count = min(components, graph.shape[0] - 2)
    start = np.random.default_rng(seed).uniform(0.5, 1.5, graph.shape[0])
    values, vectors = eigsh(transitions, count, v0=start)
    order = np.argsort(-values)[1:]
    values = np.minimum(values[order], 1 - 1e-10)
    return np.asarray(vectors[:, order] * (values / (1 - values)))


def distances_from(axes: np.ndarray, place: np.ndarray) -> np.ndarray:
    """Euclidean distance of all cells from a place, (N,)."""
    return np.sqrt(((axes - place) ** 2).sum(axis=1))


def smoothed(graph: sp.csr_matrix, values: np.ndarray, times: int = 2) -> np.ndarray:
    """Average values over neighbours, a few times."""
    walk = sp.diags_array(1 / np.asarray(graph.sum(axis=1)).ravel()) @ graph
    for _ in range(times):
        values = walk @ values
    return np.asarray(values)
