"""Where genes and peaks lie, and which genes are transcription factors.

Positions count from 0 and the end is excluded, as in BED files.
"""

from __future__ import annotations

import gzip
import re
import zlib
from importlib.resources import as_file, files
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from monae_app.engine.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    import numpy.typing as npt

    from monae_app.engine.config import GenomeName

GENE_COLUMNS = ["chrom", "start", "end", "symbol", "strand"]
PEAK_COLUMNS = ["chrom", "start", "end"]

_BUNDLED = files("monae_app.engine.data") / "genomes"
_ORGANISM = {"hg38": "human", "hg19": "human", "mm10": "mouse"}
_STRANDS = {"+", "-", "."}
_EXAMPLES = 3
_TOO_FAR = 1e12  # bp; longer than any genome, shorter than what a float holds exactly

# Anchored at the end: chromosome names may hold every separator themselves (chrUn_x_1_200, HLA-A*01:01-1-200). The
# chromosome does not end in a separator, so that a negative start is seen as such.
_PEAK_NAME = re.compile(r"^\s*(?P<chrom>.*[^\s:_-])[:_-](?P<start>-?\d{1,12})[:_-](?P<end>-?\d{1,12})\s*$")
_PEAK_ALIASES = {
    "chrom": {"chrom", "chr", "chromosome", "seqname", "seqnames"},
    "start": {"chromstart", "chrom_start", "start"},
    "end": {"chromend", "chrom_end", "end", "stop"},
}

_ASSEMBLY_PREFIX = re.compile(r"^(grc[hm]\d+|hg\d+|mm\d+|mrat[nb]\w*|rn\d+)[_.-]+")
_ACCESSION = re.compile(r"(?:^|_)((?:gl|jh|ki|kn|kq|kv|kz|ml|mu)\d{6})(?:[v.]\d+)?(?=_|$)")
_PRIMARY = re.compile(r"(?:\d{1,2}|x|y|m)")


def read_genome(name: GenomeName) -> pd.DataFrame:
    """Read the bundled gene coordinates of a genome.

    Returns
    -------
    Columns chrom, start, end, symbol, strand; one row per symbol, on a primary chromosome where it has a place there.
    """
    with as_file(_BUNDLED / f"{name}.bed.gz") as path:
        return read_bed(path)


def bundled_symbols(name: GenomeName) -> pd.Index:
    """Read the symbols of a bundled genome alone, each once: many times faster than with their places."""
    with as_file(_BUNDLED / f"{name}.bed.gz") as path:
        symbols = pd.read_csv(path, sep="\t", header=None, usecols=[3], dtype=str, keep_default_na=False, comment="#")
    found: pd.Index = pd.Index(symbols[3].unique(), name="symbol")
    return found


def read_bed(path: Path) -> pd.DataFrame:
    """Read gene coordinates from a file, gzipped or not.

    Columns are chrom, start, end, symbol, strand or those of BED6 (chrom, start, end, name, score, strand); more may
    follow. Comments, track lines, empty lines and one header line are passed over.

    Returns
    -------
    Columns chrom, start, end, symbol, strand (+, - or . for unknown); one row per symbol.

    Raises
    ------
    InputError
        If the file cannot be read or a line holds no gene.
    """
    numbered = [
        (number, line.split("\t") if "\t" in line else line.split())
        for number, line in enumerate(_read_text(path).splitlines(), start=1)
        if line.strip() and not line.startswith(("#", "track ", "track\t", "browser ", "browser\t"))
    ]
    if numbered and _is_header(numbered[0][1]):
        numbered = numbered[1:]
    broken = [number for number, fields in numbered if not _is_gene(fields)]
    if broken or not numbered:
        raise _not_a_bed(path, len(numbered), broken)
    frame = pd.DataFrame([_gene(fields) for _, fields in numbered], columns=GENE_COLUMNS)
    return one_place_per_symbol(frame.astype({"start": np.int64, "end": np.int64}))


def one_place_per_symbol(genes: pd.DataFrame) -> pd.DataFrame:
    """Keep one row per symbol: on a primary chromosome before a scaffold, then the longest, then the first."""
    scaffold = ~genes["chrom"].map({name: _is_primary(name) for name in genes["chrom"].unique()}).astype(bool)
    order = np.lexsort((np.arange(len(genes)), genes["start"] - genes["end"], scaffold))
    first = genes["symbol"].iloc[order].drop_duplicates().index
    return genes.loc[first.sort_values()].reset_index(drop=True)


def transcription_factors(genome: GenomeName | None) -> frozenset[str]:
    """List the symbols of an organism's transcription factors; those of human and mouse where no genome is named."""
    organisms = sorted(set(_ORGANISM.values())) if genome is None else [_ORGANISM[genome]]
    texts = [(_BUNDLED / f"transcription_factors_{organism}.txt").read_text(encoding="utf-8") for organism in organisms]
    return frozenset(symbol for text in texts for symbol in text.split())


def harmonise_chromosomes(chrom: pd.Series[str], reference: Iterable[str]) -> pd.Series[str]:
    """Rename chromosomes to the names that a reference uses for them.

    ``1``, ``chr1``, ``Chr1`` and ``GRCh38_chr1`` are one chromosome, and so are ``MT`` and ``chrM``, ``KI270713.1`` and
    ``chr1_KI270713v1_random``. A name without a counterpart in the reference stays as it is.
    """
    known: dict[str, str] = {}
    for name in reference:
        known.setdefault(_chromosome_key(name), name)
    renamed = {name: known.get(_chromosome_key(name), name) for name in chrom.unique()}
    return chrom.map(renamed).astype(object)


def parse_peaks(var: pd.DataFrame) -> pd.DataFrame:
    """Find out where peaks lie: from the columns of `var` if it has them, else from its index.

    Parameters
    ----------
    var
        Annotation of peaks. Columns may be called chrom, chromStart, chromEnd or chr, start, end, in any case; names
        may look like chr1:100-200, chr1-100-200 or chr1_100_200.

    Returns
    -------
    Columns chrom, start, end; the index of `var`.

    Raises
    ------
    InputError
        If any peak has no position, a negative start or an end that is not behind its start.
    """
    columns = _peak_columns(var)
    if columns is None:
        source = "names"
        raw = var.index.to_series().astype(str).str.extract(_PEAK_NAME)[PEAK_COLUMNS]
    else:
        source = f"columns {', '.join(columns)}"
        raw = var[columns].set_axis(PEAK_COLUMNS, axis="columns")
    start, start_read = _whole_numbers(raw["start"])
    end, end_read = _whole_numbers(raw["end"])
    named = (raw["chrom"].notna() & (raw["chrom"].astype(str).str.strip() != "")).to_numpy()
    unreadable = ~(named & start_read & end_read)
    _refuse_peaks(var.index[unreadable], len(var), source, "hold no genome position")
    _refuse_peaks(var.index[(start < 0) | (end < 0)], len(var), source, "hold a negative position")
    _refuse_peaks(var.index[end <= start], len(var), source, "end at or before their start")
    chrom = raw["chrom"].astype(str).str.strip().to_numpy(object)
    return pd.DataFrame({"chrom": chrom, "start": start, "end": end}, index=var.index)


def _whole_numbers(values: pd.Series[Any]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """Read whole numbers; 0 where there is none, and which ones are there."""
    numbers = pd.to_numeric(values, errors="coerce").to_numpy(np.float64, na_value=np.nan)
    numbers = np.where(np.abs(numbers) < _TOO_FAR, numbers, np.nan)
    read = np.equal(numbers, np.round(numbers))
    return np.where(read, numbers, 0).astype(np.int64), read


def _peak_columns(var: pd.DataFrame) -> list[str] | None:
    by_lower = {str(name).lower(): name for name in reversed(var.columns)}
    found = [
        next((by_lower[lower] for lower in by_lower if lower in _PEAK_ALIASES[column]), None) for column in PEAK_COLUMNS
    ]
    return None if None in found else [name for name in found if name is not None]


def has_peak_columns(var: pd.DataFrame) -> bool:
    """Whether columns of `var` say where its features lie."""
    return _peak_columns(var) is not None


def _refuse_peaks(refused: pd.Index, total: int, source: str, problem: str) -> None:
    if not len(refused):
        return
    examples = ", ".join(repr(str(name)) for name in refused[:_EXAMPLES])
    raise InputError(
        f"{len(refused):,} of {total:,} peaks {problem} in their {source}: {examples}"
        f"{', ...' if len(refused) > _EXAMPLES else ''}.",
        "peaks named like chr1:100-200, chr1-100-200 or chr1_100_200, or the columns chrom, chromStart and chromEnd in "
        "var; starts count from 0 and lie before the ends.",
        "rename these peaks or leave them out; if the file holds no chromatin peaks, give it as another modality.",
    )


def _read_text(path: Path) -> str:
    try:
        content = path.read_bytes()
        if content.startswith(b"\x1f\x8b"):
            content = gzip.decompress(content)
        return content.decode("utf-8-sig")
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is neither text nor gzipped text"
        raise InputError(
            f"The gene coordinates in {path} cannot be read: {reason}.",
            "a BED file as text, gzipped or not.",
            "check the path and that the file is whole.",
        ) from None


def _is_header(fields: list[str]) -> bool:
    return not any(character.isdigit() for text in fields[1:3] for character in text)


def _strand_column(fields: list[str]) -> int | None:
    if len(fields) > 5 and fields[5].strip() in _STRANDS:
        return 5
    return 4 if len(fields) > 4 and fields[4].strip() in _STRANDS else None


def _is_gene(fields: list[str]) -> bool:
    if _strand_column(fields) is None or not fields[0].strip() or not fields[3].strip():
        return False
    start, end = fields[1].strip(), fields[2].strip()
    return all(text.isascii() and text.isdigit() and len(text) <= 12 for text in (start, end)) and int(start) < int(end)


def _gene(fields: list[str]) -> tuple[str, int, int, str, str]:
    strand = _strand_column(fields) or 4
    return fields[0].strip(), int(fields[1]), int(fields[2]), fields[3].strip(), fields[strand].strip()


def _not_a_bed(path: Path, total: int, broken: list[int]) -> InputError:
    if broken:
        lines = ", ".join(str(number) for number in broken[:_EXAMPLES])
        found = f"{len(broken):,} of {total:,} lines of {path} hold no gene (line {lines}" + (
            ", ...)." if len(broken) > _EXAMPLES else ")."
        )
    else:
        found = f"{path} holds no genes."
    return InputError(
        found,
        "one gene a line: chromosome, start, end, symbol and strand (+ or -), separated by tabs, or the six columns of "
        "BED6; starts count from 0 and lie before the ends.",
        "correct these lines, or use a bundled genome: hg38, hg19 or mm10.",
    )


def _chromosome_key(name: str) -> str:
    key = _ASSEMBLY_PREFIX.sub("", name.strip().lower())
    accession = _ACCESSION.search(key)
    if accession:
        return accession.group(1)
    key = key.removeprefix("chr")
    return "m" if key == "mt" else key


def _is_primary(name: str) -> bool:
    return _PRIMARY.fullmatch(_chromosome_key(name)) is not None
