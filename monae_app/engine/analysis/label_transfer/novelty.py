"""Whether a cell is of a kind that the source lacks: it lies apart, or its features contradict its place.

*Apart*: the nearest cells of the source are much farther than those of its own side.

*Contradicted*: a kind without counterpart is often laid onto a relative, where no distance tells it. But the place
then says one thing and the features another. What the place says: the levels of the source's cells around it, of the
features that links join. What the features say: the levels of their partners in the target's own cells. Both are
decoded from the axes of a side, shared and private together, so they are linear in them, and both are averaged over
the 30 nearest cells. Along the main axes of variation of either side one is fitted to the other by a straight line for
each axis, with clusters counting alike and outliers hardly at all. A line for each axis, not a matrix: a matrix would
learn the false match as well. What is left over, in units of its spread, is the contradiction. It is told only where
lines leave little over: on planted data .01 to .07 of the variance, on two real samples .18 to .22, where kinds that
both sides have would contradict their places as much as kinds that one lacks.

N source and M target cells, D axes of a side, L linked features, K main axes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from monae_app.engine.analysis.label_transfer.votes import averaged, nearest

if TYPE_CHECKING:
    from monae_app.engine.analysis.label_transfer.linked_levels import LinkedLevels
    from monae_app.engine.analysis.label_transfer.sides import Side

SMOOTHED, AGREEING = 30, 100
AXES = 12
ROUNDS = 30
# The distance to the source, in those to one's own, at which lying apart is as likely as not, and how steeply.
APART, APART_STEEP = 2.2, 8.0
# The same for the contradiction, 1 on the average; it must also stand out from the other cells of the run.
LEAST, SPREADS, STEEP = 1.95, 1.5, 10.0
# Share of the variance that lines may leave over for contradictions to be believed, and how steeply that falls.
LOOSE, LOOSE_STEEP = 0.12, 8.0


def apart(to_source: np.ndarray, to_own: np.ndarray) -> np.ndarray:
    """Probability that a cell lies apart from the source, (M,), from mean distances to either side, (M,) each."""
    # cells at one place with those of the source are not apart, whatever their own lie
    ratio = np.maximum(to_source, 1e-9) / np.maximum(to_own, 1e-9)
    ratio[to_source < 1e-9] = 1e-9
    return np.asarray(1 / (1 + (APART / ratio) ** APART_STEEP))


def contradiction(source: Side, target: Side, levels: LinkedLevels) -> tuple[np.ndarray, float]:
    """How far the linked features of each target cell contradict its place, (M,), 1 is usual; and how sure that is.

    The geometric mean of what is left over along the main axes of either side, and over the 100 nearest target cells:
    a kind of cell is missing as a whole or not at all.
    """
    balanced = [_alike(each.groups) for each in (source, target)]
    of_source, of_target = (
        each.whole - weights @ each.whole for each, weights in zip((source, target), balanced, strict=True)
    )
    wide = nearest(target.whole, None, AGREEING).rows
    own = wide[:, :SMOOTHED]
    place = averaged(averaged(of_source, nearest(source.shared, target.shared, SMOOTHED).rows), own)
    features = averaged(of_target, own)
    said, shown = levels.source, levels.target
    main_of_source = _main_axes(of_source, said, balanced[0])
    main_of_target = _main_axes(of_target, shown, balanced[1])
    one, loose = _left_over(place @ (said.T @ main_of_source), features @ (shown.T @ main_of_source), balanced[1])
    other, looser = _left_over(features @ (shown.T @ main_of_target), place @ (said.T @ main_of_target), balanced[1])
    log = (np.log(one) + np.log(other)) / 2
    trust = 1 / (1 + (np.sqrt(loose * looser) / LOOSE) ** LOOSE_STEEP)
    return np.asarray(np.exp(averaged(log[:, None], wide)[:, 0])), float(trust)


def contradicted(found: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """Probability that a contradiction (M,) is one, (M,), by its spread over clusters (M,), which count alike."""
    log, weights = np.log(np.maximum(found, 1e-9)), _alike(groups)
    quarter, middle, three = _quantiles(log, weights, (0.25, 0.5, 0.75))
    spread = (three - quarter) / 1.349  # of a normal distribution
    threshold = max(np.log(LEAST), middle + SPREADS * spread)
    return np.asarray(1 / (1 + np.exp(-STEEP * (log - threshold))))


def _alike(groups: np.ndarray) -> np.ndarray:
    """Weights that sum to 1, with which clusters count alike."""
    codes, names = pd.factorize(groups)
    weights = 1 / np.bincount(codes, minlength=len(names))[codes]
    return np.asarray(weights / weights.sum())


def _main_axes(cells: np.ndarray, features: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Directions of levels (L, K) along which cells (N, D) with features (L, D) vary most; never N x L values."""
    basis, inner = np.linalg.qr(features)
    varied = np.linalg.svd((cells @ inner.T) * np.sqrt(weights)[:, None], full_matrices=False)[2]
    return np.asarray(basis @ varied[:AXES].T)


def _left_over(given: np.ndarray, found: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, float]:
    """Mean square of what lines in ``given`` (M, K) leave of ``found`` (M, K), by its variance, (M,); and its share.

    Fitted by reweighting with Cauchy's weights of the rest's length.
    """
    now = weights
    for _ in range(ROUNDS):
        x, y = given - now @ given, found - now @ found
        slope = (now @ (x * y)) / np.maximum(now @ x**2, 1e-12)
        rest = y - slope * x
        variance = np.maximum(now @ rest**2, 1e-12)
        scaled = (rest**2 / variance).mean(axis=1)
        now = weights / (1 + scaled / max(float(weights @ scaled), 1e-12))
        now = now / now.sum()
    size = float(((weights @ y**2) / variance).sum())
    return np.maximum(scaled, 1e-9), len(variance) / max(size, 1e-12)


def _quantiles(values: np.ndarray, weights: np.ndarray, shares: tuple[float, ...]) -> np.ndarray:
    order = np.argsort(values)
    reached = np.searchsorted(np.cumsum(weights[order]), np.array(shares) * (1 - 1e-9))
    return np.asarray(values[order][np.minimum(reached, len(values) - 1)])
