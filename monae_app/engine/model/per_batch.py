"""Tables with a row a batch, read by the cells of each. B cells, b batches, F features."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch.nn import functional

if TYPE_CHECKING:
    from torch import Tensor

# up to so many batches a product with their indicators is faster, forward and backward, than gathering rows
MOST_BY_PRODUCT = 32


def rows_of(table: Tensor, batch: Tensor | None) -> Tensor:
    """Give every cell the row of its batch.

    Parameters
    ----------
    table
        (b, F); one row is one for all.
    batch
        Of each cell, (B,) int64; None where the table has one row, or one a cell.

    Returns
    -------
    torch.Tensor
        (B, F), or (1, F) where there is one row.
    """
    if batch is None or len(table) == 1:
        return table
    if len(table) > MOST_BY_PRODUCT:
        return table[batch]
    return indicators(table, batch) @ table


def indicators(table: Tensor, batch: Tensor) -> Tensor:
    """Which batch each cell is of, (B, b), 0 or 1, in the type of the table."""
    return functional.one_hot(batch, len(table)).to(table.dtype)
