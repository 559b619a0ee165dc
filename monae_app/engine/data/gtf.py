"""Gene coordinates from the annotation files of Ensembl, GENCODE, NCBI and UCSC: GTF and GFF3, gzipped or not.

A whole genome has millions of lines and tens of thousands of genes: lines are looked at one by one, and attributes are
read on those alone that say where a gene lies.
"""

from __future__ import annotations

import gzip
import re
import zlib
from typing import TYPE_CHECKING
from urllib.parse import unquote

import numpy as np
import pandas as pd

from monae_app.engine.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

GTF_COLUMNS = ["chrom", "start", "end", "symbol", "strand", "gene_id"]

# What files call a gene, a transcript and an exon, in the order in which they are looked for.
_GENES = ("gene", "ncRNA_gene", "pseudogene", "transposable_element_gene")
_TRANSCRIPTS = ("transcript", "mRNA")
_EXONS = ("exon", "CDS")
_LEVELS = (_GENES, _TRANSCRIPTS, _EXONS)
_ID_KEYS = (
    dict.fromkeys(_GENES, ("gene_id", "geneID", "ID", "gene", "Name"))
    | dict.fromkeys(_TRANSCRIPTS, ("gene_id", "geneID", "gene", "Parent"))
    | dict.fromkeys(_EXONS, ("gene_id", "geneID", "gene"))
)
# the name of a transcript is not that of its gene
_SYMBOL_KEYS = ("gene_name", "gene_symbol", "gene", "Name")
_ATTRIBUTE = re.compile(r'\s*([^\s=;"]+)(?:\s*=\s*|\s+)(?:"([^"]*)"|([^;"]*))[^;]*(?:;|$)')
_ID_PREFIX = re.compile(r"^gene[:-]")
_LONGEST_LINE = 1_000_000
_LONGEST_NUMBER = 12
_EXAMPLES = 3


def read_gtf(path: Path) -> pd.DataFrame:
    """Read where genes lie.

    Lines of genes are taken; where a file has none, its transcripts, and without these its exons, are put together by
    gene. Positions are turned from 1-based and closed, as both formats write them, to 0-based with the end excluded.

    Parameters
    ----------
    path
        A GTF or GFF3 file, gzipped or not; found out from its attributes.

    Returns
    -------
    pandas.DataFrame
        ``chrom``, ``start``, ``end``, ``symbol`` (the id where a gene has no name), ``strand`` (+, - or . for unknown)
        and ``gene_id``; one row a gene and chromosome, in the order of the file. A symbol may stand several times.

    Raises
    ------
    InputError
        If the file cannot be read, holds no gene, or a line of a gene is broken.

    Notes
    -----
    Source: the GFF3 specification 1.26 (Sequence Ontology) and GTF 2.2 (Brent lab).
    """
    for level in _LEVELS:
        genes = _genes(path, level)
        if genes:
            return _together(genes)
    raise _no_gtf(path, f"{path.name} holds no genes, transcripts or exons.")


def _genes(path: Path, level: tuple[str, ...]) -> list[tuple[str, int, int, str, str, str]]:
    found, broken, unnamed, total = [], [], 0, 0
    wanted = {name.encode() for name in level}
    for number, line in enumerate(_lines(path), start=1):
        fields = line.split(b"\t", 3)
        # the third of nine fields says what a line is about: most lines go no further
        if len(fields) < 4 or fields[2] not in wanted or line.startswith(b"#"):
            continue
        total += 1
        gene = _gene(line)
        if gene is None:
            broken.append(number)
        elif not gene[5]:
            unnamed += 1
        else:
            found.append(gene)
    if broken:
        lines = ", ".join(map(str, broken[:_EXAMPLES])) + (", ..." if len(broken) > _EXAMPLES else "")
        raise _no_gtf(path, f"{len(broken):,} of {total:,} lines of genes in {path.name} are broken (line {lines}).")
    if unnamed and not found:
        raise _no_gtf(path, f"None of the {unnamed:,} lines of genes in {path.name} names its gene.")
    return found


def _gene(line: bytes) -> tuple[str, int, int, str, str, str] | None:
    """Take a line apart; None where it is broken, an empty gene_id where it names no gene."""
    fields = line.decode("utf-8", "replace").rstrip("\r\n").split("\t")
    if len(fields) < 9 or not fields[0].strip() or fields[6] not in {"+", "-", ".", "?"}:
        return None
    start, end = fields[3].strip(), fields[4].strip()
    if not all(text.isascii() and text.isdigit() and len(text) <= _LONGEST_NUMBER for text in (start, end)):
        return None
    first, last = int(start), int(end)
    if not 1 <= first <= last:
        return None
    attributes = _attributes(fields[8])
    gene_id = _ID_PREFIX.sub("", _first(attributes, _ID_KEYS[fields[2]]))
    symbol = _first(attributes, _SYMBOL_KEYS) if fields[2] in _GENES else _first(attributes, _SYMBOL_KEYS[:-1])
    strand = "." if fields[6] == "?" else fields[6]
    return fields[0].strip(), first - 1, last, symbol or gene_id, strand, gene_id


def _attributes(text: str) -> dict[str, str]:
    """Read ``key "value";`` as GTF writes it and ``key=value;`` as GFF3 does; of a repeated key the first counts."""
    found: dict[str, str] = {}
    for each in _ATTRIBUTE.finditer(text):
        key, quoted, plain = each.groups()
        value = (quoted if quoted is not None else unquote(plain)).strip()
        if value:
            found.setdefault(key, value)
    return found


def _first(attributes: dict[str, str], keys: tuple[str, ...]) -> str:
    return next((attributes[key] for key in keys if key in attributes), "")


def _together(parts: list[tuple[str, int, int, str, str, str]]) -> pd.DataFrame:
    """Put the parts of each gene together; a gene on two chromosomes (X and Y) stays two."""
    frame = pd.DataFrame(parts, columns=GTF_COLUMNS)
    whole = frame.groupby(["gene_id", "chrom"], sort=False, as_index=False).agg(
        start=("start", "min"), end=("end", "max"), symbol=("symbol", "first"), strand=("strand", "first")
    )
    return whole[GTF_COLUMNS].astype({"start": np.int64, "end": np.int64})


def _lines(path: Path) -> Iterator[bytes]:
    """Read line by line; a line beyond any reason comes in pieces, so that no file fills the memory."""
    try:
        with path.open("rb") as plain:
            zipped = plain.read(2) == b"\x1f\x8b"
        with gzip.open(path, "rb") if zipped else path.open("rb") as handle:
            yield from iter(lambda: handle.readline(_LONGEST_LINE), b"")
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or "it is cut off or damaged"
        raise InputError(
            f"The gene coordinates in {path} cannot be read: {reason}.",
            "a GTF or GFF3 file as text, gzipped or not.",
            "check the path and that the file is whole.",
        ) from None


def _no_gtf(path: Path, found: str) -> InputError:
    return InputError(
        found,
        "GTF or GFF3: nine fields separated by tabs, the third 'gene' (or 'transcript', 'exon'), the fourth and fifth "
        "its first and last position counted from 1, the seventh its strand, the ninth its gene_id and gene_name.",
        f"take the annotation of your genome from Ensembl, GENCODE, NCBI or UCSC; if {path.name} is a BED file, give "
        "it as such (--bed).",
    )
