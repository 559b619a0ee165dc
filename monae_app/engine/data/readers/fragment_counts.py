"""Counting fragments: in bins of the genome, or in peaks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
import pandas as pd
import scipy.sparse as sp

from monae_app.engine.data.genome import harmonise_chromosomes

if TYPE_CHECKING:
    from collections.abc import Sequence

# one number names a cell and a feature: 63 bits are shared by both
FEATURE_BITS = 38
BIN_BITS = 25
MOST_CELLS, MOST_CHROMOSOMES = 1 << (63 - FEATURE_BITS), 1 << (FEATURE_BITS - BIN_BITS)
# counts of single chunks are added up when so many have gathered
MERGED_AT = 8_000_000


class Places(Protocol):
    """What fragments are counted in."""

    def overlapped(self, chrom: np.ndarray, start: np.ndarray, end: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return which fragments overlap which features, as rows of the fragments and numbers of features."""

    def names(self, features: np.ndarray, chromosomes: Sequence[str]) -> list[str]:
        """Return the names of features by their numbers."""


@dataclass(frozen=True)
class Bins:
    """Bins of equal width, in bp, on every chromosome."""

    width: int

    def overlapped(self, chrom: np.ndarray, start: np.ndarray, end: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """See Places."""
        first, last = start // self.width, (end - 1) // self.width
        rows, steps = _expanded(last - first + 1)
        return rows, (chrom[rows].astype(np.int64) << BIN_BITS) + first[rows] + steps

    def names(self, features: np.ndarray, chromosomes: Sequence[str]) -> list[str]:
        """See Places."""
        chrom, first = features >> BIN_BITS, (features & ((1 << BIN_BITS) - 1)) * self.width
        return [
            f"{chromosomes[i]}:{start}-{start + self.width}"
            for i, start in zip(chrom.tolist(), first.tolist(), strict=True)
        ]


class Peaks:
    """Peaks of a BED file, which may overlap each other.

    Parameters
    ----------
    peaks
        Columns chrom, start, end, one row a peak.
    """

    def __init__(self, peaks: pd.DataFrame) -> None:
        ordered = peaks.sort_values(["chrom", "start", "end"], kind="stable").drop_duplicates(ignore_index=True)
        self._peaks = ordered
        self._by_chrom = {str(chrom): table for chrom, table in ordered.groupby("chrom", sort=False)}
        self._chromosomes: list[str] = []
        self._tables: list[pd.DataFrame | None] = []

    def see(self, chromosomes: list[str]) -> None:
        """Learn which chromosomes the fragments name, by their numbers; chr1 and 1 are the same."""
        if len(chromosomes) == len(self._chromosomes):
            return
        own = harmonise_chromosomes(pd.Series(chromosomes, dtype=object), list(self._by_chrom))
        self._chromosomes = list(chromosomes)
        self._tables = [self._by_chrom.get(str(name)) for name in own]

    def overlapped(self, chrom: np.ndarray, start: np.ndarray, end: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """See Places."""
        rows, features = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
        for number in np.unique(chrom).tolist():
            table = self._tables[number]
            if table is None:
                continue
            own = np.flatnonzero(chrom == number)
            starts, ends = table["start"].to_numpy(), table["end"].to_numpy()
            # peaks that may overlap: those before the end of the fragment, from the first that may reach its start
            first = np.searchsorted(np.maximum.accumulate(ends), start[own], side="right")
            last = np.searchsorted(starts, end[own], side="left")
            within, steps = _expanded(np.maximum(last - first, 0))
            peak = first[within] + steps
            real = ends[peak] > start[own[within]]
            rows.append(own[within][real])
            features.append(table.index.to_numpy()[peak[real]])
        return np.concatenate(rows), np.concatenate(features)

    def names(self, features: np.ndarray, chromosomes: Sequence[str]) -> list[str]:
        """See Places."""
        found = self._peaks.iloc[features]
        return [f"{chrom}:{start}-{end}" for chrom, start, end in zip(*(found[c] for c in found), strict=True)]

    def __len__(self) -> int:
        return len(self._peaks)


class Counts:
    """Counts of fragments by cell and feature, gathered chunk by chunk."""

    def __init__(self) -> None:
        self._keys, self._counts, self._gathered = [np.zeros(0, np.int64)], [np.zeros(0, np.int32)], 0

    def add(self, cells: np.ndarray, features: np.ndarray) -> None:
        """Count fragments, one a row."""
        keys, counts = np.unique((cells.astype(np.int64) << FEATURE_BITS) + features, return_counts=True)
        self._keys.append(keys)
        self._counts.append(counts.astype(np.int32))
        self._gathered += len(keys)
        # the more there is already, the rarer it is sorted anew
        if self._gathered > max(MERGED_AT, len(self._keys[0])):
            self._merge()

    def _merge(self) -> None:
        keys, counts = np.concatenate(self._keys), np.concatenate(self._counts)
        self._keys, self._counts = [], []
        order = np.argsort(keys, kind="stable")
        keys, counts = keys[order], counts[order]
        del order
        first = np.flatnonzero(np.diff(keys, prepend=-1))
        self._keys = [keys[first]]
        self._counts = [np.add.reduceat(counts, first) if len(first) else counts]
        self._gathered = 0

    def table(self, kept: np.ndarray) -> tuple[sp.csr_matrix, np.ndarray]:
        """Return the counts of some cells, ascending, shape (N, G), and the numbers of the features any of them has."""
        self._merge()
        keys, counts = self._keys.pop(), self._counts.pop()
        if not len(keys) or not len(kept):
            return sp.csr_matrix((len(kept), 0), dtype=np.int32), np.zeros(0, np.int64)
        is_kept = np.zeros(int(max(keys[-1] >> FEATURE_BITS, kept[-1])) + 1, bool)
        is_kept[kept] = True
        own = is_kept[keys >> FEATURE_BITS]
        keys, counts = keys[own], counts[own]
        # sorted by cell and feature, so that the rows of the matrix stand one behind the other
        starts = np.searchsorted(keys, np.append(kept, kept[-1] + 1).astype(np.int64) << FEATURE_BITS)
        keys &= (1 << FEATURE_BITS) - 1
        found = np.sort(pd.unique(keys))
        columns = np.searchsorted(found, keys).astype(np.int32)
        return sp.csr_matrix((counts, columns, starts), shape=(len(kept), len(found))), found


def _expanded(counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Repeat each row as often as it counts: the rows, and the number of each repetition from 0."""
    rows = np.repeat(np.arange(len(counts)), counts)
    steps = np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts)
    return rows, steps
