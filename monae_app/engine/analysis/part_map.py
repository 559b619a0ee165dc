"""Some of the cells on a map of their own, with nothing of the others in it. n of N cells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from monae_app.engine.errors import InputError

if TYPE_CHECKING:
    import numpy as np

FEWEST, MOST = 10, 300_000
# Of Leiden, as in the settings of a run.
LOWEST_RESOLUTION, HIGHEST_RESOLUTION = 0.01, 100.0


@dataclass(frozen=True)
class PartMap:
    """Some cells on a map of their own.

    Parameters
    ----------
    rows
        Among all cells of the run, (n,), increasing.
    xy
        Where they lie, (n, 2), float32.
    clusters
        Of each cell, (n,), counted from 0, the largest cluster first.
    """

    rows: np.ndarray
    xy: np.ndarray
    clusters: np.ndarray


def check_part(n_cells: int, resolution: float) -> None:
    """Refuse what cannot be laid out.

    Raises
    ------
    InputError
        If there are too few or too many cells, or the resolution is none.
    """
    if not FEWEST <= n_cells <= MOST:
        raise InputError(
            f"{n_cells:,} cells are chosen.",
            f"{FEWEST} to {MOST:,} cells.",
            f"choose {'more' if n_cells < FEWEST else 'fewer'} of them.",
        )
    if not LOWEST_RESOLUTION <= resolution <= HIGHEST_RESOLUTION:
        raise InputError(
            f"A resolution of {resolution:g} is asked for.",
            f"{LOWEST_RESOLUTION:g} to {HIGHEST_RESOLUTION:g}; 1 is usual, and more gives more clusters.",
            "choose another one.",
        )
