"""Ready-made tables of motifs and peaks, told by what stands in them, and laid over the peaks of a data set.

P peaks of the data set, Q peaks of a table, M motifs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import h5py
import numpy as np
import pandas as pd
import scipy.sparse as sp

from monae_app.engine.data.motifs.hits import MotifHits
from monae_app.engine.data.motifs.names import genes_of
from monae_app.engine.data.motifs.peak_matching import by_overlap
from monae_app.engine.data.motifs.table_rows import Rows, places_of, read_bed_rows, read_column_rows
from monae_app.engine.data.readers import open_file
from monae_app.engine.data.readers.guard import guarded
from monae_app.engine.data.readers.unpacking import unpacked
from monae_app.engine.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

    import numpy.typing as npt

    from monae_app.engine.data.contents import Part

MOST_BYTES = 2 << 30
MOST_LINES = 50_000_000
MOST_MOTIFS = 20_000
EXPECTED = (
    "peak_motif_mapping.bed of Cell Ranger, a BED file with the motif in its fourth column, a table with the columns "
    "peak and motif, or a matrix of peaks and motifs as .csv, .tsv or .h5ad"
)
TODO = "bring the table into one of these forms, or scan the peaks: --motifs jaspar --fasta GENOME.fa"


def read_motif_table(path: Path, peaks: pd.DataFrame) -> MotifHits:
    """Read a table, and say of each of its peaks which of the data set it is.

    Parameters
    ----------
    path
        The table.
    peaks
        Columns chrom, start, end; the index names the peaks as the data set does, (P, 3).

    Returns
    -------
    MotifHits
        Peaks are matched by overlap, sites by their middle; by name where the table's peaks are no places. Of several
        peaks of the table that overlap one of the data set, hits are summed and the best score is kept.

    Raises
    ------
    InputError
        If the table is none, is too large, or none of its peaks is one of the data set.
    """
    if not path.exists():
        raise InputError(f"There is no file {path.name}.", f"{EXPECTED}.", "check the path.")
    table = _matrix(path) if _is_hdf5(path) else _text(path)
    names, theirs, places, motifs, counts, scores, notes = table
    over = _matched(path, peaks, theirs, places, sites=names)
    matched = int((np.diff(over.indptr) > 0).sum())
    used = int(np.count_nonzero(over.getnnz(axis=0)))
    kind = "sites" if names else "peaks"
    notes = (
        *notes,
        f"{matched:,} of {len(peaks):,} peaks have a counterpart in {path.name}; "
        f"{used:,} of its {len(theirs):,} {kind} lie on peaks.",
    )
    return _over_peaks(path, peaks.index, motifs, over, counts, scores, notes)


_Table = tuple[
    bool, "npt.NDArray[np.object_]", "pd.DataFrame | None", list[str], sp.csr_matrix, sp.csr_matrix, tuple[str, ...]
]


def _is_hdf5(path: Path) -> bool:
    return path.is_dir() or h5py.is_hdf5(path)


def _text(path: Path) -> _Table:
    with guarded(path, "a table of motifs and peaks", EXPECTED, TODO), unpacked(path) as file:
        content = file.read(MOST_BYTES + 1)
        if len(content) > MOST_BYTES or content.count(b"\n") > MOST_LINES:
            raise InputError(
                f"{path.name} is larger than {MOST_BYTES >> 30} GB or {MOST_LINES:,} lines.",
                f"{EXPECTED}.",
                "keep the hits with the best p-values.",
            )
        lines = content.decode("utf-8-sig").splitlines()
    rows = read_bed_rows(lines) or read_column_rows(lines)
    if rows is None:
        return _matrix(path)
    motifs, columns = _motifs(path, rows.motif)
    passed = (f"{rows.passed:,} lines of {path.name} have no peak, motif or hit and are passed over.",)
    notes = passed if rows.passed else ()
    return _of_rows(rows, motifs, columns, notes)


def _of_rows(rows: Rows, motifs: list[str], columns: npt.NDArray[np.int64], notes: tuple[str, ...]) -> _Table:
    at, names = pd.factorize(rows.peak)
    _, first = np.unique(at, return_index=True)
    places = None if rows.places is None else rows.places.iloc[first]
    shape = (len(names), len(motifs))
    counts = sp.csr_matrix((rows.count, (at, columns)), shape=shape)
    return rows.sites, np.asarray(names, object), places, motifs, counts, _best(at, columns, rows.score, shape), notes


def _matrix(path: Path) -> _Table:
    """Read a matrix of peaks and motifs, whichever stands in the rows."""
    try:
        part = open_file(path).parts[0]
        sides = [np.asarray(side.index.astype(str), object) for side in (part.obs, part.var)]
        turned = places_of(sides[0][:50]) is None
        wanted = places_of(sides[1][:50] if turned else sides[0][:50])
        if wanted is None:
            raise ValueError("neither its rows nor its columns are named by peaks such as chr1:100-200")
    except (InputError, ValueError, IndexError) as error:
        said = error.found if isinstance(error, InputError) else f"{path.name}: {error}."
        raise InputError(f"{path.name} is no table of motifs and peaks. {said}", f"{EXPECTED}.", f"{TODO}.") from None
    with guarded(path, "a matrix of peaks and motifs", EXPECTED, TODO):
        values = sp.csr_matrix(_values(part))
    values = sp.csr_matrix(values.T) if turned else values
    names, given = (sides[1], sides[0]) if turned else (sides[0], sides[1])
    if not np.isfinite(values.data).all():
        raise InputError(f"{path.name} holds values that are no numbers.", f"{EXPECTED}.", "put 0 where nothing is.")
    values.data[values.data < 0] = 0
    values.eliminate_zeros()
    motifs, columns = _motifs(path, given)
    gathered = sp.csr_matrix(
        (np.ones(len(columns)), (np.arange(len(columns)), columns)), shape=(len(columns), len(motifs))
    )
    scores = sp.csr_matrix(values @ gathered)
    counts = scores.copy()
    whole = np.equal(scores.data, np.rint(scores.data)).all()
    # scores say that there is a hit, and not how many
    counts.data = np.maximum(np.rint(counts.data), 1) if whole else np.ones_like(counts.data)
    return False, names, places_of(names), motifs, counts, scores, ()


def _values(part: Part) -> sp.csr_matrix | np.ndarray:
    matrix = part.matrices.get("X") or next(iter(part.matrices.values()))
    return matrix.read()


def _motifs(path: Path, names: npt.NDArray[np.object_]) -> tuple[list[str], npt.NDArray[np.int64]]:
    columns, each = pd.factorize(pd.Series(names).astype(str).str.strip())
    if not 0 < len(each) <= MOST_MOTIFS:
        raise InputError(
            f"{path.name} names {len(each):,} motifs.", f"1 to {MOST_MOTIFS:,} of them; {EXPECTED}.", f"{TODO}."
        )
    return list(each), columns


def _matched(
    path: Path, peaks: pd.DataFrame, names: npt.NDArray[np.object_], places: pd.DataFrame | None, *, sites: bool
) -> sp.csr_matrix:
    """Say which peaks of the table are which of the data set, shape (P, Q)."""
    if places is not None:
        over = by_overlap(peaks, places, within=sites)
    else:
        at = peaks.index.get_indexer(pd.Index(names)) if peaks.index.is_unique else np.full(len(names), -1)
        theirs = np.flatnonzero(at >= 0)
        over = sp.csr_matrix((np.ones(len(theirs), bool), (at[theirs], theirs)), shape=(len(peaks), len(names)))
    if not over.nnz:
        raise InputError(
            f"No peak of {path.name}, such as {names[0]}, is one of the data, such as {peaks.index[0]}.",
            f"{EXPECTED}, made from the same peaks or the same assembly of the genome.",
            f"{TODO}.",
        )
    return over


def _over_peaks(
    path: Path,
    index: pd.Index,
    motifs: list[str],
    over: sp.csr_matrix,
    counts: sp.csr_matrix,
    scores: sp.csr_matrix,
    notes: tuple[str, ...],
) -> MotifHits:
    summed = sp.csr_matrix(over.astype(np.int64) @ counts.astype(np.int64))
    summed.sort_indices()
    # the best score: every pair of a peak and a row of the table that overlap, with the hits of the row
    pairs = over.tocoo()
    taken = scores[pairs.col].tocoo()
    best = _best(pairs.row[taken.row], taken.col, taken.data, summed.shape)
    filled = summed.astype(np.float32)
    filled.data = _looked_up(best, summed)
    return MotifHits(
        index.to_numpy(object),
        motifs,
        motifs,
        [genes_of(name) for name in motifs],
        [()] * len(motifs),
        summed.astype(np.int32),
        filled,
        {"motif_source": path.name, "motif_version": "", "scanner": "table"},
        notes,
    )


def _best(
    rows: npt.NDArray[np.int64], columns: npt.NDArray[np.int64], score: npt.NDArray[np.float64], shape: tuple[int, int]
) -> sp.csr_matrix:
    """Keep the best score of each pair; zeros are left out."""
    order = np.lexsort((-score, columns, rows))
    rows, columns, score = rows[order], columns[order], score[order]
    first = (np.diff(rows, prepend=-1) != 0) | (np.diff(columns, prepend=-1) != 0)
    first &= score != 0
    return sp.csr_matrix((score[first], (rows[first], columns[first])), shape=shape)


def _looked_up(values: sp.csr_matrix, places: sp.csr_matrix) -> npt.NDArray[np.float32]:
    """Values where another matrix stores something, in its order; 0 where they have none."""
    width = places.shape[1]
    have = values.tocoo()
    wanted = np.repeat(np.arange(places.shape[0]), np.diff(places.indptr)) * width + places.indices
    keys = have.row.astype(np.int64) * width + have.col
    order = np.argsort(keys)
    at = np.searchsorted(keys[order], wanted)
    found = (at < len(keys)) & (keys[order][np.minimum(at, max(len(keys) - 1, 0))] == wanted) if len(keys) else None
    out = np.zeros(len(wanted), np.float32)
    if found is not None:
        out[found] = have.data[order][at[found]]
    return out
