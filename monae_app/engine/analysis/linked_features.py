"""What was measured in two modalities, and the links between their features.

N cells, F features, E links.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.sparse as sp

from monae_app.engine.data.store.mapped_matrix import row_blocks

if TYPE_CHECKING:
    from monae_app.engine.data.guidance import GuidanceGraph


@dataclass(frozen=True)
class Measured:
    """Values of one modality.

    Parameters
    ----------
    values
        (N, F), sparse or dense: counts, or continuous values.
    is_counts
        Counts are divided by a library and taken as log(1 + x); continuous values are taken as they are.
    library_size
        (N,), counts of all features of a cell where ``values`` holds some of them; row sums if left out.
    """

    values: Any
    is_counts: bool = True
    library_size: np.ndarray | None = None

    @property
    def n_cells(self) -> int:
        """Number of cells, N."""
        return int(self.values.shape[0])

    def at(self, rows: np.ndarray) -> Measured:
        """Return these cells alone."""
        library = None if self.library_size is None else self.library_size[rows]
        return Measured(sp.csr_array(self.values[rows]), self.is_counts, library)

    def normalised(self, columns: np.ndarray, member: Any = None) -> Any:
        """Values of some features, per cell or summed (counts) or averaged over groups of cells, sparse (M, columns).

        Parameters
        ----------
        columns
            Which features.
        member
            (M, N) sparse, 1 where a cell belongs to a group; every cell by itself if left out.
        """
        member = sp.eye_array(self.n_cells, format="csr") if member is None else sp.csr_array(member)
        total = self._summed(columns, member)
        if not self.is_counts:
            return sp.diags_array(1 / np.maximum(member.sum(axis=1), 1)) @ total
        of_cell = self.values.sum(axis=1) if self.library_size is None else self.library_size
        library = member @ np.asarray(of_cell, np.float64).ravel()
        scale = np.median(library[library > 0]) if (library > 0).any() else 1.0
        share = sp.diags_array(scale / np.maximum(library, 1e-12)) @ total
        share.data = np.log1p(share.data)
        return share

    def abundance(self, columns: np.ndarray) -> np.ndarray:
        """Sum of some features over all cells, (columns,)."""
        return np.asarray(self._summed(columns, sp.csr_array(np.ones((1, self.n_cells)))).toarray()).ravel()

    def _summed(self, columns: np.ndarray, member: sp.csr_array) -> sp.csr_array:
        """Sum some features over groups of cells, a block of cells at a time, sparse (M, columns)."""
        by_cell, parts = member.tocsc(), None
        values = self.values if sp.issparse(self.values) else sp.csr_array(self.values)
        for block in row_blocks(values):
            part = by_cell[:, block] @ sp.csr_array(values[block])[:, columns]
            parts = part if parts is None else parts + part
        return sp.csr_array(parts)


@dataclass(frozen=True)
class Links:
    """Signed, weighted links between the features of two modalities.

    Parameters
    ----------
    first, second
        Columns of the first and second modality's values, (E,).
    weight
        Positive, (E,).
    sign
        +1 or -1, (E,).
    """

    first: np.ndarray
    second: np.ndarray
    weight: np.ndarray
    sign: np.ndarray

    def __len__(self) -> int:
        return len(self.first)

    def at(self, rows: np.ndarray) -> Links:
        """Return these links alone."""
        return Links(self.first[rows], self.second[rows], self.weight[rows], self.sign[rows])

    def renumbered(self) -> tuple[np.ndarray, np.ndarray, Links]:
        """Columns that have links, of either side, and the links between places among them."""
        (first, at_first), (second, at_second) = (
            np.unique(ends, return_inverse=True) for ends in (self.first, self.second)
        )
        return first, second, Links(at_first, at_second, self.weight, self.sign)


def links_between(graph: GuidanceGraph, first: str, second: str) -> Links:
    """Links of a guidance graph between two modalities, as columns of their blocks of vertices."""
    here, there = (graph.block(name) for name in (first, second))
    ends: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
    for one, other in ((graph.source, graph.target), (graph.target, graph.source)):
        rows = np.flatnonzero((one >= here.start) & (one < here.stop) & (other >= there.start) & (other < there.stop))
        ends.append((one[rows] - here.start, other[rows] - there.start, rows))
    starts, stops, rows = (np.concatenate(each) for each in zip(*ends, strict=True))
    return Links(starts, stops, graph.weight[rows].astype(np.float64), graph.sign[rows].astype(np.float64))
