"""Tables of features along a trajectory: tests, and curves on every way from the root to a tip. F features, T tips."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from monae_app.engine.analysis.differential.discoveries import false_discovery_rates
from monae_app.engine.analysis.trajectory.splines import smooth_curves

GRID = 40
FEWEST_CELLS = 30


@dataclass(frozen=True)
class Ways:
    """Curves of features on the way from the root to each tip.

    Parameters
    ----------
    grid
        (G,) pseudotimes.
    levels
        (T, F, G), NaN before the first and after the last cell of a way.
    """

    grid: np.ndarray
    levels: np.ndarray


def curves_on_ways(time: np.ndarray, ahead: np.ndarray, values: np.ndarray) -> Ways:
    """Fit a curve of each feature on each way.

    Parameters
    ----------
    time
        (n,) pseudotime.
    ahead
        Tips that each cell may still reach, (n, T) bool.
    values
        (n, F) levels.
    """
    grid = np.linspace(0, 1, GRID)
    levels = np.full((ahead.shape[1], values.shape[1], GRID), np.nan, np.float32)
    for tip in range(ahead.shape[1]):
        mine = ahead[:, tip] & np.isfinite(time)
        if mine.sum() < FEWEST_CELLS:
            continue
        inside = (grid >= time[mine].min()) & (grid <= time[mine].max())
        levels[tip][:, inside] = smooth_curves(time[mine], values[mine], grid[inside]).level.T
    return Ways(grid, levels)


def feature_table(
    names: list[str], modality: str, tests: tuple[np.ndarray, np.ndarray], ways: Ways, tips: list[str]
) -> pd.DataFrame:
    """Return a row for each feature: ``p``, ``q``, ``p_branches``, ``q_branches``, ``highest``, ``peak``, ``rise``.

    ``highest`` is the tip on whose way the level is highest, at the pseudotime ``peak``; ``rise`` the level at the end
    of that way less that at its beginning, natural logarithm.
    """
    along, between = tests
    filled = np.where(np.isnan(ways.levels), -np.inf, ways.levels)
    best = filled.max(axis=2).argmax(axis=0)
    rows = np.arange(len(names))
    mine = filled[best, rows]
    known = np.isfinite(mine)
    first = np.where(known.any(axis=1), known.argmax(axis=1), 0)
    last = np.where(known.any(axis=1), known.shape[1] - 1 - known[:, ::-1].argmax(axis=1), 0)
    rise = np.where(known.any(axis=1), ways.levels[best, rows, last] - ways.levels[best, rows, first], np.nan)
    return pd.DataFrame(
        {
            "feature": names,
            "modality": modality,
            "p": along,
            "q": false_discovery_rates(along),
            "p_branches": between,
            "q_branches": false_discovery_rates(between),
            "highest": np.array(tips, object)[best],
            "peak": ways.grid[mine.argmax(axis=1)],
            "rise": rise,
        }
    )
