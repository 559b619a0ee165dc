"""How surely a cell belongs to each cluster.

N cells, C clusters, D_s shared axes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import softmax

if TYPE_CHECKING:
    import pandas as pd

SHARPNESS = 10.0  # of the softmax over cosines, where clusters were not learned in training


def centres_of(shared: np.ndarray, labels: pd.Categorical) -> np.ndarray:
    """Centre of every cluster as a direction, times the sharpness, (C, D_s), in the order of the categories.

    Parameters
    ----------
    shared
        Cells on the shared axes, (N, D_s).
    labels
        Their clusters, (N,); every category holds a cell.
    """
    cells = _directions(shared)
    centres = np.stack([cells[labels.codes == code].mean(axis=0) for code in range(len(labels.categories))])
    return SHARPNESS * _directions(centres)


def cluster_probabilities(shared: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """Softmax over clusters of the product of a cell's direction with the centres, (N, C) float32, rows sum to 1.

    Parameters
    ----------
    shared
        Cells on the shared axes, (N, D_s).
    centres
        Directions times a sharpness, (C, D_s): those learned in training, or :func:`centres_of`.
    """
    return np.asarray(softmax(_directions(shared) @ centres.T, axis=1), dtype=np.float32)


def _directions(vectors: np.ndarray) -> np.ndarray:
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12))
