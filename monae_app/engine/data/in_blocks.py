"""Projections of very many cells: fitted on some of them, applied to all a block at a time.

Components of fifty thousand cells are those of a million but for noise; what would grow without bound is the
decomposition, and the copies of the matrix that it takes.

N cells, G features, k components.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np

from monae_app.engine.kept_stages import in_shards

if TYPE_CHECKING:
    from collections.abc import Iterator

    import scipy.sparse as sp

    from monae_app.engine.data.covered import CoveredMatrix

FIT_CELLS = 50_000
BLOCK_CELLS = 20_000
# of a sparse matrix on disk: 20 to 32 MB
VALUES_AT_ONCE = 2**22
STREAM = 0x464954


class Transforms(Protocol):
    """What takes values of cells to components."""

    @property
    def n_components(self) -> int:
        """Number of components, k."""

    def transform(self, values: sp.csr_matrix) -> np.ndarray:
        """Project cells, (n, G) to (n, k) float32."""


def blocks(n_cells: int, size: int) -> Iterator[slice]:
    """Consecutive rows, so many at a time."""
    for first in range(0, n_cells, size):
        yield slice(first, min(first + size, n_cells))


def rows_to_fit(n_cells: int, seed: int) -> np.ndarray | slice:
    """Rows of the cells that a projection is fitted on: all, or 50,000 drawn at random, increasing."""
    if n_cells <= FIT_CELLS:
        return slice(None)
    return np.sort(np.random.default_rng([seed, STREAM]).choice(n_cells, FIT_CELLS, replace=False))


def transform_all(
    projection: Transforms, values: sp.csr_matrix | CoveredMatrix, columns: np.ndarray | None = None, *, name: str
) -> np.ndarray:
    """Project all cells.

    Parameters
    ----------
    projection
        As fitted.
    values
        (N, features).
    columns
        Those of the fit, increasing; None where they are all.
    name
        Under which the blocks are kept (:mod:`monae_app.engine.kept_stages`).

    Returns
    -------
    numpy.ndarray
        (N, k) float32.
    """

    def project(block: slice) -> np.ndarray:
        some = values[block]
        return projection.transform(some if columns is None else some[:, columns])

    return in_shards(name, values.shape[0], BLOCK_CELLS, project)
