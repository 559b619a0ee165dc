"""Lines of a table of motifs and peaks: sites in a BED file, or peaks with motifs in a text of columns.

R rows.
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from monae_app.engine.data.genome import PEAK_COLUMNS, parse_peaks
from monae_app.engine.data.motifs.motif import LONGEST
from monae_app.engine.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

MOTIF_COLUMNS = ("motif", "motif_id", "motif_name", "tf", "factor", "motif_alt_id")
PEAK_NAMES = ("peak", "peak_id", "peak_name", "region", "sequence_name")
SCORE_COLUMNS = ("score", "best_score", "max_score")
COUNT_COLUMNS = ("count", "counts", "n", "n_hits", "hits")


@dataclass(frozen=True)
class Rows:
    """Rows of a table.

    Parameters
    ----------
    motif
        Name of the motif of each row, (R,).
    peak
        Name of the peak of each row as the table has it, (R,).
    places
        Where each row lies, columns chrom, start, end; None where names are no places.
    count
        How many hits a row stands for, (R,).
    score
        Of each row; 0 where the table states none.
    sites
        Whether places are those of motifs, or of whole peaks.
    passed
        Number of lines without what is needed.
    """

    motif: npt.NDArray[np.object_]
    peak: npt.NDArray[np.object_]
    places: pd.DataFrame | None
    count: npt.NDArray[np.int64] = field(repr=False)
    score: npt.NDArray[np.float64] = field(repr=False)
    sites: bool
    passed: int = 0


def read_bed_rows(lines: Sequence[str]) -> Rows | None:
    """Read lines of BED: chrom, start, end, motif[, score]; None if lines are of another kind.

    ``peak_motif_mapping.bed`` of Cell Ranger is such a file: each line has the place of a peak and a motif in it.
    Places no longer than a motif are sites, longer ones are peaks.
    """
    kept = [line for line in lines if line.strip() and not line.startswith(("#", "track", "browser"))]
    frame = _frame(kept, "\t")
    if frame.shape[1] < 4 or not len(frame):
        return None
    start, end = (pd.to_numeric(frame[at], errors="coerce") for at in (1, 2))
    good = (start.notna() & end.notna() & (start >= 0) & (end > start) & (frame[3].fillna("") != "")).to_numpy()
    # one line may be a header; a few may be damaged
    if good.mean() < 0.5 or not good[-1]:
        return None
    places = pd.DataFrame(
        {"chrom": frame[0][good], "start": start[good].astype(np.int64), "end": end[good].astype(np.int64)}
    ).reset_index(drop=True)
    names = places["chrom"] + ":" + places["start"].astype(str) + "-" + places["end"].astype(str)
    stated = frame[4] if frame.shape[1] > 4 else pd.Series("", frame.index)
    score = pd.to_numeric(stated, errors="coerce").replace([np.inf, -np.inf], np.nan).fillna(0)[good]
    return Rows(
        frame[3][good].to_numpy(object),
        names.to_numpy(object),
        places,
        np.ones(len(places), np.int64),
        score.to_numpy(np.float64),
        sites=bool((places["end"] - places["start"]).median() <= LONGEST),
        passed=int((~good).sum()),
    )


def read_column_rows(lines: Sequence[str]) -> Rows | None:
    """Read peak, motif[, score][, count], named by a header or in this order; None if lines are of another kind."""
    kept = [line for line in lines if line.strip() and not line.startswith("#")]
    delimiter = next((each for each in "\t,;" if each in (kept[0] if kept else "")), None)
    if delimiter is None:
        return None
    frame = _frame(kept, delimiter)
    head = [str(name).strip().lower() for name in frame.iloc[0].fillna("")]
    motif = next((head.index(name) for name in MOTIF_COLUMNS if name in head), None)
    peak = next((head.index(name) for name in PEAK_NAMES if name in head), None)
    if motif is None or peak is None:
        if not 2 <= frame.shape[1] <= 3 or not _are_places(frame[0].iloc[-20:]):
            return None
        # a matrix of one or two motifs
        if pd.to_numeric(frame[1].iloc[-20:], errors="coerce").notna().all():
            return None
        motif, peak = 1, 0
        head = ["peak", "motif", "score"][: frame.shape[1]]
        frame = frame if _are_places(frame[0].iloc[:1]) else frame.iloc[1:]
    else:
        frame = frame.iloc[1:]
    if not {motif, peak} <= set(frame.columns) or not len(frame):
        return None
    good = (frame[motif].fillna("") != "") & (frame[peak].fillna("") != "")
    count = _numbers(frame, head, COUNT_COLUMNS, 1.0)
    good &= count >= 1
    kept_rows = frame[good]
    names = kept_rows[peak].to_numpy(object)
    return Rows(
        kept_rows[motif].to_numpy(object),
        names,
        places_of(names),
        np.asarray(count[good], np.int64),
        np.asarray(_numbers(frame, head, SCORE_COLUMNS, 0.0)[good], np.float64),
        sites=False,
        passed=int((~good).sum()),
    )


def places_of(names: npt.NDArray[np.object_]) -> pd.DataFrame | None:
    """Where peaks lie by their names, columns chrom, start, end; None if these are no places."""
    codes, each = pd.factorize(names)
    try:
        found = parse_peaks(pd.DataFrame(index=pd.Index(each)))
    except InputError:
        return None
    return found[PEAK_COLUMNS].iloc[codes].reset_index(drop=True)


def _are_places(names: pd.Series[str]) -> bool:
    return len(names) > 0 and places_of(names.fillna("").to_numpy(object)) is not None


def _frame(lines: Sequence[str], delimiter: str) -> pd.DataFrame:
    """Split lines, each into as many columns as the first has or more."""
    if not lines:
        return pd.DataFrame()
    width = max(len(line.split(delimiter)) for line in lines[:50])
    try:
        return pd.read_csv(
            io.StringIO("\n".join(line.rstrip("\r\n") for line in lines)),
            sep=delimiter,
            header=None,
            names=range(width),
            dtype=str,
            quoting=csv.QUOTE_NONE if delimiter == "\t" else csv.QUOTE_MINIMAL,
            keep_default_na=False,
            index_col=False,
            on_bad_lines="skip",
        )
    except (ValueError, pd.errors.ParserError):
        return pd.DataFrame()


def _numbers(frame: pd.DataFrame, head: list[str], names: Sequence[str], otherwise: float) -> pd.Series[float]:
    at = next((head.index(name) for name in names if name in head), None)
    if at is None:
        return pd.Series(otherwise, frame.index)
    found: pd.Series[float] = pd.to_numeric(frame[at], errors="coerce").replace([np.inf, -np.inf], np.nan)
    return found.fillna(otherwise)
