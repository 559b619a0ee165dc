"""Rows of a heatmap: brought to one scale over all its panels, and ordered so that like rows lie together.

F features, C columns of all panels together.
"""

from __future__ import annotations

import numpy as np
from scipy.cluster.hierarchy import leaves_list, linkage, optimal_leaf_ordering

FEWEST_ROWS = 3
LARGEST_Z = 3.0


def z_scores(panels: list[np.ndarray]) -> list[np.ndarray]:
    """Standardise each feature over the columns of all panels, so that one colour means one level in each of them.

    Every panel weighs the same, however many columns it has.

    Parameters
    ----------
    panels
        (F, C) each, NaN where nothing is known.
    """
    known = [panel for panel in panels if np.isfinite(panel).any()]
    with np.errstate(invalid="ignore", divide="ignore"):
        means = np.nanmean([_mean(panel) for panel in known], axis=0)
        spread = np.sqrt(np.nanmean([_mean((panel - means[:, None]) ** 2) for panel in known], axis=0))
    spread = np.where(spread > 1e-9, spread, np.inf)
    return [np.clip((panel - means[:, None]) / spread[:, None], -LARGEST_Z, LARGEST_Z) for panel in panels]


def clustered(values: np.ndarray) -> np.ndarray:
    """Order rows by average linkage of their correlation distance, leaves in the order that puts like ones together.

    *Source:* Bar-Joseph et al. 2001, Bioinformatics 17:S22, for the order of the leaves.

    Parameters
    ----------
    values
        (F, C), NaN where nothing is known.

    Returns
    -------
    Positions of the rows, (F,).
    """
    if len(values) < FEWEST_ROWS:
        return np.arange(len(values))
    centred = values - _mean(values)[:, None]
    centred = np.nan_to_num(centred)
    length = np.linalg.norm(centred, axis=1, keepdims=True)
    unit = centred / np.where(length > 1e-12, length, 1)
    # distances of unit vectors order pairs as correlations do
    tree = linkage(unit, "average")
    return np.asarray(leaves_list(optimal_leaf_ordering(tree, unit)))


def _mean(panel: np.ndarray) -> np.ndarray:
    known = np.isfinite(panel)
    count = known.sum(axis=1)
    return np.where(count > 0, np.where(known, panel, 0).sum(axis=1) / np.maximum(count, 1), np.nan)
