"""Singular value decompositions that leave sparse matrices sparse."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp
from scipy.sparse.linalg import LinearOperator, aslinearoperator, svds
from sklearn.utils.extmath import svd_flip

from monae_app.engine.telling import SILENT, Telling

if TYPE_CHECKING:
    from collections.abc import Callable

CLIP = 10.0  # standard deviations
SECONDS_BETWEEN_WORDS = 1.0


def column_moments(values: sp.csr_matrix) -> tuple[np.ndarray, np.ndarray]:
    """Mean and variance of every column, (G,) each, float64; exact also where the mean is far larger than the sd."""
    n_cells, n_features = values.shape
    data = values.data.astype(np.float64)
    mean = np.bincount(values.indices, data, n_features) / n_cells
    off = np.bincount(values.indices, (data - mean[values.indices]) ** 2, n_features)
    zeros = n_cells - np.bincount(values.indices, minlength=n_features)
    return mean, (off + zeros * mean**2) / n_cells


def inverse_deviation(variance: np.ndarray) -> np.ndarray:
    """One over the standard deviation of every column; 0 where a column is constant."""
    sd = np.sqrt(variance)
    return np.asarray(np.divide(1, sd, out=np.zeros_like(sd), where=sd > 1e-8))


def scaled_and_capped(
    values: sp.csr_matrix, shift: np.ndarray, inverse: np.ndarray, *, clip: float = CLIP
) -> sp.csr_matrix:
    """Scale columns and cap them so that scaled - shift stays below ``clip``; shift and inverse (G,), in sd and 1 / sd.

    What is centred is ``scaled - shift``; the subtraction is left to the caller, because it would fill the matrix.
    """
    scaled = sp.csr_matrix(values @ sp.diags(inverse), dtype=np.float64)
    # x / sd is capped where (x - mean) / sd would pass the bound
    scaled.data = np.minimum(scaled.data, clip + shift[scaled.indices])
    return scaled


def standardised(values: sp.csr_matrix, *, clip: float = CLIP) -> LinearOperator:
    """Centre and scale the columns of a sparse matrix without making it dense.

    Parameters
    ----------
    values
        Non-negative values, shape (N, G).
    clip
        Bound of a standardised value from above, in standard deviations.

    Returns
    -------
    LinearOperator
        Stands for (values - mean) / sd, clipped, shape (N, G). Constant columns become 0.
    """
    mean, variance = column_moments(values)
    inverse = inverse_deviation(variance)
    shift = mean * inverse
    scaled = scaled_and_capped(values, shift, inverse, clip=clip)
    transposed = scaled.T.tocsr()

    def forward(right: np.ndarray) -> np.ndarray:
        return np.asarray(scaled @ right - shift @ right)

    def backward(left: np.ndarray) -> np.ndarray:
        return np.asarray(transposed @ left - np.outer(shift, left.sum(axis=0)))

    return operator_of(values.shape, forward, backward)


def operator_of(
    shape: tuple[int, int], forward: Callable[[np.ndarray], np.ndarray], backward: Callable[[np.ndarray], np.ndarray]
) -> LinearOperator:
    """Stand for a matrix (N, G) by its product with columns (G, k), and that of its transpose with columns (N, k)."""
    return LinearOperator(
        shape,
        matvec=lambda v: forward(v.reshape(-1, 1)).ravel(),
        rmatvec=lambda v: backward(v.reshape(-1, 1)).ravel(),
        matmat=forward,
        rmatmat=backward,
        dtype=np.float64,
    )


def leading_components(
    matrix: LinearOperator | sp.csr_matrix, n_components: int, seed: int, tell: Telling = SILENT
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Compute the leading singular triplets, largest first, with signs fixed by the right vectors.

    Parameters
    ----------
    matrix
        Shape (N, G).
    n_components
        k; bounded by the matrix.
    seed
        Of the start.
    tell
        Told every second, in the sentence that it carries, that the work goes on.

    Returns
    -------
    tuple
        Left vectors (N, k), singular values (k,), right vectors (k, G); k is bounded by the matrix.
    """
    k = min(n_components, min(matrix.shape) - 1)
    start = np.random.default_rng(seed).standard_normal(min(matrix.shape))
    image = matrix.T @ start if matrix.shape[0] <= matrix.shape[1] else matrix @ start
    if not np.any(image):
        # nothing varies: ARPACK takes no start that the matrix turns into zeros
        return np.zeros((matrix.shape[0], k)), np.zeros(k), np.zeros((k, matrix.shape[1]))
    left, values, right = svds(_watched(matrix, tell), k=k, v0=start, solver="arpack")
    order = np.argsort(-values)
    left, right = svd_flip(left[:, order], right[order], u_based_decision=False)
    return left, values[order], right


def _watched(matrix: LinearOperator | sp.csr_matrix, tell: Telling) -> LinearOperator:
    """Stand for the same matrix, and say a word now and then: nobody knows beforehand how many products it takes."""
    operator = aslinearoperator(matrix)
    counted, said = 0, time.perf_counter()

    def product(of: Callable[[np.ndarray], np.ndarray]) -> Callable[[np.ndarray], np.ndarray]:
        def watched(vectors: np.ndarray) -> np.ndarray:
            nonlocal counted, said
            counted += 1
            tell.heed()
            if (now := time.perf_counter()) - said > SECONDS_BETWEEN_WORDS:
                said = now
                tell(f"{tell.sentence or 'Decomposing'} ({counted:,} products of matrices)")
            return of(vectors)

        return watched

    return LinearOperator(
        operator.shape,
        matvec=product(operator.matvec),
        rmatvec=product(operator.rmatvec),
        matmat=product(operator.matmat),
        rmatmat=product(operator.rmatmat),
        dtype=operator.dtype,
    )
