"""From lines of cells to lines of features, or back, on disk: a block of lines at a time, gone on with after a kill.

Each value goes straight to its place: the values of a line come after each other, so that a block of lines fills a
stretch of every other line. L lines of M places become M lines of L places.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp

from monae_app.engine.data import in_blocks
from monae_app.engine.data.in_blocks import blocks
from monae_app.engine.data.store.lines import ENDS, PLACES, WIDTHS, Lines, finished
from monae_app.engine.folder import sweep
from monae_app.engine.result import write_atomically

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

FREE = "free.i8"


def transposed(lines: Lines, n_places: int, folder: Path, tell: Callable[[int, int], None]) -> Lines:
    """Write the same matrix by its other side.

    Parameters
    ----------
    lines
        L of them.
    n_places
        M, the number of lines that come out.
    folder
        Where; what was done there before is taken over.
    tell
        Told how many of how many values are in their place.

    Raises
    ------
    OSError
        If the disk is too full.
    """
    folder.mkdir(parents=True, exist_ok=True)
    sweep(folder)
    stored = len(lines.places)
    counts = np.zeros(n_places, np.int64)
    for part in blocks(stored, in_blocks.VALUES_AT_ONCE):
        counts += np.bincount(lines.places[part], minlength=n_places)
    ends = np.concatenate([[0], np.cumsum(counts)])
    width = next(name for name, dtype in WIDTHS.items() if dtype == lines.values.dtype)
    values = _made(folder / f"values.{width}", lines.values.dtype, stored)
    places = _made(folder / PLACES, np.dtype(np.int32), stored)
    done, free = _begun(folder, ends)
    for first, last in parts(lines.ends, done):
        begin, end = int(lines.ends[first]), int(lines.ends[last])
        begins = lines.ends[first : last + 1] - begin
        block = sp.csr_matrix(
            (lines.values[begin:end], lines.places[begin:end], begins), shape=(last - first, n_places)
        )
        turned = block.tocsc()
        counts = np.diff(turned.indptr)
        at = np.repeat(free - turned.indptr[:-1], counts) + np.arange(len(turned.indices))
        values[at], places[at] = turned.data, turned.indices + first
        free += counts
        # in one file, so that they always belong together
        write_atomically(folder / FREE, np.append(free, last).tofile, durable=False)
        tell(end, stored)
    ends.tofile(folder / ENDS)
    found = finished(folder, n_places, stored, width)
    (folder / FREE).unlink(missing_ok=True)
    return found


def parts(ends: np.ndarray, first: int = 0) -> Iterator[tuple[int, int]]:
    """Yield first and last of lines that hold some millions of values together, or of a larger one alone."""
    while first < len(ends) - 1:
        after = int(np.searchsorted(ends, ends[first] + in_blocks.VALUES_AT_ONCE, side="right")) - 1
        last = max(first + 1, after)
        yield first, last
        first = last


def _made(path: Path, dtype: np.dtype, length: int) -> np.ndarray:
    """Map a file of its whole length, made if it is not there."""
    if not length:
        path.touch()
        return np.zeros(0, dtype)
    if not path.exists() or path.stat().st_size != length * dtype.itemsize:
        with path.open("wb") as file:
            if hasattr(os, "posix_fallocate"):
                # a full disk is told here, and not by a signal when a page is written
                os.posix_fallocate(file.fileno(), 0, length * dtype.itemsize)
            else:
                file.truncate(length * dtype.itemsize)
    return np.memmap(path, dtype, "r+", shape=(length,))


def _begun(folder: Path, ends: np.ndarray) -> tuple[int, np.ndarray]:
    """Lines that were done before, and the next free place of each line that comes out."""
    try:
        free = np.fromfile(folder / FREE, np.int64)
    except OSError:
        free = np.zeros(0, np.int64)
    return (int(free[-1]), free[:-1]) if len(free) == len(ends) else (0, ends[:-1].copy())
