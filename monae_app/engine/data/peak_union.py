"""One set of peaks for several samples: overlapping intervals become one, and their counts are summed.

G peaks of one sample, U peaks of all together.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import scipy.sparse as sp

from monae_app.engine.data.genome import PEAK_COLUMNS, harmonise_chromosomes, parse_peaks

if TYPE_CHECKING:
    from collections.abc import Sequence

FILE_COLUMNS = ["chrom", "chromStart", "chromEnd"]


def unite_peaks(tables: Sequence[pd.DataFrame]) -> tuple[pd.DataFrame, list[sp.csr_matrix]]:
    """Merge the peaks of all samples wherever they overlap.

    Intervals that only touch stay apart, so that bins stay bins. A merged peak keeps the name of one of those it was
    made from if that has its very place, else it is called ``chrom:start-end``. Chromosomes are named as in the first
    sample.

    Parameters
    ----------
    tables
        var of each sample, shape (G, columns).

    Returns
    -------
    tuple
        var of the union, shape (U, 3), by chromosome in order of appearance and by start; and for each sample the
        matrix that sums its columns, shape (G, U), one 1 a row.

    Raises
    ------
    InputError
        If a peak has no position.
    """
    # here, not above: it brings matplotlib, which takes a second
    import bioframe

    places = [parse_peaks(table) for table in tables]
    for later in places[1:]:
        later["chrom"] = harmonise_chromosomes(later["chrom"], places[0]["chrom"].unique())
    joined = pd.concat([each.assign(name=each.index) for each in places], ignore_index=True)
    clusters = bioframe.cluster(joined, min_dist=None, cols=PEAK_COLUMNS).loc[joined.index]
    chromosomes = {chrom: rank for rank, chrom in enumerate(joined["chrom"].unique())}
    merged = clusters.drop_duplicates("cluster").assign(rank=lambda each: each["chrom"].map(chromosomes))
    merged = merged.sort_values(["rank", "cluster_start"], kind="stable")
    position = pd.Series(np.arange(len(merged)), index=merged["cluster"].to_numpy())
    column = clusters["cluster"].map(position).to_numpy()
    ends = np.cumsum([len(each) for each in places])
    sums = [
        sp.csr_matrix((np.ones(len(at), np.float32), at, np.arange(len(at) + 1)), shape=(len(at), len(merged)))
        for at in np.split(column, ends[:-1])
    ]
    return _var(merged, clusters, column), sums


def _var(merged: pd.DataFrame, clusters: pd.DataFrame, column: np.ndarray) -> pd.DataFrame:
    start, end = (merged[name].to_numpy(np.int64) for name in ("cluster_start", "cluster_end"))
    places = zip(merged["chrom"], start, end, strict=True)
    plain = np.array([f"{chrom}:{first}-{last}" for chrom, first, last in places], dtype=object)
    whole = ((clusters["start"] == clusters["cluster_start"]) & (clusters["end"] == clusters["cluster_end"])).to_numpy()
    # the first sample that has the very interval names it
    rows = np.flatnonzero(whole)[::-1]
    names = plain.copy()
    names[column[rows]] = clusters["name"].to_numpy(object)[rows]
    # names that are no places, such as peak_1, may mean another place in each sample
    if pd.Index(names).has_duplicates:
        names = plain
    columns = dict(zip(FILE_COLUMNS, (merged["chrom"].to_numpy(), start, end), strict=True))
    return pd.DataFrame(columns, index=pd.Index(names))


def sum_repeated(values: sp.csr_matrix, var: pd.DataFrame) -> tuple[sp.csr_matrix, pd.DataFrame]:
    """Sum the columns of peaks of the same name, shapes (N, G) and (G, .) to (N, G') and (G', .)."""
    first = ~var.index.duplicated()
    at = pd.Index(var.index[first]).get_indexer(var.index)
    shape = (len(at), int(first.sum()))
    sums = sp.csr_matrix((np.ones(len(at), np.float32), at, np.arange(len(at) + 1)), shape=shape)
    return sp.csr_matrix(values @ sums), var.loc[first]
