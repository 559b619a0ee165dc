"""Measured levels of some regions, read from a file without the whole of it: NaN where nothing was covered."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from monae_app.engine.data.understanding.methylated import are_levels, choose_values

if TYPE_CHECKING:
    from collections.abc import Callable

    from monae_app.engine.data.contents import Part


def level_columns(part: Part, wanted: str) -> Callable[[np.ndarray], np.ndarray] | None:
    """Return what reads regions of a part by their numbers, (F,): levels (N, F) float32.

    Parameters
    ----------
    part
        Of a file.
    wanted
        As in :func:`~monae_app.engine.data.understanding.methylated.choose_values`.

    Returns
    -------
    None where the file does not allow that, or a column does not tell zeros from what is missing.
    """
    source = choose_values(part, wanted)
    matrix = part.matrices[source.values]
    if source.total is None:
        return matrix.columns if matrix.dense else None
    values, covered = matrix.columns, part.matrices[source.total].columns
    if values is None or covered is None:
        return None
    by_reads = not are_levels(matrix)

    def read(columns: np.ndarray) -> np.ndarray:
        found, total = np.asarray(values(columns), np.float32), np.asarray(covered(columns), np.float32)
        of = total if by_reads else np.ones_like(total)
        return np.divide(found, of, out=np.full(found.shape, np.nan, np.float32), where=total > 0)

    return read
