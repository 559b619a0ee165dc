"""Some features of a matrix on disk, without the whole of it. N cells, G features, F of them wanted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from monae_app.engine.data.readers.tree import Node

# Of a matrix compressed by rows: places looked through at a time.
PLACES_AT_ONCE = 2**22
VALUES_AT_ONCE = 2**22


def read_columns(node: Node, kind: str, shape: tuple[int, int], wanted: np.ndarray) -> np.ndarray:
    """Read features of a matrix.

    Parameters
    ----------
    node
        The array, or the group of data, indices and indptr.
    kind
        ``csr``, ``csc``, ``dense`` or ``turned``. By rows, all places are looked through: seconds for a billion.
    shape
        (N, G).
    wanted
        Columns, (F,).

    Returns
    -------
    (N, F), float32.
    """
    order, back = np.unique(wanted, return_inverse=True)
    if kind == "csc":
        found = _by_columns(node, shape[0], order)
    elif kind == "csr":
        found = _by_rows(node, shape, order)
    elif len(node.shape) == 1:
        found = np.asarray(node[...], dtype=np.float32).reshape(shape)[:, order]
    elif kind == "turned":
        found = np.asarray(node[order], dtype=np.float32).T
    else:
        found = _dense(node, shape, order)
    return found if len(order) == len(back) and (order[back] == order).all() else found[:, back]


def _by_columns(group: Node, n_cells: int, order: np.ndarray) -> np.ndarray:
    found = np.zeros((n_cells, len(order)), np.float32)
    for place, column in enumerate(order.tolist()):
        begin, end = (int(each) for each in np.asarray(group["indptr"][column : column + 2]))
        rows = np.asarray(group["indices"][begin:end]).astype(np.int64)
        np.add.at(found[:, place], rows, np.asarray(group["data"][begin:end], dtype=np.float32))
    return found


def _by_rows(group: Node, shape: tuple[int, int], order: np.ndarray) -> np.ndarray:
    found = np.zeros((shape[0], len(order)), np.float32)
    indptr = np.asarray(group["indptr"][...]).astype(np.int64)
    place = np.full(shape[1], -1, np.int32)
    place[order] = np.arange(len(order))
    for start in range(0, int(group["indices"].shape[0]), PLACES_AT_ONCE):
        part = slice(start, start + PLACES_AT_ONCE)
        columns = np.asarray(group["indices"][part])
        hits = np.flatnonzero(columns == order[0] if len(order) == 1 else place[columns] >= 0)
        if len(hits):
            rows = np.searchsorted(indptr, start + hits, side="right") - 1
            values = np.asarray(group["data"][part])[hits].astype(np.float32)
            np.add.at(found, (rows, place[columns[hits]]), values)
    return found


def _dense(node: Node, shape: tuple[int, int], order: np.ndarray) -> np.ndarray:
    found = np.empty((shape[0], len(order)), np.float32)
    step = max(1, VALUES_AT_ONCE // max(1, len(order)))
    for start in range(0, shape[0], step):
        rows = slice(start, min(start + step, shape[0]))
        found[rows] = np.asarray(node[rows, order.tolist()])
    return found
