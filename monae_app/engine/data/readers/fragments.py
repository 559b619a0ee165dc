"""ATAC fragments (fragments.tsv, compressed or not): counted in peaks or in bins of the genome."""

from __future__ import annotations

import csv
import io
import re
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from monae_app.engine.data.contents import Contents, Matrix, Part
from monae_app.engine.data.readers import fragment_counts
from monae_app.engine.data.readers.fragment_counts import Bins, Counts, Peaks
from monae_app.engine.data.readers.guard import guarded
from monae_app.engine.data.readers.names import genome_of
from monae_app.engine.data.readers.unpacking import taken_from, unpacked
from monae_app.engine.data.store.kept import tell
from monae_app.engine.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from io import BufferedReader
    from pathlib import Path

    from monae_app.engine.config import GenomeName
    from monae_app.engine.data.contents import ReadingOptions

FORMAT = "ATAC fragments (.tsv)"
EXPECTED = "a fragments file: chromosome, start, end, barcode and, if known, the number of reads, divided by tabs"
TODO = "take fragments.tsv.gz as Cell Ranger ATAC or chromap writes it; copy it again if it is cut off"
CHUNK = 1_000_000
# what is longer is no fragment of open chromatin but an error of alignment, and would be counted in many bins
LONGEST_FRAGMENT = 10_000
# of the size that half of all fragments lie in cells of, this share makes a cell
SMALLEST_SHARE = 0.1
COMMENT_LINES, SNIFFED_BYTES = 1000, 1 << 16
BLOCK, LONGEST_LINE = 1 << 20, 1 << 16


class _Seen(NamedTuple):
    """Barcodes and chromosomes by number, in the order they came."""

    barcodes: dict[str, int]
    chromosomes: dict[str, int]


def read(path: Path, options: ReadingOptions) -> Contents:
    """Count the fragments of each cell that overlap each peak or bin.

    Barcodes with less than a tenth of the fragments of a typical cell are left out. Typical is the size s for which
    half of all fragments lie in barcodes of s fragments or more, so that it does not depend on how many barcodes the
    file lists.

    Raises
    ------
    InputError
        If it is damaged, names no barcodes, or no fragment lies in a peak.
    """
    places = Bins(options.bin_size) if options.peaks is None else Peaks(_read_peaks(options.peaks))
    counts, seen = Counts(), _Seen({}, {})
    totals = np.zeros(0, np.int64)
    too_long = 0
    with guarded(path, FORMAT, EXPECTED, TODO):
        with unpacked(path) as stream:
            genome = _genome_above(stream)
            for table in _chunks(stream):
                cells, chrom = _numbered(table["barcode"], seen.barcodes), _numbered(table["chrom"], seen.chromosomes)
                _check_room(seen)
                start, end = table["start"].to_numpy(), table["end"].to_numpy()
                _check_places(start, end)
                short = end - start <= LONGEST_FRAGMENT
                too_long += int((~short).sum())
                totals = _added(totals, cells, len(seen.barcodes))
                if isinstance(places, Peaks):
                    places.see(list(seen.chromosomes))
                rows, features = places.overlapped(chrom[short], start[short], end[short])
                counts.add(cells[short][rows], features)
                tell(taken_from(stream), path.stat().st_size)
        kept, note = _cells(totals)
        values, features = counts.table(kept)
    notes = [note, _how_counted(places)]
    if too_long:
        notes.append(f"{too_long:,} fragments are longer than {LONGEST_FRAGMENT:,} bp and were left out.")
    if not len(features):
        raise InputError(
            f"{path.name}: no fragment lies in any of the peaks (on {', '.join(list(seen.chromosomes)[:5])}).",
            "peaks of the same genome, with the same names of chromosomes.",
            "give the peaks that were called on these fragments.",
        )
    names = places.names(features, list(seen.chromosomes))
    barcodes = np.array(list(seen.barcodes), dtype=object)[kept]
    obs = pd.DataFrame({"n_fragments": totals[kept]}, index=pd.Index(barcodes))
    var = pd.DataFrame(index=pd.Index(names, dtype=object))
    part = Part(obs, var, {"X": Matrix.of(values)}, "", "atac", genome, tuple(notes))
    return Contents(path, FORMAT, (part,))


def _genome_above(stream: BufferedReader) -> GenomeName | None:
    """Return the genome that the comments at the top name, as Cell Ranger writes it; the comments stay unread."""
    start = stream.peek(SNIFFED_BYTES)[:SNIFFED_BYTES].decode("utf-8", "replace")
    for line in start.splitlines()[:COMMENT_LINES]:
        if line.startswith("#") and ("reference_path" in line or "genome" in line.lower()):
            return genome_of(line)
    return None


def _chunks(stream: BufferedReader) -> Iterator[pd.DataFrame]:
    dtypes = {"chrom": "category", "start": "int64", "end": "int64", "barcode": "category"}
    try:
        yield from pd.read_csv(
            io.BufferedReader(_Lines(stream), BLOCK),
            sep="\t",
            header=None,
            usecols=range(4),
            names=list(dtypes),
            dtype=dtypes,
            index_col=False,
            chunksize=CHUNK,
            quoting=csv.QUOTE_NONE,
            keep_default_na=False,
        )
    except ValueError as error:
        raise ValueError("a line does not hold chromosome, start, end and barcode, or is cut off") from error


class _Lines(io.RawIOBase):
    """The lines of a file without its header and comments.

    A comment begins its line: within a line, ``#`` divides the sample from the barcode.
    """

    def __init__(self, stream: BufferedReader) -> None:
        self._stream, self._left, self._begun = stream, b"", False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._left:
            block = self._stream.read(BLOCK)
            if not block:
                return 0
            if not block.endswith(b"\n"):
                block += self._stream.readline(LONGEST_LINE)
            self._left = re.sub(rb"(?m)^#.*\n?", b"", block) if b"#" in block else block
            if self._left and not self._begun:
                first, _, rest = self._left.partition(b"\n")
                self._left, self._begun = rest if is_header(first.split(b"\t")) else self._left, True
        found, self._left = self._left[: len(buffer)], self._left[len(buffer) :]
        buffer[: len(found)] = found
        return len(found)


def is_header(fields: list[bytes]) -> bool:
    """Tell whether the fields of a line name columns, instead of holding a fragment."""
    return len(fields) >= 4 and not any(field.strip().isdigit() for field in fields[1:3])


def _numbered(names: pd.Series, known: dict[str, int]) -> np.ndarray:
    """Give each name its number; new ones get the next."""
    own = names.cat.codes.to_numpy()
    spelled = names.cat.categories.tolist()
    if "" in spelled:
        raise ValueError("a line has fewer than four fields")
    # in the order they come, so that a file read in chunks of any size gives the same
    numbers = np.empty(len(spelled), np.int64)
    for code in pd.unique(own).tolist():
        numbers[code] = known.setdefault(spelled[code], len(known))
    return numbers[own]


def _check_room(seen: _Seen) -> None:
    if len(seen.barcodes) >= fragment_counts.MOST_CELLS or len(seen.chromosomes) >= fragment_counts.MOST_CHROMOSOMES:
        raise ValueError(f"it names {len(seen.barcodes):,} barcodes on {len(seen.chromosomes):,} chromosomes")


def _check_places(start: np.ndarray, end: np.ndarray) -> None:
    wrong = np.flatnonzero((start < 0) | (end <= start) | (end >= 1 << 31))
    if len(wrong):
        raise ValueError(f"a fragment runs from {start[wrong[0]]} to {end[wrong[0]]}")


def _added(totals: np.ndarray, cells: np.ndarray, count: int) -> np.ndarray:
    found = np.bincount(cells, minlength=count)
    found[: len(totals)] += totals
    return found


def _cells(totals: np.ndarray) -> tuple[np.ndarray, str]:
    """Choose the barcodes that have enough fragments, in the order they came."""
    if not len(totals):
        raise ValueError("it holds no fragments")
    ordered = np.sort(totals)[::-1]
    typical = ordered[np.searchsorted(np.cumsum(ordered), ordered.sum() / 2)]
    fewest = max(1, int(np.ceil(SMALLEST_SHARE * typical)))
    kept = np.flatnonzero(totals >= fewest)
    left = len(totals) - len(kept)
    return kept, (
        f"{len(kept):,} barcodes have at least {fewest:,} fragments and were taken for cells; "
        f"{left:,} with fewer were left out."
    )


def _how_counted(places: Bins | Peaks) -> str:
    where = f"{len(places):,} peaks" if isinstance(places, Peaks) else f"bins of {places.width:,} bp"
    return f"Fragments were counted in {where}: each fragment once in every one that it overlaps."


def _read_peaks(path: Path) -> pd.DataFrame:
    """Read the first three columns of a BED file, compressed or not."""
    expected = "a BED file: chromosome, start, end, divided by tabs"
    if not path.is_file():
        raise InputError(f"There is no file {path}.", f"{expected}.", "check the path of the peaks.")
    with guarded(path, "peaks", expected, "give the peaks.bed of the same genome"), unpacked(path) as stream:
        text = stream.read().decode("utf-8-sig", "replace")
        rows = [line.split("\t")[:3] for line in text.splitlines() if line.strip() and not line.startswith("#")]
        rows = [row for row in rows if not row[0].startswith(("track", "browser", "chrom\t"))]
        if rows and len(rows[0]) > 1 and not rows[0][1].isdigit():
            # a header
            rows = rows[1:]
        if not rows or min(len(row) for row in rows) < 3:
            raise ValueError("it holds no intervals" if not rows else "a line has fewer than three columns")
        peaks = pd.DataFrame(rows, columns=["chrom", "start", "end"]).astype({"start": np.int64, "end": np.int64})
        if (peaks["end"] <= peaks["start"]).any() or (peaks["start"] < 0).any():
            raise ValueError("an interval ends before it begins")
    return peaks
