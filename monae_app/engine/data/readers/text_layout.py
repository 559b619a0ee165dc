"""How a text table is laid out: its delimiter, header, names, and which columns are no numbers."""

from __future__ import annotations

import csv
import re
from collections import Counter
from dataclasses import dataclass

from monae_app.engine.data.readers.text_numbers import MISSING

DELIMITERS = ("\t", ",", ";", "|", " ")
COMMENTS = ("#", "%")
# lines that show the delimiter
FEW = 12
# the share of a column that has to be text for it to be a column of text
FEWEST_TEXTS = 0.2
# what stands over a column of names
# fmt: off
CORNERS = frozenset([
    "", "index", "id", "ids", "name", "names", "unnamed: 0", "rownames", "row.names", "row_names", "x", "v1",
    "gene", "genes", "gene_id", "gene_name", "geneid", "genename", "symbol", "gene_symbol", "feature", "features",
    "chr", "chrom",
    "ensembl_id", "ensembl", "peak", "peaks", "peak_id", "protein", "antibody", "marker", "site", "region",
    "cell", "cells", "cell_id", "cellid", "barcode", "barcodes", "cell_barcode", "cell_name", "sample", "bc",
])
# fmt: on
DECIMAL_COMMA = re.compile(r"-?\d+,\d+(e[+-]?\d+)?$", re.IGNORECASE)


@dataclass(frozen=True)
class Layout:
    """The layout of a table, found in its first lines.

    Parameters
    ----------
    delimiter
        One character; a space stands for any run of spaces and tabs.
    names
        Names of all columns, shape (count,); empty where there is no header.
    text
        Columns that are text.
    index
        The column of names; None where no column is.
    ignored
        Columns that are empty.
    decimal_comma
        Whether 1,5 is one and a half.
    header_lines
        How many of the lines, comments not counted, are the header: 0 or 1.
    count
        Number of columns.
    """

    delimiter: str
    names: tuple[str, ...]
    text: frozenset[int]
    index: int | None
    ignored: frozenset[int]
    decimal_comma: bool
    header_lines: int
    count: int


def find_layout(lines: list[str], comments: list[str]) -> Layout:
    """Find the layout of a table.

    Parameters
    ----------
    lines
        Its first lines, comments left out.
    comments
        The comments before them.

    Raises
    ------
    ValueError
        If it is no table.
    """
    delimiter = _delimiter(lines[:FEW])
    rows = [split(line, delimiter) for line in lines]
    count = Counter(len(row) for row in rows[1:] or rows).most_common(1)[0][0]
    if count < 2:
        raise ValueError("no comma, tab, semicolon or space divides its lines into columns")
    body = [row for row in rows[1:] if len(row) == count]
    decimal_comma = delimiter != "," and _has_decimal_commas(body)
    first = rows[0]
    header, names = _header(first, body, comments, count, decimal_comma=decimal_comma)
    data = body if header else [first, *body]
    if not data:
        raise ValueError("it has a header and no lines below it")
    sampled = [[row[i] for row in data] for i in range(count)]
    ignored = frozenset(i for i in range(1, count) if header and names[i] == "" and not any(sampled[i]))
    shares = [_share_of_text(fields, decimal_comma=decimal_comma) for fields in sampled]
    # one odd field among numbers is an error that is named later; among names one is enough
    text = frozenset(i for i in range(count) if i not in ignored and shares[i] > (0 if i == 0 else FEWEST_TEXTS))
    shorter = header and len(first) == count - 1
    is_index = 0 in text or shorter or (bool(names) and names[0].strip().lower() in CORNERS)
    return Layout(
        delimiter, names, text | ({0} if is_index else set()), 0 if is_index else None, ignored, decimal_comma,
        int(header), count,
    )  # fmt: skip


def title_lines(lines: list[str]) -> int:
    """Count the lines above the header that hold one field alone, as the title of a supplementary table."""
    rows = [split(line, _delimiter(lines[:FEW])) for line in lines]
    width = Counter(len(row) for row in rows).most_common(1)[0][0]
    if width <= 2:
        return 0
    return next((i for i, row in enumerate(rows) if sum(map(bool, row)) > 1), 0)


def split(line: str, delimiter: str) -> list[str]:
    """Cut one line into fields."""
    if delimiter == " ":
        line = re.sub(r"[ \t]+", " ", line.strip())
    return [field.strip() for field in next(csv.reader([line], delimiter=delimiter), [])]


def _delimiter(lines: list[str]) -> str:
    """Choose the delimiter that cuts most lines into most fields, equally many each."""
    best, found = 0.0, DELIMITERS[0]
    for delimiter in DELIMITERS:
        rows = [split(line, delimiter) for line in lines]
        counts = Counter(len(row) for row in rows[1:] or rows)
        count, times = counts.most_common(1)[0]
        header_fits = len(rows[0]) in (count, count - 1)
        score = times / sum(counts.values()) * (1 if header_fits else 0.5) * (count > 1)
        # where two cut equally well, the one named first does: a space may stand inside of names
        if score > best + 1e-9:
            best, found = score, delimiter
    return found


def _header(
    first: list[str], body: list[list[str]], comments: list[str], count: int, *, decimal_comma: bool
) -> tuple[bool, tuple[str, ...]]:
    """Tell whether the first line is a header, and name the columns; a comment may be the header, too."""
    if len(first) == count - 1:
        return True, ("", *first)
    if len(first) == count and _is_header(first, body, decimal_comma=decimal_comma):
        return True, tuple(first)
    for comment in reversed(comments):
        words = comment.lstrip("#% ").split()
        if len(words) in (count, count - 1) and not any(_is_number(word, decimal_comma=False) for word in words):
            return False, tuple([""] * (count - len(words)) + words)
    return False, ()


def _is_header(first: list[str], body: list[list[str]], *, decimal_comma: bool) -> bool:
    numbers = [_is_number(field, decimal_comma=decimal_comma) for field in first[1:]]
    if not all(numbers):
        return True
    counted = [str(i) for i in range(len(first))]
    corner = first[0].lower() in CORNERS
    # 0, 1, 2, ... are names of columns, where they are not the names of rows as well
    return corner or (first[1:] in (counted[:-1], counted[1:]) and bool(body) and len(first) > 2)


def _has_decimal_commas(body: list[list[str]]) -> bool:
    fields = [field for row in body for field in row[1:]]
    return any(DECIMAL_COMMA.match(field) for field in fields) and not any("." in field for field in fields)


def _share_of_text(fields: list[str], *, decimal_comma: bool) -> float:
    """Return the share of a column that is no number; a missing value is one."""
    return sum(not _is_number(field, decimal_comma=decimal_comma) for field in fields) / max(1, len(fields))


def _is_number(field: str, *, decimal_comma: bool) -> bool:
    if field.encode() in MISSING:
        return True
    try:
        float(field.replace(",", ".") if decimal_comma else field)
    except ValueError:
        return False
    return True
