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
    design, at = _designs(time, grid)
    crossed = design.T @ design
    fitted = _fit(crossed, design.T @ values, (values**2).sum(axis=0), len(time))
    error = np.empty((len(grid), values.shape[1]))
    for number in np.unique(fitted.penalty):
        mine = fitted.penalty == number
        inverse = _inverse(crossed, PENALTIES[number])
        spread = np.sqrt(np.maximum(np.einsum("gb,bc,gc->g", at, inverse, at), 0))
        error[:, mine] = spread[:, None] * fitted.noise[mine]
    return Curves(grid, at @ fitted.weights, error)


class Refitting:
    """Fits the same curves to samples of the cells, without their bands: knots, splines and products stay.

    Parameters
    ----------
    time, values, grid
        As in :func:`smooth_curves`.
    """

    def __init__(self, time: np.ndarray, values: np.ndarray, grid: np.ndarray) -> None:
        self._design, self._at = _designs(time, grid)
        self._values, self._squares = values, values**2

    def levels(self, times: np.ndarray) -> np.ndarray:
        """Fit to a sample in which cell i is ``times[i]`` times, (n,); the levels on the grid, (G, F)."""
        weighted = self._design * times[:, None]
        crossed = weighted.T @ self._design
        fitted = _fit(crossed, weighted.T @ self._values, times @ self._squares, float(times.sum()))
        levels: np.ndarray = self._at @ fitted.weights
        return levels


@dataclass(frozen=True)
class _Fitted:
    """Weights of the splines (B, F), number of the penalty (F,), and root of the variance left (F,)."""

    weights: np.ndarray
    penalty: np.ndarray
    noise: np.ndarray


def _designs(time: np.ndarray, grid: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    low, high = float(time.min()), float(time.max())
    count = int(np.clip(len(time) // 5, DEGREE + 1, SPLINES))
    return basis(time, count, low, high), basis(grid, count, low, high)


def _inverse(crossed: np.ndarray, penalty: float) -> np.ndarray:
    count = len(crossed)
    steps = np.diff(np.eye(count), 2, axis=0)
    found: np.ndarray = np.linalg.inv(crossed + penalty * steps.T @ steps + 1e-8 * np.eye(count))
    return found


def _fit(crossed: np.ndarray, product: np.ndarray, squares: np.ndarray, n: float) -> _Fitted:
    """Choose the penalty of each feature by the score of generalised cross-validation."""
    features = product.shape[1]
    best, noise = np.full(features, np.inf), np.zeros(features)
    chosen, kept = np.zeros(features, np.int64), np.zeros_like(product)
    for number, penalty in enumerate(PENALTIES):
        inverse = _inverse(crossed, penalty)
        weights = inverse @ product
        left = np.maximum(
            squares - 2 * (weights * product).sum(axis=0) + (weights * (crossed @ weights)).sum(axis=0), 0
        )
        free = n - np.trace(inverse @ crossed)
        score = n * left / free**2
        better = score < best
        best[better], chosen[better] = score[better], number
        kept[:, better] = weights[:, better]
        noise[better] = np.sqrt(left / free)[better]
    return _Fitted(kept, chosen, noise)
