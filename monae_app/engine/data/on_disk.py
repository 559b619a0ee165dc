"""Matrices that are too large for memory: ordinary sparse matrices whose arrays are mapped files.

What is mapped counts for nothing when memory runs short: the system drops pages that can be read again. The files have
no name, so that nothing is left behind however a process ends. Rows are chosen as from any other matrix, and come back
as an ordinary one; what would make a second whole matrix goes through :func:`take`, which writes it to disk too.

N cells, G features.
"""

from __future__ import annotations

import os
import tempfile
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import scipy.sparse as sp

from monae_app.engine.data import in_blocks
from monae_app.engine.data.covered import CoveredMatrix
from monae_app.engine.data.in_blocks import blocks
from monae_app.engine.data.store.kept import for_once, keeping, kept_in, tell
from monae_app.engine.data.store.lines import Lines
from monae_app.engine.data.store.mapped_matrix import MappedMatrix, row_blocks, rows_at_once
from monae_app.engine.data.store.transposing import transposed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

# below the folder of a run
OF_FILES = "stages/matrices"
# Stored values from which a matrix is kept on disk: 8 bytes each, so 256 MB.
LARGE = 2**25

Values = TypeVar("Values", sp.csr_matrix, CoveredMatrix)

_folder: ContextVar[str | None] = ContextVar("folder of mapped matrices", default=None)
_all_in_memory: ContextVar[bool] = ContextVar("whether matrices of files stay in memory", default=False)


@contextmanager
def mapped_in(folder: Path, run: Path | None = None) -> Iterator[None]:
    """Keep large matrices on the disk of this folder while the body runs; elsewhere in that of temporary files.

    Those of files are kept below it, or below the folder of a run, under their names, unless there is a place for them
    already: a run that is begun again takes over what it finds.
    """
    token = _folder.set(str(folder))
    try:
        with nullcontext() if keeping() is not None else kept_in(lambda _: (run or folder) / OF_FILES):
            yield
    finally:
        _folder.reset(token)


@contextmanager
def all_in_memory() -> Iterator[None]:
    """Read matrices of files into memory while the body runs, with the zeros that they store."""
    token = _all_in_memory.set(True)
    try:
        yield
    finally:
        _all_in_memory.reset(token)


def is_large(stored: int) -> bool:
    """Whether a matrix of a file with so many stored values belongs on disk."""
    return stored > LARGE and not _all_in_memory.get()


def folder() -> str | None:
    """Return the folder in which large matrices are kept at present; None for that of temporary files."""
    return _folder.get()


def mapped(length: int, dtype: type | np.dtype) -> np.ndarray:
    """Map a file without a name, which goes with the last who uses it: an array (length,), at least of 1.

    Raises
    ------
    OSError
        If the disk is too full for it.
    """
    length = max(length, 1)
    with tempfile.TemporaryFile(dir=_folder.get()) as file:
        if hasattr(os, "posix_fallocate"):
            # a full disk is told here, and not by a signal when a page is written
            os.posix_fallocate(file.fileno(), 0, length * np.dtype(dtype).itemsize)
        return np.memmap(file, dtype, "r+", shape=(length,))


class MatrixWriter:
    """Takes the rows of a matrix from first to last, and gives it back on disk.

    Parameters
    ----------
    n_rows, n_features
        Its shape, (N, G).
    most
        Stored values that it has at most.
    dtype
        On disk, of values that are known to fit.
    """

    def __init__(self, n_rows: int, n_features: int, most: int, dtype: type | np.dtype = np.float32) -> None:
        self.shape = (n_rows, n_features)
        self._data, self._indices = mapped(most, dtype), mapped(most, np.int32)
        self._ends = np.zeros(n_rows + 1, np.int64)
        self._rows = 0

    def append(self, block: sp.csr_matrix) -> None:
        """Add rows, (n, G), each with its columns in order."""
        before, after = int(self._ends[self._rows]), int(self._ends[self._rows]) + block.nnz
        self._data[before:after] = block.data
        self._indices[before:after] = block.indices
        self._ends[self._rows + 1 : self._rows + block.shape[0] + 1] = before + block.indptr[1:].astype(np.int64)
        self._rows += block.shape[0]

    def finish(self) -> MappedMatrix:
        """Return the matrix, (N, G), its rows float32.

        Raises
        ------
        ValueError
            If rows are missing.
        """
        if self._rows != self.shape[0]:
            msg = f"{self._rows} of {self.shape[0]} rows were written"
            raise ValueError(msg)
        stored = int(self._ends[-1])
        return MappedMatrix.of(self._data[:stored], self._indices[:stored], self._ends, self.shape)


def take(values: Values, rows: np.ndarray | None = None, columns: np.ndarray | None = None) -> Values:
    """Choose rows and columns of a matrix; what is large goes to disk.

    Parameters
    ----------
    values
        (N, G).
    rows
        (n,), in the order that is wanted; None for all.
    columns
        (g,), increasing; None for all.
    """
    if values.nnz <= LARGE or isinstance(values, CoveredMatrix):
        found = values if rows is None else values[rows]
        return found if columns is None else found[:, columns]
    order = np.arange(values.shape[0]) if rows is None else rows
    n_features = values.shape[1] if columns is None else len(columns)
    writer = MatrixWriter(len(order), n_features, _stored_in(values, order), values.data.dtype)
    for block in blocks(len(order), rows_at_once(values)):
        some = values[order[block]]
        writer.append(some if columns is None else some[:, columns])
    return writer.finish()


def turned(values: sp.csr_matrix) -> sp.csr_matrix:
    """Turn a matrix of lines on its side, (L, M) to (M, L); what lies on disk stays there."""
    if not isinstance(values, MappedMatrix):
        return values.T.tocsr()
    with for_once(folder()) as place:
        lines = Lines(values.data, values.indices, values.indptr)
        return transposed(lines, values.shape[1], place, tell).matrix(values.shape[0])


def through(values: sp.csr_matrix, change: Callable[[sp.csr_matrix], sp.csr_matrix], n_features: int) -> sp.csr_matrix:
    """Change all rows of a matrix, some millions of values at a time; what is large goes to disk.

    Parameters
    ----------
    values
        (N, G).
    change
        Takes rows (n, G) to rows (n, n_features) with no more stored values, float32.
    n_features
        Of what comes out.
    """
    if values.nnz <= LARGE:
        return change(values)
    writer = MatrixWriter(values.shape[0], n_features, values.nnz)
    for block in row_blocks(values):
        some = change(values[block])
        some.sort_indices()
        writer.append(some)
    return writer.finish()


def below_each_other(parts: list[sp.csr_matrix]) -> sp.csr_matrix:
    """Stack matrices of the same columns on disk, emptying the list on the way."""
    n_rows, n_features = sum(each.shape[0] for each in parts), parts[0].shape[1]
    writer = MatrixWriter(n_rows, n_features, sum(each.nnz for each in parts))
    while parts:
        values = parts.pop(0)
        for block in row_blocks(values):
            writer.append(values[block])
    return writer.finish()


def value_blocks(values: sp.csr_matrix | CoveredMatrix) -> Iterator[slice]:
    """Yield the stored values of a matrix, some millions at a time."""
    yield from blocks(values.nnz, in_blocks.VALUES_AT_ONCE)


def sums_by_group(values: sp.csr_matrix, group: np.ndarray, n_groups: int) -> np.ndarray:
    """Sum of each feature over the cells of each group, (n_groups, G) float64.

    Parameters
    ----------
    values
        (N, G).
    group
        Number of each cell's group, (N,).
    n_groups
        How many there are.
    """
    found = np.zeros((n_groups, values.shape[1]))
    for block in row_blocks(values):
        code = group[block]
        member = sp.csr_matrix((np.ones(len(code)), (code, np.arange(len(code)))), shape=(n_groups, len(code)))
        found += (member @ values[block]).toarray()
    return found


def cells_with(values: sp.csr_matrix | CoveredMatrix) -> np.ndarray:
    """In how many cells each feature is stored, (G,) int64."""
    found = np.zeros(values.shape[1], np.int64)
    for block in value_blocks(values):
        found += np.bincount(values.indices[block], minlength=values.shape[1])
    return found


def _stored_in(values: sp.csr_matrix, rows: np.ndarray) -> int:
    return int((values.indptr[rows + 1].astype(np.int64) - values.indptr[rows]).sum())
