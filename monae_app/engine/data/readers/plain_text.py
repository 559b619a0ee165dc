"""What a text file is: a table, fragments, a lone matrix, or something without cells."""

from __future__ import annotations

import re
from codecs import BOM_UTF8
from typing import TYPE_CHECKING

from monae_app.engine.data.readers import fragments, h5ad, refusals, tenx_mtx, text_table
from monae_app.engine.data.readers.mtx_sets import find_sets
from monae_app.engine.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

    from monae_app.engine.data.contents import Contents, ReadingOptions

HDF5_NAMES = (".h5ad", ".h5mu", ".h5", ".hdf5", ".loom", "")
CHROMOSOME = re.compile(rb"^(chr\w+|\d{1,2}|[XYWZM]|MT|[A-Z]{2}_?\d{5,}[\w.]*|\w*(scaffold|contig)\w*)$", re.IGNORECASE)
BARCODE = re.compile(rb"[ACGTN]{8,}")
# of the names of cells, fewer than this share are new; a fragment is seldom read more often
REPEATED, MOST_READS = 0.9, 100
ANNOTATION = frozenset([b"gene", b"transcript", b"exon", b"CDS", b"mRNA", b"region"])

WITHOUT_CELLS = {
    "annotation": ("a gene annotation (GTF, GFF)", "name it with --gtf, beside the data."),
    "bed": (
        "a BED file of intervals, without cells",
        "give the matrix or the fragments of the cells, and this file as peaks or gene coordinates beside them.",
    ),
}


def read(path: Path, start: bytes, options: ReadingOptions) -> Contents:
    """Read a text file, compressed or not.

    Parameters
    ----------
    start
        Its first bytes, unpacked.

    Raises
    ------
    InputError
        If it holds no cells and features.
    """
    if b"\0" in start and start[:2] not in (b"\xff\xfe", b"\xfe\xff"):
        raise _unknown(path, start)
    if start.removeprefix(BOM_UTF8).lower().startswith(b"%%matrixmarket"):
        return _lone_matrix(path)
    kind = _intervals(start, named_so="fragment" in path.name.lower())
    if kind == "fragments":
        return fragments.read(path, options)
    if kind is not None:
        raise refusals.refused(path, *WITHOUT_CELLS[kind])
    try:
        return text_table.read(path, options)
    except InputError as error:
        if path.suffix.lower() in HDF5_NAMES:
            raise h5ad.begins_otherwise(path, start[:8]) from error
        raise


def _unknown(path: Path, start: bytes) -> InputError:
    if path.suffix.lower() in HDF5_NAMES:
        return h5ad.begins_otherwise(path, start[:8])
    return InputError(
        f"{path.name} is of no known kind: it begins with {start[:8]!r}.", refusals.EXPECTED, refusals.EXPORT
    )


def _lone_matrix(path: Path) -> Contents:
    """Read a matrix whose features and barcodes lie beside it."""
    beside = [each.name for each in path.parent.iterdir() if each.is_file()]
    # of a file that lies there packed and unpacked, the one that was named
    sets, notes = find_sets(sorted(beside, key=lambda name: name != path.name))
    own = [each for each in sets if path.name in each.matrices and each.features and each.barcodes]
    if not own:
        raise InputError(
            f"{path.name} is a matrix without its features and barcodes.",
            f"{tenx_mtx.EXPECTED}.",
            "give the folder they lie in, or pack the three files as .zip or .tar.gz.",
        )
    return tenx_mtx.read_sets(path, own, lambda name: path.parent / name, notes)


def _intervals(start: bytes, *, named_so: bool) -> str | None:
    """Return ``fragments``, ``bed`` or ``annotation`` where each line is an interval; None elsewhere.

    Parameters
    ----------
    named_so
        Whether the name of the file speaks of fragments.
    """
    lines = [line.rstrip(b"\r").split(b"\t") for line in start.split(b"\n") if line and not line.startswith(b"#")]
    lines = [line for line in lines if not line[0].startswith((b"track", b"browser"))]
    # the last line may be cut
    lines = lines[:-1] if len(lines) > 2 else lines
    if lines and all(len(line) in (8, 9) and line[2] in ANNOTATION for line in lines):
        return "annotation"
    headed = len(lines) > 1 and fragments.is_header(lines[0])
    lines = lines[1:] if headed else lines
    if not lines or not all(_is_interval(line) for line in lines):
        return None
    if _are_fragments(lines, named_so=named_so):
        return "fragments"
    # under a header, further columns may be cells
    return None if headed else "bed"


def _are_fragments(lines: list[list[bytes]], *, named_so: bool) -> bool:
    """Tell fragments from other intervals with a name: by their barcodes, else by names that stand again and again."""
    barcodes = sum(4 <= len(line) <= 6 and bool(BARCODE.search(line[3])) for line in lines)
    if 2 * barcodes >= len(lines):
        return True
    if not all(len(line) in (4, 5) for line in lines):
        return False
    counted = all(len(line) == 5 and line[4].isdigit() and 0 < int(line[4]) <= MOST_READS for line in lines)
    return named_so or (counted and len({line[3] for line in lines}) <= REPEATED * len(lines))


def _is_interval(fields: list[bytes]) -> bool:
    if len(fields) < 3 or not (fields[1].isdigit() and fields[2].isdigit()) or not CHROMOSOME.match(fields[0]):
        return False
    # a table of counts has numbers in the fourth column, too
    named = len(fields) == 3 or not fields[3].isdigit()
    return named and int(fields[2]) > int(fields[1])
