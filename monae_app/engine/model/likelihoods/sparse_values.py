"""A block of measured values, sparse, as a training step reads it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class SparseValues:
    """The entries of a block of B cells x F features that are more than silent zeros.

    Parameters
    ----------
    rows, columns
        Places within the block, each once, shape (nnz,), int64.
    values
        What was measured there, shape (nnz,), float32. For counts and continuous values the places are the non-zeros.
    totals
        For (successes, trials), such as methylated and covered reads: the trials, at least 1, shape (nnz,); 1 for
        levels. The places are then the covered ones, whose value may be 0, and any other place is missing.
    """

    rows: Tensor
    columns: Tensor
    values: Tensor
    totals: Tensor | None = None

    def dense(self, shape: tuple[int, int]) -> Tensor:
        """Fill the whole block, zeros included, shape (B, F)."""
        block = self.values.new_zeros(shape)
        block[self.rows, self.columns] = self.values
        return block

    def at(self, block: Tensor) -> Tensor:
        """Take a dense block at the places of the entries, (B, F) -> (nnz,)."""
        return block[self.rows, self.columns]
