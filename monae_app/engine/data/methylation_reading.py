"""Methylation of one part of a file: covered places alone, whichever way the file says what is missing.

N cells, G regions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.sparse as sp

from monae_app.engine.data.covered import CoveredMatrix, lookup
from monae_app.engine.data.levels import CONTEXTS
from monae_app.engine.data.understanding.methylated import MethylationSource, are_levels, choose_values
from monae_app.engine.data.whole_numbers import are_whole
from monae_app.engine.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

    from monae_app.engine.data.contents import Matrix, Part
    from monae_app.engine.data.understanding.matrices import Kind

ROWS_AT_ONCE = 4096
PERCENT = 100.0


def read_methylation(part: Part, wanted: str) -> tuple[CoveredMatrix, MethylationSource, Kind, tuple[str, ...]]:
    """Read methylated among covered reads, or levels.

    A place is covered where its total is not 0. Of levels alone, NaN says that a place is not covered; a sparse matrix
    without NaN says it of every place that it does not store.

    Parameters
    ----------
    part
        Of a file.
    wanted
        As in :func:`~monae_app.engine.data.understanding.methylated.choose_values`.

    Returns
    -------
    tuple
        Values (N, G), where they come from, ``reads`` or ``levels``, and what was decided, in words.

    Raises
    ------
    InputError
        If the matrices cannot be read, or hold no reads and no levels.
    """
    source = choose_values(part, wanted)
    matrix = part.matrices[source.values]
    if source.total is None:
        values, notes = _levels_alone(part, matrix, source)
        return values, source, "levels", notes
    total = _without_gaps(part.matrices[source.total].read())
    _check_reads(total, source.total)
    if are_levels(matrix):
        values = _levels_of_reads(_csr(matrix.read()), total, source)
        note = f"levels in {source.values!r} times coverage in {source.total!r} were rounded to methylated reads."
        return values, source, "reads", (note,)
    methylated = _without_gaps(matrix.read())
    _check_reads(methylated, source.values)
    _check_within(methylated, total, source)
    note = f"methylated reads were taken from {source.values!r}, covered reads from {source.total!r}, {source.because}."
    return CoveredMatrix.of_reads(methylated, total), source, "reads", (note,)


def coverage_of(values: CoveredMatrix, context: np.ndarray, kind: str) -> dict[str, Any]:
    """Say how much is covered, and how methylated it is, as JSON.

    Parameters
    ----------
    values
        (N, G).
    context
        Of the regions, (G,) of str.
    kind
        ``reads`` or ``levels``.

    Returns
    -------
    dict
        ``share`` of the places that are covered, ``values`` (the kind), ``reads`` (median of a covered place, of reads
        alone), and by ``contexts`` the number of ``regions`` and the mean ``level``, None where none is covered.
    """
    found: dict[str, Any] = {"values": kind, "share": values.nnz / max(1, values.shape[0] * values.shape[1])}
    if kind == "reads":
        found["reads"] = float(np.median(values.totals.data)) if values.nnz else None
    m, n = values.sums(0)
    found["contexts"] = {
        name: {"regions": int(mine.sum()), "level": float(m[mine].sum() / n[mine].sum()) if n[mine].any() else None}
        for name in CONTEXTS
        if (mine := context == name).any()
    }
    return found


def coverage_in_words(found: dict[str, Any]) -> str:
    """Say the same in a sentence's part: "11 % covered, median 8 reads, mean level .41 in CG (400 regions)"."""
    parts = [f"{found['share']:.1%} of the places covered"]
    if found.get("reads"):
        parts.append(f"median of {found['reads']:g} reads each")
    for name, each in found["contexts"].items():
        level = "" if each["level"] is None else f", mean level {each['level']:.2f}"
        parts.append(f"{each['regions']:,} regions in {name}{level}")
    return "; ".join(parts)


def _levels_alone(part: Part, matrix: Matrix, source: MethylationSource) -> tuple[CoveredMatrix, tuple[str, ...]]:
    raw = matrix.read()
    stored = _csr(raw)
    gaps = int(np.isnan(stored.data).sum())
    # in a text, a dense matrix, or one that was made sparse with its NaN, what is not stored was measured as 0
    everywhere = not sp.issparse(raw) or matrix.dense or part.rows is not None or gaps > 0
    levels = CoveredMatrix.of_levels(_filled(stored) if everywhere else stored)
    _check_levels(levels.data, source.values)
    missing = stored.shape[0] * stored.shape[1] - levels.nnz
    how = "hold NaN" if everywhere else "are not stored"
    notes = [f"levels were taken from {source.values!r}, {source.because}; nothing says how many reads they are of."]
    if missing:
        notes.append(f"{missing:,} places {how} and count as not covered.")
    return levels, tuple(notes)


def _levels_of_reads(levels: sp.csr_matrix, total: sp.csr_matrix, source: MethylationSource) -> CoveredMatrix:
    """Round levels times coverage; a place whose level is NaN is not covered."""
    known = ~np.isnan(levels.data)
    _check_levels(levels.data[known], source.values)
    at_places = lookup(levels, total)
    covered = total.copy()
    covered.data = np.where(np.isnan(at_places), 0, total.data)
    reads = total.copy()
    reads.data = np.rint(np.nan_to_num(at_places) * total.data)
    return CoveredMatrix.of_reads(reads, covered)


def _csr(values: Any) -> sp.csr_matrix:
    """Copy as a sparse float32 matrix, in order, zeros that are stored kept."""
    found = sp.csr_matrix(values, dtype=np.float32, copy=True)
    found.sum_duplicates()
    return found


def _filled(values: sp.csr_matrix) -> sp.csr_matrix:
    """Store every place, zeros too."""
    n_cells, n_features = values.shape
    blocks = []
    for start in range(0, n_cells, ROWS_AT_ONCE):
        block = values[start : start + ROWS_AT_ONCE].toarray()
        ends = np.arange(len(block) + 1) * n_features
        columns = np.tile(np.arange(n_features, dtype=np.int32), len(block))
        blocks.append(sp.csr_matrix((block.ravel(), columns, ends), shape=block.shape))
    return sp.vstack(blocks, format="csr") if blocks else values


def _without_gaps(values: Any) -> sp.csr_matrix:
    """Take reads; where there is NaN nothing was read."""
    found = _csr(values)
    found.data = np.nan_to_num(found.data)
    found.eliminate_zeros()
    return found


def _check_reads(values: sp.csr_matrix, name: str) -> None:
    negative = int((values.data < 0).sum())
    if negative or not are_whole(values):
        found = f"{negative:,} negative values" if negative else "values that are not whole"
        raise InputError(
            f"methylation: {name!r} holds {found}.",
            "numbers of reads, or one matrix of levels from 0 to 1.",
            "name the right matrices with --set methylation_matrix=methylated+total, or that of the levels alone.",
        )


def _check_within(methylated: sp.csr_matrix, total: sp.csr_matrix, source: MethylationSource) -> None:
    beyond = int(((methylated - total).data > 0).sum())
    if beyond:
        raise InputError(
            f"methylation: {beyond:,} places have more methylated reads ({source.values!r}) than reads in all "
            f"({source.total!r}).",
            "the methylated reads among all reads that cover a region.",
            "check that the second matrix counts all reads, methylated ones included, and is of the same regions.",
        )


def _check_levels(levels: np.ndarray, name: str) -> None:
    outside = int(((levels < 0) | (levels > 1)).sum())
    if not outside:
        return
    largest = float(levels.max())
    percent = 1 < largest <= PERCENT and float(levels.min()) >= 0
    todo = (
        "divide the percentages by 100."
        if percent and (levels % 1 != 0).any()
        else "give levels, or methylated and covered reads with --set methylation_matrix=methylated+total."
    )
    raise InputError(
        f"methylation: {outside:,} values in {name!r} lie outside of 0 to 1, the largest {largest:g}.",
        "levels from 0 to 1, NaN where a region is not covered.",
        todo,
    )


def with_contexts_in_names(var: pd.DataFrame, context: np.ndarray) -> pd.DataFrame:
    """Add the context to the names of regions that stand once in either, so that each has a name of its own."""
    if var.index.is_unique or len(set(context.tolist())) < 2:
        return var
    return var.set_axis([f"{name}_{of}" for name, of in zip(var.index, context, strict=True)])
