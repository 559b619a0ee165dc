"""From the compressed matrix of a file to one on disk, some millions of values at a time: it is never in memory.

N cells, G features.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp

from monae_app.engine.data import on_disk
from monae_app.engine.data.in_blocks import blocks

if TYPE_CHECKING:
    from collections.abc import Iterator

    from monae_app.engine.data.readers.tree import Node


def rows_onto_disk(group: Node, shape: tuple[int, int]) -> sp.csr_matrix:
    """Bring over what is stored by cells, (N, G) float32.

    Raises
    ------
    ValueError
        If a position lies outside the matrix.
    """
    n_cells, n_features = shape
    ends = _ends(group, n_cells)
    writer = on_disk.MatrixWriter(n_cells, n_features, int(ends[-1]))
    for first, last in _parts(ends):
        data, columns = _read(group, slice(int(ends[first]), int(ends[last])), n_features)
        block = sp.csr_matrix((data, columns, ends[first : last + 1] - ends[first]), shape=(last - first, n_features))
        block.sum_duplicates()
        writer.append(block)
    return writer.finish()


def columns_onto_disk(group: Node, shape: tuple[int, int]) -> sp.csr_matrix:
    """Bring over what is stored by features: once through it to count, once to put every value in its place.

    Raises
    ------
    ValueError
        If a position lies outside the matrix.
    """
    n_cells, n_features = shape
    starts = _ends(group, n_features)
    counts = np.zeros(n_cells, np.int64)
    for part in blocks(int(starts[-1]), on_disk.VALUES_AT_ONCE):
        counts += np.bincount(_read(group, part, n_cells)[1], minlength=n_cells)
    ends = np.concatenate([[0], np.cumsum(counts)])
    data, indices = on_disk.mapped(int(ends[-1]), np.float32), on_disk.mapped(int(ends[-1]), np.int32)
    free = ends[:-1].copy()
    for first, last in _parts(starts):
        values, rows = _read(group, slice(int(starts[first]), int(starts[last])), n_cells)
        columns = np.repeat(np.arange(first, last), np.diff(starts[first : last + 1]))
        order = np.argsort(rows, kind="stable")
        rows = rows[order]
        # the values of one cell come after each other: each takes the next free place of its cell
        place = free[rows] + np.arange(len(rows)) - np.searchsorted(rows, rows)
        data[place], indices[place] = values[order], columns[order]
        free += np.bincount(rows, minlength=n_cells)
    return on_disk.from_arrays(data[: ends[-1]], indices[: ends[-1]], ends, shape)


def _ends(group: Node, length: int) -> np.ndarray:
    """Where rows or columns begin and end, (length + 1,) int64."""
    found = np.asarray(group["indptr"][...])
    n_stored = int(group["data"].shape[0])
    if found.dtype.kind not in "iu":
        raise ValueError(f"positions are {found.dtype}, not whole numbers")
    ends = found.astype(np.int64)
    if len(ends) != length + 1 or ends[0] != 0 or ends[-1] != n_stored or (np.diff(ends) < 0).any():
        raise ValueError("rows or columns do not begin and end where the values do")
    return ends


def _parts(ends: np.ndarray) -> Iterator[tuple[int, int]]:
    """Yield first and last of rows or columns that hold some millions of values together, or of a larger one alone."""
    first = 0
    while first < len(ends) - 1:
        after = int(np.searchsorted(ends, ends[first] + on_disk.VALUES_AT_ONCE, side="right")) - 1
        last = max(first + 1, after)
        yield first, last
        first = last


def _read(group: Node, part: slice, length: int) -> tuple[np.ndarray, np.ndarray]:
    """Values (float32) and positions (int64) of a part, each position below ``length``."""
    data, positions = (np.asarray(group[name][part]) for name in ("data", "indices"))
    if positions.dtype.kind not in "iu":
        raise ValueError(f"positions are {positions.dtype}, not whole numbers")
    places = positions.astype(np.int64)
    if len(places) and (places.min() < 0 or places.max() >= length):
        raise ValueError("a position lies outside the matrix")
    return data.astype(np.float32), places
