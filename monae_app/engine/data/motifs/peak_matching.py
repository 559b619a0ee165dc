"""Peaks of a table and peaks of a data set: the same by name, or by overlap.

P peaks of the data set, Q places of a table.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import scipy.sparse as sp

from monae_app.engine.data.genome import harmonise_chromosomes

if TYPE_CHECKING:
    import numpy.typing as npt


def by_overlap(peaks: pd.DataFrame, places: pd.DataFrame, *, within: bool = False) -> sp.csr_matrix:
    """Say which places of a table overlap which peaks.

    Parameters
    ----------
    peaks
        Columns chrom, start, end, (P, 3).
    places
        The same, (Q, 3); chromosomes may be called otherwise.
    within
        Whether the middle of a place has to lie in the peak, as for a site that reaches over its edge.

    Returns
    -------
    scipy.sparse.csr_matrix
        True where they overlap by a base or more, shape (P, Q).
    """
    chrom = harmonise_chromosomes(places["chrom"].astype(str), peaks["chrom"].unique()).to_numpy(object)
    start, end = (places[name].to_numpy(np.int64) for name in ("start", "end"))
    if within:
        start = (start + end) // 2
        end = start + 1
    rows, columns = [], []
    theirs = {name: np.asarray(at) for name, at in pd.Series(np.arange(len(chrom))).groupby(chrom).groups.items()}
    ours = peaks["chrom"].to_numpy(object)
    for name, mine in pd.Series(np.arange(len(ours))).groupby(ours).groups.items():
        if name in theirs:
            mine_at = np.asarray(mine)
            first, second = _pairs(
                peaks["start"].to_numpy(np.int64)[mine_at],
                peaks["end"].to_numpy(np.int64)[mine_at],
                start[theirs[name]],
                end[theirs[name]],
            )
            rows.append(mine_at[first])
            columns.append(theirs[name][second])
    at = (np.concatenate([*rows, np.empty(0, int)]), np.concatenate([*columns, np.empty(0, int)]))
    return sp.csr_matrix((np.ones(len(at[0]), bool), at), shape=(len(peaks), len(places)))


def _pairs(
    start: npt.NDArray[np.int64],
    end: npt.NDArray[np.int64],
    other_start: npt.NDArray[np.int64],
    other_end: npt.NDArray[np.int64],
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """All overlapping pairs of two lists of intervals of one chromosome.

    Each pair is found once: at the interval that begins later, among those of the other list that lie behind it.
    """
    order, other_order = np.argsort(start, kind="stable"), np.argsort(other_start, kind="stable")
    one = _beginning_within(start, end, other_start[other_order], strict=False)
    two = _beginning_within(other_start, other_end, start[order], strict=True)
    return (
        np.concatenate([one[0], order[two[1]]]),
        np.concatenate([other_order[one[1]], two[0]]),
    )


def _beginning_within(
    start: npt.NDArray[np.int64], end: npt.NDArray[np.int64], sorted_starts: npt.NDArray[np.int64], *, strict: bool
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Which of sorted starts lie in each interval; behind its own start alone if strict."""
    first = np.searchsorted(sorted_starts, start, side="right" if strict else "left")
    last = np.maximum(np.searchsorted(sorted_starts, end, side="left"), first)
    count = last - first
    which = np.repeat(np.arange(len(start)), count)
    behind = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    return which, np.repeat(first, count) + behind
