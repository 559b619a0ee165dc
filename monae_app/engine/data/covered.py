"""A matrix that was measured in some of its places alone: what is not stored is missing, and never a zero.

Methylation is so: a region that no read covers says nothing, while one whose reads are all unmethylated says much.
N cells, G features.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.sparse as sp

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True)
class CoveredMatrix:
    """Successes among trials at the covered places, such as methylated among covered reads.

    It offers what rows and columns are chosen with, and none of the sums and products that would take a missing place
    for a zero: code that does not know of coverage fails instead of being wrong.

    Parameters
    ----------
    values
        Methylated reads, or levels from 0 to 1, (N, G); a stored zero is a covered place without methylation.
    totals
        Covered reads, or 1 for levels, at the same places in the same order, (N, G); none of them 0.
    """

    values: sp.csr_matrix
    totals: sp.csr_matrix
    # an array that is multiplied with it shall say that it cannot be
    __array_ufunc__ = None

    def __post_init__(self) -> None:
        same = self.values.shape == self.totals.shape and np.array_equal(self.values.indptr, self.totals.indptr)
        if not same or not np.array_equal(self.values.indices, self.totals.indices):
            msg = "values and totals must be stored at the same places"
            raise ValueError(msg)

    @classmethod
    def of_reads(cls, methylated: Any, total: Any) -> CoveredMatrix:
        """Join methylated and covered reads, sparse or dense, (N, G); covered is where the total is not 0."""
        covered = _tidy(total)
        covered.eliminate_zeros()
        found = _tidy(methylated)
        found.eliminate_zeros()
        if np.count_nonzero(lookup(covered, found)) < found.nnz:
            msg = "a place is methylated that was not covered"
            raise ValueError(msg)
        # a covered place without methylation is a stored zero
        values = sp.csr_matrix((lookup(found, covered), covered.indices, covered.indptr), shape=covered.shape)
        return cls(values, covered)

    @classmethod
    def of_levels(cls, levels: sp.csr_matrix) -> CoveredMatrix:
        """Take levels; every stored place is covered, zeros too, but those that hold NaN, (N, G)."""
        tidy = _tidy(levels)
        known = ~np.isnan(tidy.data)
        ends = np.concatenate([[0], np.cumsum(known)])[tidy.indptr]
        parts = tidy.indices[known], ends
        values = sp.csr_matrix((tidy.data[known], *parts), shape=tidy.shape)
        return cls(values, sp.csr_matrix((np.ones_like(values.data), *parts), shape=tidy.shape))

    @property
    def shape(self) -> tuple[int, int]:
        """(N, G)."""
        return tuple(self.values.shape)

    @property
    def nnz(self) -> int:
        """Number of covered places."""
        return int(self.values.nnz)

    @property
    def data(self) -> np.ndarray:
        """Values of the covered places, (nnz,)."""
        return np.asarray(self.values.data)

    @property
    def indices(self) -> np.ndarray:
        """Columns of the covered places, row by row, (nnz,)."""
        return np.asarray(self.values.indices)

    @property
    def indptr(self) -> np.ndarray:
        """Where each row begins among the covered places, (N + 1,)."""
        return np.asarray(self.values.indptr)

    @property
    def rows(self) -> np.ndarray:
        """Rows of the covered places, (nnz,)."""
        return np.repeat(np.arange(self.shape[0]), np.diff(self.indptr))

    @property
    def level(self) -> np.ndarray:
        """Values over totals at the covered places, (nnz,) float32, from 0 to 1."""
        return np.asarray(self.data / self.totals.data, np.float32)

    def __getitem__(self, key: Any) -> CoveredMatrix:
        return CoveredMatrix(self.values[key], self.totals[key])

    def with_data(self, data: np.ndarray) -> sp.csr_matrix:
        """Put other numbers at the covered places, (nnz,); the result is an ordinary matrix, (N, G)."""
        return sp.csr_matrix((data, self.indices, self.indptr), shape=self.shape)

    def dense_levels(self) -> np.ndarray:
        """Levels of all places, NaN where not covered, (N, G) float32."""
        found = np.full(self.shape, np.nan, np.float32)
        found[self.rows, self.indices] = self.level
        return found

    def of_columns(self, wanted: np.ndarray) -> CoveredMatrix:
        """Cover only the columns that are wanted, (G,) bool; the shape stays."""
        kept = wanted[self.indices]
        ends = np.concatenate([[0], np.cumsum(kept)])[self.indptr]
        parts = [
            sp.csr_matrix((each.data[kept], self.indices[kept], ends), shape=self.shape)
            for each in (self.values, self.totals)
        ]
        return CoveredMatrix(*parts)

    def at_columns(self, columns: np.ndarray, n_columns: int) -> CoveredMatrix:
        """Move column i to ``columns[i]`` of a matrix of ``n_columns``, whose other columns are not covered."""
        order = columns[self.indices]
        parts = []
        for each in (self.values, self.totals):
            moved = sp.csr_matrix((each.data, order, self.indptr), shape=(self.shape[0], n_columns), copy=True)
            moved.sort_indices()
            parts.append(moved)
        return CoveredMatrix(*parts)

    def sums(self, axis: int) -> tuple[np.ndarray, np.ndarray]:
        """Sum values and totals over cells (axis 0) or features (axis 1), (G,) or (N,) float64 each."""
        both = (each.sum(axis=axis, dtype=np.float64) for each in (self.values, self.totals))
        values, totals = (np.asarray(each).ravel() for each in both)
        return values, totals


def stacked(blocks: Sequence[sp.csr_matrix | CoveredMatrix]) -> sp.csr_matrix | CoveredMatrix:
    """Put matrices of the same columns below each other."""
    if isinstance(blocks[0], CoveredMatrix):
        parts = [sp.vstack([getattr(each, name) for each in blocks], format="csr") for name in ("values", "totals")]
        return CoveredMatrix(*parts)
    return sp.vstack(blocks, format="csr", dtype=np.float32)


def _tidy(values: Any) -> sp.csr_matrix:
    """Copy as float32, each place once and in order."""
    tidy = sp.csr_matrix(values, dtype=np.float32, copy=True)
    tidy.sum_duplicates()
    return tidy


def lookup(values: sp.csr_matrix, pattern: sp.csr_matrix) -> np.ndarray:
    """Values at the places of a pattern, in its order, 0 where none is stored, (nnz,) float32."""
    have, wanted = _keys(values), _keys(pattern)
    if not len(have):
        return np.zeros(len(wanted), np.float32)
    at = np.minimum(np.searchsorted(have, wanted), len(have) - 1)
    return np.where(have[at] == wanted, values.data[at], 0).astype(np.float32)


def _keys(values: sp.csr_matrix) -> np.ndarray:
    """Give every stored place a number of its own, increasing, (nnz,) int64."""
    rows = np.repeat(np.arange(values.shape[0], dtype=np.int64), np.diff(values.indptr))
    return np.asarray(rows * values.shape[1] + values.indices)
