"""The cell that a trajectory begins at. n cells."""

from __future__ import annotations

import numpy as np

from monae_app.engine.analysis.trajectory.branches import grow

# of a group, the share of cells among which the root is sought: the extreme one alone would be an outlier
EXTREME = 0.05
FEWEST = 5


def root_of_group(smooth: np.ndarray, rows: np.ndarray, codes: np.ndarray) -> int:
    """Choose the cell of a group from which all tips are far.

    The tips are first sought from the middle of the group. Of the twentieth of its cells that are farthest from all of
    them, the most central one is taken.

    Parameters
    ----------
    smooth
        Diffusion coordinates, smoothed over neighbours, (n, D).
    rows
        Cells of the group.
    codes
        Group of each cell, (n,), negative for none.
    """
    # whatever the groups are, these cells are one
    own = codes.copy()
    own[rows] = codes.max() + 1
    tips = grow(smooth, _central(smooth, rows), own).tips
    apart = np.min([np.sqrt(((smooth[rows] - smooth[tip]) ** 2).sum(axis=1)) for tip in tips], axis=0)
    farthest = rows[np.argsort(-apart, kind="stable")[: max(FEWEST, round(len(rows) * EXTREME))]]
    return _central(smooth, farthest)


def _central(points: np.ndarray, rows: np.ndarray) -> int:
    middle = np.median(points[rows], axis=0)
    return int(rows[((points[rows] - middle) ** 2).sum(axis=1).argmin()])
