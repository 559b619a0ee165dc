"""Dense matrices of files: some millions of values at a time, as they are or onto the disk as sparse ones.

N cells, G features.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp

from monae_app.engine.data.contents import PEEKED_VALUES
from monae_app.engine.data.in_blocks import blocks
from monae_app.engine.data.store import kept

if TYPE_CHECKING:
    from monae_app.engine.data.readers.tree import Node
    from monae_app.engine.data.store.lines import LineWriter

BLOCKS = 64
BLOCK_VALUES = 16_000_000
TURNED = "turned"


def spread(length: int, wanted: int) -> list[slice]:
    """Return up to ``BLOCKS`` slices, evenly spread over ``length`` and together about ``wanted`` long."""
    if length <= wanted:
        return [slice(0, length)]
    count = min(BLOCKS, wanted)
    size = wanted // count
    return [slice(start, start + size) for start in np.linspace(0, length - size, count).astype(int).tolist()]


def peek_dense(node: Node, kind: str, shape: tuple[int, int], features: np.ndarray | None = None) -> np.ndarray:
    """Read some of the values, in rows from all over the matrix, of all features or some, (n,)."""
    if len(node.shape) == 1:
        return np.asarray(node[...])
    n_cells, n_features = shape
    across = slice(0, min(n_features, PEEKED_VALUES))
    rows = spread(n_cells, max(1, PEEKED_VALUES // max(1, n_features)))
    found = [_rows(node, kind, each, across) for each in rows]
    values = np.concatenate(found) if found else np.zeros((0, n_features), node.dtype)
    return (values if features is None else values[:, features]).ravel()


def read_dense(node: Node, kind: str, shape: tuple[int, int], share: float) -> sp.csr_matrix | np.ndarray:
    """Read a whole matrix, (N, G): sparse if it is mostly zero.

    Parameters
    ----------
    node
        The array.
    kind
        ``dense``, or ``turned`` if features are its rows.
    shape
        (N, G).
    share
        Of its values that are no zeros, about; see :func:`share_stored`.
    """
    if len(node.shape) == 1:
        return np.asarray(node[...]).reshape(shape)
    found = [_rows(node, kind, each) for each in blocks(shape[0], _rows_at_once(shape))]
    if not found:
        return np.zeros(shape, node.dtype)
    if share < 0.5 and node.dtype != np.float16:
        return sp.vstack([sp.csr_matrix(block) for block in found], format="csr")
    return np.concatenate(found)


def share_stored(sample: np.ndarray) -> float:
    """Return what share of the values are no zeros; 1 of none."""
    return float(np.count_nonzero(sample) / sample.size) if sample.size else 1.0


def write_dense(node: Node, kind: str, shape: tuple[int, int], writer: LineWriter) -> None:
    """Write the cells of a matrix as sparse lines, and go on where that was interrupted; see :func:`read_dense`.

    Raises
    ------
    OSError
        If the disk is too full.
    """
    for part in blocks(shape[0], _rows_at_once(shape)):
        if part.start >= writer.done:
            writer.append(sp.csr_matrix(_rows(node, kind, part).astype(np.float32)))
            kept.tell(part.stop, shape[0])


def _rows_at_once(shape: tuple[int, int]) -> int:
    return max(1, BLOCK_VALUES // max(1, shape[1]))


def _rows(node: Node, kind: str, rows: slice, columns: slice = slice(None)) -> np.ndarray:
    block = node[columns, rows].T if kind == TURNED else node[rows, columns]
    return np.asarray(block)
