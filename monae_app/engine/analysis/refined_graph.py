"""The regulatory graph after training: how likely each gene-peak pair is an edge."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp
from scipy.special import expit

from monae_app.engine.data.guidance import link_genes_to_peaks

if TYPE_CHECKING:
    import pandas as pd

    from monae_app.engine.data.guidance import GuidanceGraph

PAIRS_AT_ONCE = 200_000


def guidance_matrix(graph: GuidanceGraph, rows_of_vertices: np.ndarray, n_features: int) -> sp.csr_matrix:
    """Signed weighted prior edges between all features, symmetric, (V, V); vertices of the graph are mapped to rows."""
    source, target = rows_of_vertices[graph.source], rows_of_vertices[graph.target]
    return _symmetric(source, target, graph.sign * graph.weight, n_features)


def refined_matrix(
    vectors: np.ndarray, located: dict[str, pd.DataFrame], *, promoter: int, window: int
) -> sp.csr_matrix:
    """Posterior weight of every gene-peak pair within a window, sigmoid(f_gene . f_peak), symmetric, (V, V).

    Parameters
    ----------
    vectors
        Of all features, shared axes first, genes before peaks or after as in ``located``, (V, D).
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
    weight = np.empty(len(pairs), np.float32)
    for first in range(0, len(pairs), PAIRS_AT_ONCE):
        rows = slice(first, first + PAIRS_AT_ONCE)
        logit = np.einsum("ij,ij->i", vectors[gene[rows]], vectors[peak[rows]])
        weight[rows] = expit(logit)
    return _symmetric(gene, peak, weight, len(vectors))


def _symmetric(source: np.ndarray, target: np.ndarray, weight: np.ndarray, size: int) -> sp.csr_matrix:
    half = sp.coo_matrix((weight.astype(np.float32), (source, target)), shape=(size, size))
    return (half + half.T).tocsr()
