"""Counting fragments: in bins of the genome, or in peaks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np
import pandas as pd
import scipy.sparse as sp

from monae_app.engine.data import on_disk
from monae_app.engine.data.gathering import Gathering
from monae_app.engine.data.genome import harmonise_chromosomes
from monae_app.engine.data.in_blocks import blocks

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


class _Run(NamedTuple):
    """Cells and features that were counted, as one number each, ascending, and how often; (n,) each."""

    keys: np.ndarray
    counts: np.ndarray


class Counts:
    """Counts of fragments by cell and feature, gathered chunk by chunk; of many, sorted runs go to disk."""

    def __init__(self) -> None:
        self._gathered: list[_Run] = [_nothing()]
        self._since_merged = 0
        self._on_disk: list[_Run] = []

    def add(self, cells: np.ndarray, features: np.ndarray) -> None:
        """Count fragments, one a row.

        Raises
        ------
        OSError
            If some have to go to disk, and it is too full.
        """
        keys, counts = np.unique((cells.astype(np.int64) << FEATURE_BITS) + features, return_counts=True)
        self._gathered.append(_Run(keys, counts.astype(np.int32)))
        self._since_merged += len(keys)
        # the more there is already, the rarer it is sorted anew
        if self._since_merged > max(MERGED_AT, len(self._gathered[0].keys)):
            merged = self._merge()
            if on_disk.is_large(len(merged.keys)):
                self._on_disk.append(_mapped(merged))
                self._gathered = [_nothing()]

    def table(self, kept: np.ndarray) -> tuple[sp.csr_matrix, np.ndarray]:
        """Return the counts of some cells, ascending, shape (N, G), and the numbers of the features any of them has."""
        runs = [*self._on_disk, self._merge()]
        self._gathered, self._on_disk = [_nothing()], []
        features = _features_of(runs, kept)
        if not len(features):
            return sp.csr_matrix((len(kept), 0), dtype=np.int32), features
        # where the entries of each cell begin, and those of the number after it: numbers of other cells lie between
        begins, ends = (
            np.array([np.searchsorted(run.keys, (kept + after) << FEATURE_BITS) for run in runs]) for after in (0, 1)
        )
        stored = np.cumsum((ends - begins).sum(axis=0))
        with Gathering(len(features)) as gathered:
            first = 0
            while first < len(kept):
                before = stored[first - 1] if first else 0
                last = max(first + 1, int(np.searchsorted(stored, before + MERGED_AT, side="right")))
                gathered.append(_rows(runs, kept[first:last], begins[:, first:last], ends[:, first:last], features))
                first = last
            return gathered.finish(), features

    def _merge(self) -> _Run:
        merged = _merged(self._gathered)
        self._gathered, self._since_merged = [merged], 0
        return merged


def _nothing() -> _Run:
    return _Run(np.zeros(0, np.int64), np.zeros(0, np.int32))


def _merged(runs: Sequence[_Run]) -> _Run:
    keys, counts = (np.concatenate(each) for each in zip(*runs, strict=True))
    order = np.argsort(keys, kind="stable")
    keys, counts = keys[order], counts[order]
    first = np.flatnonzero(np.diff(keys, prepend=-1))
    return _Run(keys[first], np.add.reduceat(counts, first) if len(first) else counts)


def _mapped(run: _Run) -> _Run:
    found = _Run(*(on_disk.mapped(len(each), each.dtype) for each in run))
    for there, here in zip(found, run, strict=True):
        there[:] = here
    return found


def _features_of(runs: Sequence[_Run], kept: np.ndarray) -> np.ndarray:
    """Features that any of some cells has, ascending."""
    largest = [*kept[-1:], *(run.keys[-1] >> FEATURE_BITS for run in runs if len(run.keys))]
    is_kept = np.zeros(int(max(largest, default=-1)) + 1, bool)
    is_kept[kept] = True
    found = np.zeros(0, np.int64)
    for run in runs:
        for part in blocks(len(run.keys), MERGED_AT):
            keys = run.keys[part]
            own = keys[is_kept[keys >> FEATURE_BITS]] & ((1 << FEATURE_BITS) - 1)
            found = np.union1d(found, pd.unique(own))
    return found


def _rows(
    runs: Sequence[_Run], cells: np.ndarray, begins: np.ndarray, ends: np.ndarray, features: np.ndarray
) -> sp.csr_matrix:
    """Join what the runs hold of cells that come one after the other, (n, G); ends of each in each run, (runs, n)."""
    parts = []
    for run, begin, end in zip(runs, begins, ends, strict=True):
        within, steps = _expanded(end - begin)
        at = begin[within] + steps
        parts.append(_Run(run.keys[at], run.counts[at]))
    merged = _merged(parts)
    starts = np.searchsorted(merged.keys, np.append(cells, cells[-1] + 1) << FEATURE_BITS)
    columns = np.searchsorted(features, merged.keys & ((1 << FEATURE_BITS) - 1)).astype(np.int32)
    return sp.csr_matrix((merged.counts, columns, starts), shape=(len(cells), len(features)))


def _expanded(counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Repeat each row as often as it counts: the rows, and the number of each repetition from 0."""
    rows = np.repeat(np.arange(len(counts)), counts)
    steps = np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts)
    return rows, steps
