"""Neighbours, clusters and map by RAPIDS (rapids-singlecell), where that is installed and finds a GPU.

Its functions have the names and most of the arguments of scanpy's, and write into the same places of a table.
"""

from __future__ import annotations

import importlib
import importlib.util
import logging
import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import anndata as ad

logger = logging.getLogger(__name__)

LIBRARY, ARRAYS = "rapids_singlecell", "cupy"
# set to 0, it leaves RAPIDS alone
SWITCH = "MONAE_RAPIDS"


def rapids() -> Any | None:
    """Return the library; None where it, a GPU or a driver is missing, or it was switched off."""
    if os.environ.get(SWITCH) == "0" or importlib.util.find_spec(LIBRARY) is None:
        return None
    try:
        if importlib.import_module(ARRAYS).cuda.runtime.getDeviceCount() > 0:
            return importlib.import_module(LIBRARY)
    except Exception:
        # whatever a driver that does not fit says: the map is drawn without
        logger.exception("RAPIDS is installed and cannot be used")
    return None


def find_neighbours(library: Any, table: ad.AnnData, n_neighbors: int, seed: int) -> None:
    """Join the cells of ``table.obsm["X"]``, (N, D), as ``scanpy.pp.neighbors`` does."""
    library.pp.neighbors(table, n_neighbors=n_neighbors, use_rep="X", random_state=seed)


def cluster(library: Any, table: ad.AnnData, resolution: float, seed: int) -> None:
    """Cluster them into ``obs["leiden"]``."""
    library.tl.leiden(table, resolution=resolution, random_state=seed)


def draw(library: Any, table: ad.AnnData, min_dist: float, seed: int) -> None:
    """Lay them out in ``obsm["X_umap"]``."""
    library.tl.umap(table, min_dist=min_dist, random_state=seed)
