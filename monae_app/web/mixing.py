"""Local mixing of every cell: as the run keeps it or, of a small run of an earlier version, computed when asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from monae_app.engine.analysis.local_mixing import local_mixing, nearest_cells
from monae_app.engine.analysis.tables import LOCAL_MIXING

if TYPE_CHECKING:
    from monae_app.engine.analysis.run_slices import RunSlices

MIXING_UNIT = "1 is chance, 0 unmixed"
# searched exactly in a second or two; runs of more cells keep it
MOST_SEARCHED = 12_000


def can_be_mixed(run: RunSlices) -> bool:
    """Whether a run that does not keep local mixing is small enough to compute it."""
    return len(run.modalities) > 1 and run.n_cells <= MOST_SEARCHED


def mixing_of(run: RunSlices) -> pd.Series[Any]:
    """Return local mixing, (N,) float32, as :func:`monae_app.engine.analysis.local_mixing.local_mixing` defines it."""
    if LOCAL_MIXING in run.columns:
        return run.column(LOCAL_MIXING).astype(np.float32)

    def search() -> pd.Series[Any]:
        nearest = nearest_cells(run.array("X_monae"), run.config.umap_neighbors)
        return pd.Series(local_mixing(nearest, run.column("modality").astype(str).to_numpy()), name=LOCAL_MIXING)

    return run.kept.get(run.owner, LOCAL_MIXING, search)
