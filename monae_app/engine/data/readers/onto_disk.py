"""From a file to a matrix on disk, some millions of values at a time: it is never in memory.

N cells, G features. A line is a cell in a file that is stored by cells (CSR), a feature in one by features (CSC).
"""

from __future__ import annotations

import errno
import os
import shutil
from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp

from monae_app.engine.data import on_disk
from monae_app.engine.data.store import kept
from monae_app.engine.data.store.kept import BY_CELL, BY_FEATURE, for_once
from monae_app.engine.data.store.lines import Lines, LineWriter
from monae_app.engine.data.store.transposing import parts, transposed

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from monae_app.engine.data.readers.tree import Node
    from monae_app.engine.data.store.kept import Entry
    from monae_app.engine.data.store.mapped_matrix import MappedMatrix

LEAST_BYTES = 5
SIDES = {"csr": (BY_CELL, BY_FEATURE), "csc": (BY_FEATURE, BY_CELL)}


def onto_disk(group: Node, kind: str, shape: tuple[int, int], entry: Entry | None) -> MappedMatrix:
    """Bring a compressed matrix over; see :func:`brought_over`.

    Parameters
    ----------
    group
        ``data``, ``indices`` and ``indptr``.

    Raises
    ------
    ValueError
        If a position lies outside the matrix.
    """
    of_lines = shape if kind == "csr" else shape[::-1]
    return brought_over(lambda writer: _write_lines(group, of_lines, writer), kind, shape, entry)


def brought_over(
    write: Callable[[LineWriter], None],
    kind: str,
    shape: tuple[int, int],
    entry: Entry | None,
) -> MappedMatrix:
    """Bring a matrix over, or what of it is not kept yet: (N, G), values as float32 when they are taken.

    Parameters
    ----------
    write
        Writes its lines, those that the writer has not got yet; not called where all are there.
    kind
        ``csr`` if lines are cells, ``csc`` if they are features.
    shape
        (N, G).
    entry
        Where it is kept; None for files that go with the matrix. So do they while another process writes there.

    Raises
    ------
    OSError
        If the disk is too full.
    """
    if entry is not None:
        known = entry.by_cell()
        if known is not None and not (entry.both_sides and entry.by_feature() is None):
            return _matrix(known, shape)
        with entry.writing() as mine:
            if mine:
                return _brought(write, kind, shape, entry.folder, both_sides=entry.both_sides)
    with for_once(on_disk.folder()) as folder:
        return _brought(write, kind, shape, folder, both_sides=False)


def _brought(
    write: Callable[[LineWriter], None],
    kind: str,
    shape: tuple[int, int],
    folder: Path,
    *,
    both_sides: bool,
) -> MappedMatrix:
    as_stored, turned = SIDES[kind]
    lines = Lines.open(folder / as_stored)
    if lines is None:
        writer = LineWriter(folder / as_stored)
        write(writer)
        lines = writer.finish()
    other = None
    if kind == "csc" or both_sides:
        n_places = shape[1] if kind == "csr" else shape[0]
        other = transposed(lines, n_places, folder / turned, kept.tell)
    return _matrix(lines if kind == "csr" or other is None else other, shape)


def _matrix(lines: Lines, shape: tuple[int, int]) -> MappedMatrix:
    if len(lines.ends) != shape[0] + 1:
        raise ValueError(f"{len(lines.ends) - 1} cells are kept, not {shape[0]}")
    return lines.matrix(shape[1])


def _write_lines(group: Node, shape: tuple[int, int], writer: LineWriter) -> None:
    """Write the lines of a file, (lines, places), and go on where that was interrupted."""
    n_lines, n_places = shape
    ends = _ends(group, n_lines)
    check_room(writer.folder, LEAST_BYTES * int(ends[-1] - ends[writer.done]))
    for first, last in parts(ends, writer.done):
        data, places = _read(group, slice(int(ends[first]), int(ends[last])), n_places)
        block = sp.csr_matrix((data, places, ends[first : last + 1] - ends[first]), shape=(last - first, n_places))
        block.sum_duplicates()
        block.eliminate_zeros()
        writer.append(block)
        kept.tell(int(ends[last]), int(ends[-1]))


def check_room(folder: Path, needed: int) -> None:
    """Say of a disk that it is too full before the first value is written; ``needed`` bytes at least.

    Raises
    ------
    OSError
        If it is.
    """
    if shutil.disk_usage(folder).free < needed:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


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


def _read(group: Node, part: slice, length: int) -> tuple[np.ndarray, np.ndarray]:
    """Values (float32) and positions (int64) of a part, each position below ``length``."""
    data, positions = (np.asarray(group[name][part]) for name in ("data", "indices"))
    if positions.dtype.kind not in "iu":
        raise ValueError(f"positions are {positions.dtype}, not whole numbers")
    places = positions.astype(np.int64)
    if len(places) and (places.min() < 0 or places.max() >= length):
        raise ValueError("a position lies outside the matrix")
    return data.astype(np.float32), places
