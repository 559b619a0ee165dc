"""How many clusters of cells there are, and where: Leiden on the closed-form alignment, before training.

N cells of all modalities, D_s shared axes, C clusters.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from monae_app.engine.data.leiden import leiden_clusters, neighbor_graph
from monae_app.engine.model.anchors import nearest, unit_rows

if TYPE_CHECKING:
    from collections.abc import Mapping

CELLS_AT_MOST = 10_000
NEIGHBORS = 15
FEWEST_CELLS = 5


def starting_centres(start: Mapping[str, np.ndarray], resolution: float, seed: int) -> np.ndarray:
    """Centres of the clusters of aligned cells, rows of length 1, (C, D_s).

    Parameters
    ----------
    start
        Cells by modality, rows of length 1, (N, D_s) each; at most 10,000 of each are looked at.
    resolution
        Of Leiden; it decides C.
    seed
        Of the sample and of Leiden.
    """
    rng = np.random.default_rng(seed)
    cells = np.concatenate(
        [
            each[rng.choice(len(each), CELLS_AT_MOST, replace=False)] if len(each) > CELLS_AT_MOST else each
            for each in start.values()
        ]
    )
    near = nearest(cells, cells, NEIGHBORS + 1)
    # a cell is its own nearest; the graph leaves that out
    labels = leiden_clusters(neighbor_graph(near), resolution, seed)
    sizes = np.bincount(labels)
    # at a high resolution there may be none but small ones
    kept = np.flatnonzero(sizes >= min(FEWEST_CELLS, sizes.max()))
    return unit_rows(np.stack([cells[labels == each].mean(axis=0) for each in kept]))
