"""Linear alignment of two representations by their anchors, in closed form.

Canonical correlation over anchored pairs: anchors found among linked features alone tell which cells correspond, and
from these pairs one learns what corresponds in all that either modality sees. One such step takes milliseconds and
aligns better than the canonical correlation that the anchors came from.

N cells, k components of a representation, A anchors, D axes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

RIDGE = 0.1


@dataclass(frozen=True)
class LinearMap:
    """x -> (x - centre) weights + offset; centre (k,), weights (k, D), offset (D,) or one number."""

    centre: np.ndarray
    weights: np.ndarray
    offset: np.ndarray | float = 0.0

    def __call__(self, representation: np.ndarray) -> np.ndarray:
        """Map cells, (N, k) -> (N, D), float32."""
        return np.asarray((representation - self.centre) @ self.weights + self.offset, dtype=np.float32)


def align_by_anchors(
    first: np.ndarray, second: np.ndarray, anchors: np.ndarray, n_axes: int
) -> tuple[LinearMap, LinearMap, np.ndarray]:
    """Canonical correlation analysis over anchored pairs, with a ridge.

    Parameters
    ----------
    first, second
        Representations of two modalities, columns of variance 1, (N, k) and (M, l).
    anchors
        Rows of both, (A, 2).
    n_axes
        D; bounded by k and l.

    Returns
    -------
    tuple
        A map for each modality, whose axes are the canonical variates times their correlation (an axis of which half
        is noise is half as long), and the correlations, (D,).
    """
    sides = [np.asarray(each, np.float64) for each in (first[anchors[:, 0]], second[anchors[:, 1]])]
    centres = [side.mean(axis=0) for side in sides]
    x, y = ((side - centre) / np.sqrt(len(anchors)) for side, centre in zip(sides, centres, strict=True))
    whiten_x, whiten_y = _inverse_root(x.T @ x), _inverse_root(y.T @ y)
    left, correlation, right = np.linalg.svd(whiten_x @ (x.T @ y) @ whiten_y, full_matrices=False)
    left, correlation, right = left[:, :n_axes], correlation[:n_axes], right[:n_axes].T
    # singular vectors come with a sign of their own
    turn = np.sign(left[np.abs(left).argmax(axis=0), np.arange(left.shape[1])])
    maps = (
        LinearMap(centres[0], whiten_x @ left * turn * correlation),
        LinearMap(centres[1], whiten_y @ right * turn * correlation),
    )
    return *maps, correlation


def _inverse_root(covariance: np.ndarray) -> np.ndarray:
    values, vectors = np.linalg.eigh(covariance + RIDGE * np.eye(len(covariance)))
    return np.asarray(vectors / np.sqrt(values) @ vectors.T)


def follow_by_anchors(target: np.ndarray, second: np.ndarray, anchors: np.ndarray) -> LinearMap:
    """Ridge regression of one modality onto axes that another already spans, for a third modality and more.

    Parameters
    ----------
    target
        Cells of the first modality on the shared axes, (N, D).
    second
        Representation of the second, (M, l).
    anchors
        Rows of both, (A, 2).
    """
    x = np.asarray(second[anchors[:, 1]], np.float64)
    y = np.asarray(target[anchors[:, 0]], np.float64)
    centre, level = x.mean(axis=0), y.mean(axis=0)
    x = x - centre
    gram = x.T @ x / len(x) + RIDGE * np.eye(x.shape[1])
    weights = np.linalg.solve(gram, x.T @ (y - level) / len(x))
    return LinearMap(centre, weights, level)
