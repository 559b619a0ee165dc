"""The bases of peaks, from a FASTA file of the genome.

P peaks, T bases of all peaks together. Bases are coded 0 to 3 (A, C, G, T) and 4 for what is unknown.
"""

from __future__ import annotations

import os
import tempfile
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from monae_app.engine.data.genome import harmonise_chromosomes
from monae_app.engine.data.readers.guard import READING_ERRORS, reason_of
from monae_app.engine.data.readers.unpacking import is_compressed
from monae_app.engine.errors import InputError
from monae_app.engine.telling import SILENT, Telling

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy.typing as npt

UNKNOWN = 4
# a peak that is longer is a region of another kind, such as a domain
LONGEST_PEAK = 100_000
MOST_BASES = 1 << 31
AT_ONCE = 2000
# where more than this lies behind the end of its chromosome, the genome is another one
MOST_OUTSIDE = 0.01
EXPECTED = "the genome of the peaks as FASTA, plain or packed with bgzip"
TODO = "download it as docs/motifs.md says: for human hg38.fa, for mouse mm10.fa, of the assembly that was aligned to"
_EXAMPLES = 3
_CODES = np.full(256, UNKNOWN, dtype=np.uint8)
for _code, _letters in enumerate(("Aa", "Cc", "Gg", "TtUu")):
    _CODES[[ord(letter) for letter in _letters]] = _code


@dataclass(frozen=True)
class PeakSequences:
    """Bases of peaks, one peak behind the other.

    Parameters
    ----------
    bases
        0 to 4, shape (T,).
    offsets
        Where each peak begins, and the end of the last, shape (P + 1,); a peak without bases is empty.
    notes
        Of what is missing, in words.
    """

    bases: npt.NDArray[np.uint8]
    offsets: npt.NDArray[np.int64]
    notes: tuple[str, ...] = ()

    def gc(self) -> npt.NDArray[np.float64]:
        """Return the share of G and C among the known bases of each peak, (P,); NaN where none is known."""
        known = np.concatenate([[0], np.cumsum(self.bases < UNKNOWN)])[self.offsets]
        strong = np.concatenate([[0], np.cumsum((self.bases == 1) | (self.bases == 2))])[self.offsets]
        with np.errstate(invalid="ignore"):
            return np.asarray(np.diff(strong) / np.diff(known))


def identity(fasta: Path) -> dict[str, Any]:
    """Return what tells a genome file from others without reading it: name, size in bytes, time of its last change."""
    about = fasta.stat()
    return {"genome_file": fasta.name, "genome_bytes": about.st_size, "genome_changed": about.st_mtime_ns}


def read_sequences(peaks: pd.DataFrame, fasta: Path, tell: Telling = SILENT) -> PeakSequences:
    """Read the bases of peaks.

    Parameters
    ----------
    peaks
        Columns chrom, start, end; chromosomes may be called otherwise than in the file (``1``, ``chr1``).
    fasta
        The genome. An index is written beside it (``.fai``), or elsewhere for the time being if that is not allowed.

    Raises
    ------
    InputError
        If the file is no FASTA, or holds no bases of any peak.
    """
    _check(fasta)
    tell(f"Opening the genome {fasta.name}; the first time its index is made")
    with _opened(fasta) as genome:
        lengths = {name: len(genome[name]) for name in genome.keys()}  # noqa: SIM118 (pyfaidx: no dict)
        chrom = harmonise_chromosomes(peaks["chrom"].astype(str), lengths).to_numpy(object)
        size = pd.Series(chrom).map(lengths).fillna(-1).to_numpy(np.int64)
        start, end = (peaks[name].to_numpy(np.int64) for name in ("start", "end"))
        usable = (size >= 0) & (start < size) & (end - start <= LONGEST_PEAK)
        last = np.where(usable, np.minimum(end, size), start)
        offsets = np.concatenate([[0], np.cumsum(last - start)])
        notes = _notes(peaks, chrom, size, fasta)
        if not usable.any():
            raise _nothing(peaks, fasta, lengths, notes)
        if offsets[-1] > MOST_BASES:
            raise InputError(
                f"The peaks have {offsets[-1]:,} bases together.",
                f"{MOST_BASES:,} at the most.",
                "keep the peaks that are open in most cells.",
            )
        bases = np.empty(offsets[-1], dtype=np.uint8)
        lower = _fill(bases, offsets, genome, (chrom, start, last), tell.counting("Reading the bases of the peaks"))
    return PeakSequences(bases, offsets, (*notes, *_of_bases(bases, lower)))


def _check(fasta: Path) -> None:
    try:
        with fasta.open("rb") as file:
            first = file.read(18)
    except OSError as error:
        said = error.strerror or "it cannot be read"
        raise InputError(f"The genome {fasta.name} cannot be opened: {said}.", f"{EXPECTED}.", f"{TODO}.") from None
    if is_compressed(fasta):
        # the extra field that bgzip writes, and gzip does not
        if first[:4] != b"\x1f\x8b\x08\x04" or first[12:14] != b"BC":
            raise InputError(
                f"The genome {fasta.name} is compressed so that no place in it can be looked up.",
                f"{EXPECTED}.",
                f"unpack it: gunzip -k {fasta.name}.",
            )
    elif not first.lstrip().startswith(b">"):
        raise InputError(f"{fasta.name} is no FASTA: it does not begin with >.", f"{EXPECTED}.", f"{TODO}.")


@contextmanager
def _opened(fasta: Path) -> Iterator[Any]:
    import pyfaidx

    with ExitStack() as stack:
        index = None
        if not os.access(fasta.parent, os.W_OK) and not Path(f"{fasta}.fai").exists():
            index = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="monae-"))) / "index.fai"
        try:
            genome = pyfaidx.Fasta(str(fasta), as_raw=True, indexname=index)
        except (*READING_ERRORS, pyfaidx.FastaIndexingError, pyfaidx.FetchError) as error:
            raise InputError(
                f"The genome {fasta.name} cannot be read ({reason_of(error)}).", f"{EXPECTED}.", f"{TODO}."
            ) from error
        stack.callback(genome.close)
        yield genome


def _fill(
    bases: npt.NDArray[np.uint8],
    offsets: npt.NDArray[np.int64],
    genome: Any,
    places: tuple[npt.NDArray[np.object_], npt.NDArray[np.int64], npt.NDArray[np.int64]],
    tell: Telling,
) -> int:
    """Fill in the bases, in the order of the genome, which a disk likes; return how many are lower case."""
    chrom, start, end = places
    order = np.lexsort((start, pd.factorize(chrom)[0]))
    order = order[end[order] > start[order]]
    lower = 0
    for done, at in enumerate(order):
        if done % AT_ONCE == 0:
            tell.part(done, len(order))
        letters = np.frombuffer(genome[chrom[at]][int(start[at]) : int(end[at])].encode("ascii", "replace"), np.uint8)
        bases[offsets[at] : offsets[at + 1]] = _CODES[letters]
        lower += int(np.count_nonzero(letters >= ord("a")))
    return lower


def _notes(
    peaks: pd.DataFrame, chrom: npt.NDArray[np.object_], size: npt.NDArray[np.int64], fasta: Path
) -> tuple[str, ...]:
    total = len(peaks)
    start, end = (peaks[name].to_numpy(np.int64) for name in ("start", "end"))
    missing, renamed = size < 0, peaks["chrom"].to_numpy(object) != chrom
    behind, long = ~missing & (end > size), (end - start) > LONGEST_PEAK
    told = []
    if renamed.any():
        one = int(np.flatnonzero(renamed)[0])
        told.append(
            f"Chromosomes are called otherwise in {fasta.name}: {peaks['chrom'].iloc[one]} is {chrom[one]} there."
        )
    if missing.any():
        names = _examples(list(dict.fromkeys(chrom[missing])))
        told.append(f"{missing.sum():,} of {total:,} peaks lie on chromosomes that {fasta.name} lacks: {names}.")
    if behind.any():
        told.append(f"{behind.sum():,} of {total:,} peaks reach behind the end of their chromosome and are cut there.")
    if behind.mean() > MOST_OUTSIDE:
        told.append(f"So many suggest that {fasta.name} is another assembly than that of the peaks.")
    if long.any():
        told.append(f"{long.sum():,} of {total:,} peaks are longer than {LONGEST_PEAK:,} bases and are not scanned.")
    return tuple(told)


def _of_bases(bases: npt.NDArray[np.uint8], lower: int) -> tuple[str, ...]:
    unknown = int(np.count_nonzero(bases == UNKNOWN))
    told = []
    if unknown:
        told.append(f"{unknown:,} of {len(bases):,} bases of the peaks are unknown (N); no hit lies on them.")
    if lower:
        told.append(f"{lower / len(bases):.0%} of the bases are lower case (repeats) and are scanned like the others.")
    return tuple(told)


def _nothing(peaks: pd.DataFrame, fasta: Path, lengths: dict[str, int], notes: Sequence[str]) -> InputError:
    ours = _examples(list(dict.fromkeys(peaks["chrom"].astype(str))))
    return InputError(
        f"{fasta.name} holds no bases of any peak: the peaks lie on {ours}, the file has "
        f"{_examples(list(lengths)) or 'no sequences'}.{''.join(f' {note}' for note in notes[-1:])}",
        f"{EXPECTED}.",
        f"{TODO}.",
    )


def _examples(names: Sequence[str]) -> str:
    return ", ".join(map(str, names[:_EXAMPLES])) + (", ..." if len(names) > _EXAMPLES else "")
