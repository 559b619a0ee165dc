"""Where the vectors of the whole graph start, in closed form.

To first order the logarithm of how much more often a cell has a feature than cells have it at all is w / q - 1, with w
the weight of the edge and q the mean over cells: what correspondence analysis decomposes. Regressed on where
corresponding cells were found to lie, and on batches beside it, it gives the shared axes of features; what is left over
gives private axes of cells and features. Coefficients are drawn to 0 as far as they are noise.

Source: correspondence analysis: Benzecri 1973; shrinkage of singular values: Gavish & Donoho 2017, IEEE Trans Inf
Theory 63:2137; by empirical Bayes of the coefficients: the James-Stein estimator, a variance an axis.

N cells, G features, b batches, D_s shared and D_p private axes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from monae_app.engine.data.decomposition import leading_components, operator_of
from monae_app.engine.model.anchors import unit_rows
from monae_app.engine.telling import SILENT, Telling

if TYPE_CHECKING:
    import scipy.sparse as sp
    from scipy.sparse.linalg import LinearOperator

RIDGE = 0.02  # of the regression, as a share of the cells
RIDGE_OF_BATCHES = 1e-3
LARGEST_BIAS = 2.0
LARGEST_COEFFICIENT = 5.0
SMALLEST = 1e-12


@dataclass(frozen=True)
class Start:
    """Vectors of one modality.

    Parameters
    ----------
    cells, features
        (N, D_s + D_p) and (G, D_s + D_p), float32, shared axes first.
    bias
        Of features in batches, (G, b) float32.
    """

    cells: np.ndarray
    features: np.ndarray
    bias: np.ndarray


def length_of(n_shared: int) -> float:
    """Length of the shared part of a cell, as the encoder gives it."""
    return float(n_shared**0.5 / 2)


def start_vectors(
    edges: sp.csr_matrix,
    aligned: np.ndarray | None,
    batch: np.ndarray,
    n_batches: int,
    axes: tuple[int, int],
    *,
    seed: int,
    tell: Telling = SILENT,
) -> Start:
    """Work out where the vectors of one modality start.

    Parameters
    ----------
    edges
        Weights, (N, G).
    aligned
        Cells on the shared axes, rows of length 1, (N, D_s); None where no other modality corresponds: the axes are
        then those along which the edges differ most.
    batch, n_batches
        (N,) int64, b.
    axes
        D_s, D_p.
    seed
        Of the decompositions.
    tell
        Told that the work goes on.
    """
    excess = _Excess(edges)
    n_shared, n_private = axes
    by_batch = np.eye(n_batches)[batch] if n_batches > 1 else np.zeros((len(batch), 0))
    if aligned is None:
        left, values, _ = _left_over(excess, by_batch, n_shared, seed, tell)
        aligned = unit_rows(left * values)
    shared = np.asarray(length_of(n_shared) * aligned, np.float64)
    read = np.hstack([shared, by_batch])
    n_cells = len(read)
    penalty = np.r_[np.full(n_shared, RIDGE), np.full(by_batch.shape[1], RIDGE_OF_BATCHES)] * n_cells
    inverse = np.linalg.inv(read.T @ read + np.diag(penalty))
    coefficients = excess.backward(read) @ inverse
    noise = excess.variance[:, None] * np.diag(inverse)
    coefficients = np.clip(_drawn_to_0(coefficients, noise), -LARGEST_COEFFICIENT, LARGEST_COEFFICIENT)
    cells, private = np.zeros((n_cells, n_private)), np.zeros((excess.n_features, n_private))
    if n_private:
        left, values, right = _left_over(excess, read, n_private, seed, tell)
        found = len(values)
        cells[:, :found] = left * np.sqrt(n_cells)
        strength = _without_noise(values, excess, n_cells) / np.sqrt(n_cells)
        raw = (right * strength[:, None]).T * excess.inverse_root[:, None]
        private[:, :found] = _drawn_to_0(raw, np.broadcast_to(excess.variance[:, None] / n_cells, raw.shape), kept=True)
    bias = np.zeros((excess.n_features, n_batches))
    if n_batches > 1:
        bias = np.clip(coefficients[:, n_shared:], -LARGEST_BIAS, LARGEST_BIAS)
    features = np.hstack([coefficients[:, :n_shared], private])
    return Start(*(np.asarray(each, np.float32) for each in (np.hstack([shared, cells]), features, bias)))


class _Excess:
    """The matrix (w - mean) / q, (N, G), never formed; q the mean size of the edges of a feature."""

    def __init__(self, edges: sp.csr_matrix) -> None:
        self.edges, self.back = edges, edges.T.tocsr()
        self.n_features = edges.shape[1]
        size = np.asarray(abs(edges).mean(axis=0), np.float64).ravel()
        self.inverse = np.divide(1, size, out=np.zeros_like(size), where=size > SMALLEST)
        self.root, self.inverse_root = np.sqrt(size), np.sqrt(self.inverse)
        self.mean = np.asarray(edges.mean(axis=0), np.float64).ravel() * self.inverse
        squares = np.asarray(edges.multiply(edges).mean(axis=0), np.float64).ravel() * self.inverse**2
        self.variance = np.maximum(squares - self.mean**2, 0)

    def backward(self, left: np.ndarray) -> np.ndarray:
        """Product of the transposed matrix with columns over cells, (N, k) -> (G, k)."""
        return np.asarray((self.back @ left) * self.inverse[:, None] - np.outer(self.mean, left.sum(axis=0)))

    def weighted_without(self, known: np.ndarray) -> LinearOperator:
        """Stand for what is left of the matrix x root of q when columns over cells, (N, k), are taken out."""
        basis = np.linalg.qr(known)[0] if known.shape[1] else known

        def taken_out(values: np.ndarray) -> np.ndarray:
            return np.asarray(values - basis @ (basis.T @ values))

        def forward(right: np.ndarray) -> np.ndarray:
            weighted = right * self.root[:, None]
            return taken_out(self.edges @ (weighted * self.inverse[:, None]) - self.mean @ weighted)

        def back(left: np.ndarray) -> np.ndarray:
            return self.backward(taken_out(left)) * self.root[:, None]

        return operator_of(self.edges.shape, forward, back)


def _left_over(
    excess: _Excess, known: np.ndarray, n_axes: int, seed: int, tell: Telling
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    room = min(excess.edges.shape[0] - known.shape[1], excess.n_features) - 1
    if room < 1:
        n_cells, n_features = excess.edges.shape
        return np.zeros((n_cells, 0)), np.zeros(0), np.zeros((0, n_features))
    left, values, right = leading_components(excess.weighted_without(known), min(n_axes, room), seed, tell)
    missing = n_axes - len(values)
    return np.pad(left, ((0, 0), (0, missing))), np.pad(values, (0, missing)), np.pad(right, ((0, missing), (0, 0)))


def _drawn_to_0(coefficients: np.ndarray, noise: np.ndarray, *, kept: bool = False) -> np.ndarray:
    """Posterior means under a prior N(0, t^2) an axis, t^2 the excess of the mean square over the noise, (G, k).

    Parameters
    ----------
    coefficients, noise
        Estimates and the variance of their errors, (G, k).
    kept
        Whether the mean square has been freed from noise already.
    """
    weight = 1 / np.maximum(noise, SMALLEST)
    weight = np.where(noise > 0, weight, 0)
    total = np.maximum(weight.sum(axis=0), SMALLEST)
    squares = coefficients**2 - (0 if kept else noise)
    prior = np.maximum((weight * squares).sum(axis=0) / total, SMALLEST)
    return np.asarray(coefficients * prior / (prior + noise))


def _without_noise(values: np.ndarray, excess: _Excess, n_cells: int) -> np.ndarray:
    """Singular values without what noise adds to them, (k,)."""
    level = np.sqrt(max(float(np.mean(excess.root**2 * excess.variance)), SMALLEST) * n_cells)
    ratio = excess.n_features / n_cells
    y = values / level
    room = np.maximum((y**2 - ratio - 1) ** 2 - 4 * ratio, 0)
    return np.asarray(np.where(y > 1 + np.sqrt(ratio), level * np.sqrt(room) / np.maximum(y, SMALLEST), 0))
