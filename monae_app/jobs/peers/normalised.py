"""What the simple methods start from: log counts per 10,000 and gene activity."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp

if TYPE_CHECKING:
    from monae_app.jobs.peers.exchange import Question

LARGEST_Z = 10.0


def per_10k(counts: sp.csr_matrix) -> sp.csr_matrix:
    """Scale counts to 10,000 in each cell."""
    total = np.maximum(np.asarray(counts.sum(axis=1)).ravel(), 1)
    return sp.csr_matrix(sp.diags(1e4 / total) @ counts)


def logged(counts: sp.csr_matrix) -> sp.csr_matrix:
    """log(1 + counts per 10,000)."""
    return per_10k(counts).log1p()


def z_scores(values: sp.csr_matrix) -> np.ndarray:
    """Standardised by column, cut off at +-10."""
    dense = values.toarray()
    dense -= dense.mean(axis=0)
    dense /= dense.std(axis=0) + 1e-6
    return np.asarray(np.clip(dense, -LARGEST_Z, LARGEST_Z), np.float32)


def gene_activity(question: Question) -> sp.csr_matrix:
    """Peak counts summed over the guidance pairs of each gene, (cells, genes)."""
    ones = np.ones(len(question.in_first), np.float32)
    shape = (question.second.n_vars, question.first.n_vars)
    return sp.csr_matrix(
        question.second.X @ sp.csr_matrix((ones, (question.in_second, question.in_first)), shape=shape)
    )


def gene_space(question: Question) -> tuple[np.ndarray, np.ndarray]:
    """Expression and activity of the same genes, each log-normalised and standardised."""
    return z_scores(logged(question.first.X)), z_scores(logged(gene_activity(question)))
