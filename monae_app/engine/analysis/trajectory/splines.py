"""Smooth curves along pseudotime. n cells, F features, G points of a grid, B splines."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.interpolate import BSpline

DEGREE = 3
SPLINES = 10
PENALTIES = np.geomspace(1e-3, 1e5, 17)
NORMAL_95 = 1.959964


@dataclass(frozen=True)
class Curves:
    """Curves with a band.

    Parameters
    ----------
    grid
        (G,) times.
    level
        (G, F).
    error
        Standard error of each level, (G, F).
    """

    grid: np.ndarray
    level: np.ndarray
    error: np.ndarray

    @property
    def band(self) -> tuple[np.ndarray, np.ndarray]:
        """Lower and upper bound of pointwise 95 % confidence."""
        return self.level - NORMAL_95 * self.error, self.level + NORMAL_95 * self.error


def basis(time: np.ndarray, count: int, low: float, high: float) -> np.ndarray:
    """Cubic B-splines with even knots between two times, (n, count)."""
    inner = np.linspace(low, high, count - DEGREE + 1)
    knots = np.concatenate([np.full(DEGREE, low), inner, np.full(DEGREE, high)])
    found: np.ndarray = BSpline.design_matrix(np.clip(time, low, high), knots, DEGREE).toarray()
    return found


def smooth_curves(time: np.ndarray, values: np.ndarray, grid: np.ndarray) -> Curves:
    """Fit penalised splines, the penalty of each feature by generalised cross-validation.

    Source: Eilers & Marx 1996, Stat Sci 11:89; the band is the Bayesian one of Wahba 1983, J R Stat Soc B 45:133.

    Parameters
    ----------
    time
        (n,) of the cells.
    values
        (n, F).
    grid
        (G,) where the curves are wanted.
    """
    low, high = float(time.min()), float(time.max())
    count = int(np.clip(len(time) // 5, DEGREE + 1, SPLINES))
    design, at = basis(time, count, low, high), basis(grid, count, low, high)
    steps = np.diff(np.eye(count), 2, axis=0)
    crossed, product = design.T @ design, design.T @ values
    squares = (values**2).sum(axis=0)
    best = np.full(values.shape[1], np.inf)
    level, error = np.zeros((len(grid), values.shape[1])), np.zeros((len(grid), values.shape[1]))
    for penalty in PENALTIES:
        inverse = np.linalg.inv(crossed + penalty * steps.T @ steps + 1e-8 * np.eye(count))
        weights = inverse @ product
        left = np.maximum(
            squares - 2 * (weights * product).sum(axis=0) + (weights * (crossed @ weights)).sum(axis=0), 0
        )
        free = len(time) - np.trace(inverse @ crossed)
        score = len(time) * left / free**2
        better = score < best
        best[better] = score[better]
        level[:, better] = (at @ weights)[:, better]
        spread = np.sqrt(np.maximum(np.einsum("gb,bc,gc->g", at, inverse, at), 0))
        error[:, better] = (spread[:, None] * np.sqrt(left / free))[:, better]
    return Curves(grid, level, error)
