"""A map of some of the cells: groups of a column laid out anew, with nothing of the others in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from monae_app.engine.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from monae_app.engine.result import Result

FEWEST, MOST = 10, 300_000


def rows_of_groups(result: Result, column: str, groups: Sequence[str]) -> np.ndarray:
    """Return the rows of the cells of some groups, (n,), in the order of the run.

    Raises
    ------
    InputError
        If there is no such column, or too few or too many cells.
    """
    if column not in result.cells.obs:
        raise InputError(f"The cells have no column {column[:80]!r}.", "a column of the run.", "choose another column.")
    rows = np.flatnonzero(result.cells.obs[column].astype(str).isin(list(groups)).to_numpy())
    if not FEWEST <= len(rows) <= MOST:
        raise InputError(
            f"The chosen groups have {len(rows):,} cells.",
            f"{FEWEST} to {MOST:,} cells.",
            f"choose {'more' if len(rows) < FEWEST else 'fewer'} groups.",
        )
    return rows


def map_rows(result: Result, rows: np.ndarray) -> np.ndarray:
    """Lay out some cells with UMAP on their shared axes, with the settings and the seed of the run.

    Returns
    -------
    Coordinates (n, 2), float32.
    """
    # imported here: it loads numba, which those who only ask for rows must not
    from monae_app.engine.analysis.integration import map_cells

    config = result.config
    return map_cells(
        np.asarray(result.cells.obsm["X_monae"])[rows],
        n_neighbors=config.umap_neighbors,
        min_dist=config.umap_min_dist,
        resolution=config.leiden_resolution,
        seed=config.seed,
    ).umap
