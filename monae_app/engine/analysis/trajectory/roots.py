"""Where pseudotime begins. N cells, C axes."""

from __future__ import annotations

import numpy as np

from monae_app.engine.analysis.trajectory.diffusion import distances_from

# Of a group, the cells among which the root is the middle one.
EXTREME_SHARE, FEWEST_EXTREME = 0.05, 5


def central_cell(axes: np.ndarray, rows: np.ndarray) -> int:
    """Return the row of the cell in the middle of a group: nearest to its medians."""
    return int(rows[distances_from(axes[rows], np.median(axes[rows], axis=0)).argmin()])


def extreme_cell(axes: np.ndarray, rows: np.ndarray, tips: np.ndarray) -> int:
    """Return the row of the cell of a group that is far from all tips: the middle one of the farthest twentieth.

    Of a group at the end of a path that is its far end; of one between several, the place where they part.

    Parameters
    ----------
    axes
        (N, C), smoothed.
    rows
        Of the group.
    tips
        Rows of the tips that are not in the group, at least one.
    """
    nearest = np.min([distances_from(axes[rows], axes[tip]) for tip in tips], axis=0)
    most = min(len(rows), max(FEWEST_EXTREME, round(EXTREME_SHARE * len(rows))))
    return central_cell(axes, rows[np.argsort(-nearest, kind="stable")[:most]])
