"""Centred log-ratio: how antibody counts of a cell are told from how much antibody stuck to it.

A panel has tens to hundreds of antibodies, of which some bind to most cells: a share of the total follows these. The
mean logarithm over the panel is a steadier measure of a cell's depth. N cells, G antibodies.

Source: Stoeckius et al. 2017, Nat Methods 14:865 (CLR of antibody counts); the pseudocount of 1 as in Seurat.
"""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp

CELLS_AT_ONCE = 2**15


def centred_log_ratio(values: sp.csr_matrix, measured: np.ndarray | None = None) -> sp.csr_matrix:
    """Take log(1 + x) and subtract its mean over each cell's panel.

    Parameters
    ----------
    values
        Counts, (N, G).
    measured
        Which antibodies were measured at all, (G,) bool; None for all. Of the others every value is 0.

    Returns
    -------
    scipy.sparse.csr_matrix
        (N, G) float32, of which few are 0: a panel is small enough.
    """
    seen = np.ones(values.shape[1], bool) if measured is None else measured
    size = max(int(seen.sum()), 1)
    blocks = []
    for start in range(0, max(values.shape[0], 1), CELLS_AT_ONCE):
        logs = np.log1p(values[start : start + CELLS_AT_ONCE].toarray().astype(np.float32))
        logs[:, ~seen] = 0
        blocks.append(sp.csr_matrix((logs - logs.sum(axis=1, keepdims=True) / size) * seen))
    return sp.vstack(blocks, format="csr", dtype=np.float32)
