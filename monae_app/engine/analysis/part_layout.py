"""Laying out and clustering some of the cells anew. n of N cells, D axes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from monae_app.engine.analysis.integration import map_cells
from monae_app.engine.analysis.part_map import PartMap, check_part
from monae_app.engine.telling import SILENT

if TYPE_CHECKING:
    from monae_app.engine.config import RunConfig
    from monae_app.engine.telling import Telling


def map_part(
    embedding: np.ndarray, rows: np.ndarray, resolution: float, config: RunConfig, tell: Telling = SILENT
) -> PartMap:
    """Lay some cells out with UMAP and cluster them with Leiden, both on their own neighbours on the shared axes.

    Neighbours, distance and seed are those of the run's settings.

    Parameters
    ----------
    embedding
        Of all cells, (N, D).
    rows
        Of the cells to take, (n,), increasing.
    resolution
        Of Leiden.
    config
        Of the run.
    tell
        Told the progress.

    Raises
    ------
    InputError
        As :func:`check_part` does.
    """
    check_part(len(rows), resolution)
    found = map_cells(
        np.asarray(embedding)[rows],
        n_neighbors=config.umap_neighbors,
        min_dist=config.umap_min_dist,
        resolution=resolution,
        seed=config.seed,
        tell=tell,
    )
    return PartMap(rows, found.umap, _largest_first(np.asarray(found.leiden.codes)))


def _largest_first(codes: np.ndarray) -> np.ndarray:
    order = np.argsort(-np.bincount(codes), kind="stable")
    return np.asarray(np.argsort(order)[codes], dtype=np.int32)
