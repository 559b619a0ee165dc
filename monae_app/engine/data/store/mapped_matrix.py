"""A sparse matrix whose arrays are mapped files; its rows come back as an ordinary matrix of float32.

On disk a value takes as many bytes as the largest count needs. N cells, G features.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.sparse as sp

from monae_app.engine.data import in_blocks
from monae_app.engine.data.in_blocks import blocks

if TYPE_CHECKING:
    from collections.abc import Iterator

EVERY = slice(None)


class MappedMatrix(sp.csr_matrix):  # type: ignore[misc]
    """Cells by features, (N, G), as scipy has it but for what would bring all of it into memory.

    ``data`` and ``indices`` are as on disk: counts of a byte or two, and columns of four bytes however many values
    there are. What is computed from ``data`` itself has to know that; everything else gets float32.
    """

    @classmethod
    def of(cls, data: np.ndarray, indices: np.ndarray, ends: np.ndarray, shape: tuple[int, int]) -> MappedMatrix:
        """Take arrays that are in order, each place once and no zero, without looking at all of them."""
        found = cls(shape, dtype=np.float32)
        found.data, found.indices, found.indptr = data, indices, np.asarray(ends, np.int64)
        found.has_canonical_format = True
        return found

    def __getitem__(self, key: Any) -> Any:
        """Choose rows, and columns of them: an ordinary matrix, float32."""
        rows, columns = key if isinstance(key, tuple) else (key, EVERY)
        if isinstance(rows, int | np.integer):
            rows = [rows]
        if isinstance(columns, slice) and columns == EVERY:
            return self._rows(rows)
        if not isinstance(rows, slice) and not isinstance(columns, slice | int | np.integer):
            msg = "single values are not looked up; choose rows first, and columns of what comes back"
            raise IndexError(msg)
        order = np.arange(self.shape[0])[rows]
        parts = [self._rows(order[part])[:, columns] for part in blocks(len(order), rows_at_once(self))]
        if not parts:
            return self._rows(order)[:, columns]
        return sp.vstack(parts, format="csr") if len(parts) > 1 else parts[0]

    def sum(self, axis: int | None = None, dtype: Any = None, out: Any = None) -> Any:
        """Sum over all (None), over cells (0) or over features (1), a block of cells at a time; ``out`` is not used."""
        every = list(row_blocks(self)) or [slice(0, 0)]
        parts = [self._rows(part).sum(axis=axis, dtype=np.float64) for part in every]
        joined = np.concatenate(parts) if axis in (1, -1) else np.sum(parts, axis=0)
        return joined.astype(dtype or np.float32)

    def _rows(self, rows: Any) -> sp.csr_matrix:
        n_cells, n_features = self.shape
        if isinstance(rows, slice) and rows.step in (None, 1):
            first, last, _ = rows.indices(n_cells)
            ends = self.indptr[first : max(first, last) + 1]
            within: Any = slice(int(ends[0]), int(ends[-1]))
            ends = ends - ends[0]
        else:
            order = np.arange(n_cells)[rows]
            begins = self.indptr[order]
            lengths = self.indptr[order + 1] - begins
            ends = np.concatenate([[0], np.cumsum(lengths)])
            within = np.repeat(begins - ends[:-1], lengths) + np.arange(ends[-1])
        # copies: whoever changes what was chosen does not change the file
        data, indices = self.data[within].astype(np.float32), np.array(self.indices[within])
        found = sp.csr_matrix((data, indices, ends.astype(indices.dtype)), shape=(len(ends) - 1, n_features))
        found.has_canonical_format = True
        return found


def rows_at_once(values: Any) -> int:
    """How many rows of a matrix hold some millions of values."""
    return max(1, int(in_blocks.VALUES_AT_ONCE / max(values.nnz / max(1, values.shape[0]), 1e-3)))


def row_blocks(values: Any) -> Iterator[slice]:
    """Yield rows of a matrix that hold some millions of values; all at once if there are no more."""
    yield from blocks(values.shape[0], rows_at_once(values))


def width_of(values: np.ndarray) -> np.dtype:
    """Return the type of fewest bytes that holds values as they are: counts up to 255, up to 65,535, or float32."""
    if not len(values) or (values.min() >= 0 and (most := values.max()) <= np.iinfo(np.uint16).max):
        narrow = np.dtype(np.uint8 if not len(values) or most <= np.iinfo(np.uint8).max else np.uint16)
        if (values.astype(narrow) == values).all():
            return narrow
    return np.dtype(np.float32)
