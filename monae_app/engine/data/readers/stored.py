"""Matrices that stay on disk until they are asked for: dense, or compressed by rows or columns, in HDF5 or Zarr."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp

from monae_app.engine.data import on_disk
from monae_app.engine.data.contents import PEEKED_VALUES, Matrix
from monae_app.engine.data.readers.onto_disk import brought_over, onto_disk
from monae_app.engine.data.readers.stored_columns import read_columns
from monae_app.engine.data.readers.stored_dense import TURNED, peek_dense, read_dense, share_stored, spread, write_dense
from monae_app.engine.data.readers.tree import attribute, is_array
from monae_app.engine.data.store import kept

if TYPE_CHECKING:
    import pandas as pd

    from monae_app.engine.data.readers.tree import Node, Opener
    from monae_app.engine.data.store.kept import Entry, Keeping

NUMBERS = "biuf"
ARRAYS = ("data", "indices", "indptr")


@dataclass(frozen=True)
class Stored:
    """Where a matrix lies and how.

    Parameters
    ----------
    opener
        Opens the file.
    place
        Path of the matrix inside it.
    kind
        ``csr``, ``csc``, ``dense``, or ``turned``: dense, features in rows.
    shape
        (N, G), cells in rows.
    dtype
        Type of its values.
    keeping
        Where it is kept if it is large.
    """

    opener: Opener
    place: str
    kind: str
    shape: tuple[int, int]
    dtype: np.dtype
    keeping: Keeping | None = field(default_factory=kept.keeping)

    def matrix(self, var: pd.DataFrame | None = None, columns: np.ndarray | None = None) -> Matrix:
        """Return it as a Matrix, all of its features or those at ``columns``, shape (G',)."""
        n_features = self.shape[1] if columns is None else len(columns)
        return Matrix(
            (self.shape[0], n_features),
            lambda: self._read(columns),
            lambda: self._peek(columns),
            var,
            lambda wanted: self._columns(wanted if columns is None else columns[wanted]),
            self.kind in ("dense", TURNED),
        )

    def _columns(self, wanted: np.ndarray) -> np.ndarray:
        entry = self._entry()
        lines = None if entry is None else entry.by_feature()
        if lines is not None:
            return lines.dense(wanted, self.shape[0])
        with self.opener() as file:
            return read_columns(file[self.place], self.kind, self.shape, wanted)

    def _read(self, columns: np.ndarray | None) -> sp.csr_matrix | np.ndarray:
        with self.opener() as file:
            node = file[self.place]
            values = self._dense(node) if self.kind in ("dense", TURNED) else self._sparse(node)
        return values if columns is None else _chosen(values, columns)

    def _sparse(self, group: Node) -> sp.csr_matrix:
        if not on_disk.is_large(int(group["data"].shape[0])):
            return _sparse(group, self)
        return onto_disk(group, self.kind, self.shape, self._entry())

    def _dense(self, node: Node) -> sp.csr_matrix | np.ndarray:
        flat = len(node.shape) == 1
        share = share_stored(peek_dense(node, self.kind, self.shape))
        if flat or not on_disk.is_large(int(share * self.shape[0] * self.shape[1])):
            return read_dense(node, self.kind, self.shape, share)
        return brought_over(
            lambda writer: write_dense(node, self.kind, self.shape, writer), "csr", self.shape, self._entry()
        )

    def _entry(self) -> Entry | None:
        """Where the matrix is kept, if matrices were to be kept when it was described."""
        return None if self.keeping is None else self.keeping.of(self.opener.path, self.place)

    def _peek(self, columns: np.ndarray | None) -> np.ndarray:
        with self.opener() as file:
            node = file[self.place]
            if self.kind in ("csr", "csc"):
                return _peek_sparse(node, self.shape[1], columns)
            return peek_dense(node, self.kind, self.shape, columns)


def _chosen(values: sp.csr_matrix | np.ndarray, columns: np.ndarray) -> sp.csr_matrix | np.ndarray:
    return on_disk.take(values, columns=columns) if sp.issparse(values) else values[:, columns]


def describe(opener: Opener, place: str, node: Node, shape: tuple[int, int]) -> Stored:
    """Find out how a matrix of an AnnData file is stored.

    Parameters
    ----------
    shape
        (N, G) by the tables beside it.

    Raises
    ------
    ValueError
        If it is no matrix, or of another shape.
    """
    if is_array(node):
        # files of anndata < 0.7 hold a matrix of one column as a vector
        flat = len(node.shape) == 1 and 1 in shape and node.shape[0] == shape[0] * shape[1]
        _check_shape(shape if flat else tuple(node.shape), shape)
        return Stored(opener, place, "dense", shape, node.dtype)
    word = str(attribute(node, "encoding-type", "h5sparse_format") or "")
    if word[:3] not in ("csr", "csc"):
        raise ValueError(f"it is a {word or 'group'}, not a matrix")
    found = attribute(node, "shape", "h5sparse_shape")
    if found is None:
        raise ValueError("a sparse matrix without its shape")
    _check_shape(tuple(int(length) for length in found), shape)
    return Stored(opener, place, word[:3], shape, node["data"].dtype)


def _check_shape(found: tuple[int, ...], expected: tuple[int, int]) -> None:
    if found != expected:
        sizes = " x ".join(map(str, found))
        raise ValueError(f"it is {sizes}, but there are {expected[0]} cell names and {expected[1]} feature names")


def _sparse(group: Node, stored: Stored) -> sp.csr_matrix:
    data, indices, indptr = (np.asarray(group[name][...]) for name in ARRAYS)
    if indices.dtype.kind not in "iu" or indptr.dtype.kind not in "iu":
        raise ValueError(f"positions are {indices.dtype}, not whole numbers")
    if data.dtype == np.float16:
        # scipy has no sparse matrices of half precision
        data = data.astype(np.float32)
    kind = sp.csr_matrix if stored.kind == "csr" else sp.csc_matrix
    signed = [each.astype(np.int64) if each.dtype.kind == "u" else each for each in (indices, indptr)]
    values = kind((data, *signed), shape=stored.shape)
    # an index outside the matrix would end the process later, deep in scipy
    values.check_format(full_check=True)
    return values.tocsr()


def _peek_sparse(group: Node, n_features: int, columns: np.ndarray | None) -> np.ndarray:
    data = group["data"]
    slices = spread(int(data.shape[0]), PEEKED_VALUES)
    if columns is None:
        return np.concatenate([np.asarray(data[each]) for each in slices])
    wanted = np.zeros(n_features, bool)
    wanted[columns] = True
    return np.concatenate(
        [np.asarray(data[each])[wanted[np.asarray(group["indices"][each]).astype(np.int64)]] for each in slices]
    )
