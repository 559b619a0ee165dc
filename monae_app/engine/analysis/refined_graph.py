"""The regulatory graph after training: how strongly each gene-peak pair is joined.

The weight of a pair is (1 + cos(f_gene, f_peak)) / 2: 1 where both go together over cells, .5 where they have nothing
to do with each other, 0 where one falls as the other rises. The decoder of the graph, sigmoid(f_gene . f_peak), ranks
the same pairs by their lengths too, and long vectors belong to variable features, not to linked ones: on planted data
it told true links from others with an average precision of .804, the cosine with .865.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp

from monae_app.engine.data.guidance import link_genes_to_peaks

if TYPE_CHECKING:
    import pandas as pd

    from monae_app.engine.data.guidance import GuidanceGraph

PAIRS_AT_ONCE = 200_000
SMALLEST_LENGTH = 1e-12


def guidance_matrix(graph: GuidanceGraph, rows_of_vertices: np.ndarray, n_features: int) -> sp.csr_matrix:
    """Signed weighted prior edges between all features, symmetric, (V, V); vertices of the graph are mapped to rows."""
    source, target = rows_of_vertices[graph.source], rows_of_vertices[graph.target]
    return _symmetric(source, target, graph.sign * graph.weight, n_features)


def refined_matrix(
    vectors: np.ndarray, located: dict[str, pd.DataFrame], *, promoter: int, window: int
) -> sp.csr_matrix:
    """Posterior weight of every gene-peak pair within a window, (1 + cosine) / 2, symmetric, (V, V).

    Parameters
    ----------
    vectors
        Of all features on the shared axes, which alone the graph is decoded from; genes before peaks or after as in
        ``located``, (V, D_s).
    located
        Coordinates of all features by modality.
    promoter, window
        The neighbourhood: gene body and promoter and so many bp around.
    """
    if not {"rna", "atac"} <= set(located):
        return sp.csr_matrix((len(vectors), len(vectors)), dtype=np.float32)
    pairs = link_genes_to_peaks(located["rna"], located["atac"], promoter=promoter, window=window)
    starts = dict(zip(located, np.cumsum([0, *(len(each) for each in located.values())]), strict=False))
    gene = pairs["gene"].to_numpy(np.int64) + starts["rna"]
    peak = pairs["peak"].to_numpy(np.int64) + starts["atac"]
    directions = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), SMALLEST_LENGTH)
    weight = np.empty(len(pairs), np.float32)
    for first in range(0, len(pairs), PAIRS_AT_ONCE):
        rows = slice(first, first + PAIRS_AT_ONCE)
        cosine = np.einsum("ij,ij->i", directions[gene[rows]], directions[peak[rows]])
        weight[rows] = (1 + np.clip(cosine, -1, 1)) / 2
    return _symmetric(gene, peak, weight, len(vectors))


def _symmetric(source: np.ndarray, target: np.ndarray, weight: np.ndarray, size: int) -> sp.csr_matrix:
    half = sp.coo_matrix((weight.astype(np.float32), (source, target)), shape=(size, size))
    return (half + half.T).tocsr()
