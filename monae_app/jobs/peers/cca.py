"""CCA of expression and gene activity (as in Seurat v3), and the mean of 30 neighbours across for imputation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from sklearn.neighbors import NearestNeighbors

from monae_app.jobs.peers.normalised import gene_space, per_10k

if TYPE_CHECKING:
    import scipy.sparse as sp

    from monae_app.jobs.peers.exchange import Answer, Question

COMPONENTS, SPARE, ROUNDS = 30, 10, 4
NEIGHBORS = 30


def canonical(first: np.ndarray, second: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Leading singular vectors of first @ second.T, rows at unit length, by subspace iteration.

    The cells x cells matrix is never formed.
    """
    basis = np.random.default_rng(seed).normal(size=(len(second), COMPONENTS + SPARE)).astype(np.float32)
    for _ in range(ROUNDS):
        ours = np.linalg.qr(first @ (second.T @ basis))[0]
        basis = np.linalg.qr(second @ (first.T @ ours))[0]
    ours = np.linalg.qr(first @ (second.T @ basis))[0]
    left, _, right = np.linalg.svd((ours.T @ first) @ second.T, full_matrices=False)
    pair = ours @ left[:, :COMPONENTS], right[:COMPONENTS].T
    return pair[0] / np.linalg.norm(pair[0], axis=1, keepdims=True), pair[1] / np.linalg.norm(
        pair[1], axis=1, keepdims=True
    )


def neighbor_mean(queries: np.ndarray, references: np.ndarray, values: sp.csr_matrix) -> np.ndarray:
    """Mean of the values of the nearest references of every query."""
    nearest = NearestNeighbors(n_neighbors=NEIGHBORS).fit(references).kneighbors_graph(queries)
    return np.asarray((nearest @ values / NEIGHBORS).todense())


def cca(question: Question, found: Answer) -> None:
    """Embed, and impute across."""
    one, other = question.names
    first, second = canonical(*gene_space(question), question.seed)
    found.known("numpy", "scikit-learn")
    found.embedding(**{one: first, other: second})
    found.imputed(other, one, neighbor_mean(second, first, per_10k(question.first.X)))
    found.imputed(one, other, neighbor_mean(first, second, per_10k(question.second.X)))
