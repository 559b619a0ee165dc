"""Text tables (.csv, .tsv, .txt, compressed or not) of cells and features, either way round."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from monae_app.engine.data import on_disk
from monae_app.engine.data.contents import Contents, Matrix, Part
from monae_app.engine.data.gathering import Gathering
from monae_app.engine.data.readers.guard import guarded
from monae_app.engine.data.readers.names import as_text, feature_names, invented
from monae_app.engine.data.readers.orientation import ENSEMBL, Orientation, find_orientation
from monae_app.engine.data.readers.text_layout import COMMENTS, Layout, find_layout, title_lines
from monae_app.engine.data.readers.text_numbers import BadNumberError, Fields, parse
from monae_app.engine.data.readers.unpacking import compression_of, taken_from, unpacked
from monae_app.engine.data.store.kept import tell
from monae_app.engine.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from io import BufferedReader
    from pathlib import Path

    import scipy.sparse as sp

    from monae_app.engine.data.contents import ReadingOptions

NAMES = {"\t": "tabs", ",": "commas", ";": "semicolons", "|": "bars", " ": "spaces"}
EXPECTED = "a table of cells and features: names in the first line and column, numbers elsewhere"
TODO = "open it in an editor to see whether it is whole, and save it as CSV"
BLOCK = 4 << 20
LONGEST_LINE = 512 << 20
# the layout is found in so many lines, or fewer where they are long
SAMPLE_LINES, SAMPLE_BYTES, FEWEST_LINES = 100, 4 << 20, 6
# numbers about a cell that tables of genes carry beside them
ABOUT_CELLS = re.compile(
    r"(n_?counts?|n_?genes?|n_?umis?|ncount_\w+|nfeature_\w+|total_counts|n_genes_by_counts|size_?factors?|"
    r"(percent|pct)[._]?(counts[._])?(mt|mito|ribo)\w*|(umap|tsne|t_sne|pca?)_?\d+|doublet_?scores?)$",
    re.IGNORECASE,
)
# numbers about a gene or peak, not measured in a cell
ABOUT_PLACES = re.compile(r"(chr(om)?)?_?(start|end|stop)$", re.IGNORECASE)
ABOUT_FEATURES = re.compile(ABOUT_PLACES.pattern + r"|length$|width$", re.IGNORECASE)
# what programs that count reads write below the genes
NO_FEATURES = frozenset([
    "__no_feature", "__ambiguous", "__too_low_aQual", "__not_aligned", "__alignment_not_unique",
    "N_unmapped", "N_multimapping", "N_noFeature", "N_ambiguous",
])  # fmt: skip
CHROMOSOMES = frozenset(["chr", "chrom", "chromosome", "seqnames", "#chr", "#chrom"])
SYMBOLS = frozenset(
    ["symbol", "gene_symbol", "gene_name", "genename", "gene", "name", "gene_short_name", "hgnc_symbol"]
)


@dataclass
class _Table:
    """A table as it stands in the file."""

    layout: Layout
    numbers: np.ndarray
    texts: dict[int, list[str]]
    values: sp.csr_matrix


def read(path: Path, options: ReadingOptions) -> Contents:
    """Read a text table; which way round it lies is found out, unless the options say so, and noted.

    Raises
    ------
    InputError
        If it is no table of numbers.
    """
    with guarded(path, "a text table", EXPECTED, TODO), unpacked(path) as stream:
        start = stream.peek(8)[:8]
        if start[:2] in (b"\xff\xfe", b"\xfe\xff"):
            raise InputError(
                f"{path.name} is text in UTF-16.", f"{EXPECTED}.", "save it as UTF-8 (in Excel: CSV UTF-8)."
            )
        table = _read(stream, path)
        part = _part(table, options.orientation, path)
    with path.open("rb") as raw:
        packed = compression_of(raw.read(8))
    called = f"text table (divided by {NAMES[table.layout.delimiter]}{', ' + packed if packed else ''})"
    return Contents(path, called, (part,))


def _read(stream: BufferedReader, path: Path) -> _Table:
    comments, lines = _first_lines(stream)
    if not lines:
        raise ValueError("it has no lines but comments" if comments else "it has no lines")
    texts = [line.decode("utf-8-sig", "replace").rstrip("\r\n") for line in lines]
    titles = title_lines(texts)
    layout = find_layout(
        texts[titles:],
        [line.decode("utf-8", "replace").strip() for line in comments],
    )
    numbers = np.array([i for i in range(layout.count) if i not in layout.text | layout.ignored])
    if not len(numbers):
        raise ValueError("it holds no numbers")
    delimiter = "\t" if layout.delimiter == " " else layout.delimiter
    fields = Fields(delimiter, layout.count, tuple(sorted(layout.text)), numbers, layout.decimal_comma)
    texts_of: dict[int, list[str]] = {i: [] for i in layout.text}
    n_lines = titles
    size = path.stat().st_size
    first = b"".join(lines[titles + layout.header_lines :])
    with Gathering(len(numbers)) as gathered:
        for block in _blocks(stream, first, by_spaces=layout.delimiter == " "):
            try:
                found = parse(block, fields)
            except BadNumberError as error:
                raise _bad_number(path, layout, n_lines + error.line, error) from error
            gathered.append(_small(found.values))
            n_lines += found.values.shape[0]
            for i, some in found.texts.items():
                texts_of[i] += some
            tell(taken_from(stream), size)
        return _Table(layout, numbers, texts_of, gathered.finish())


def _blocks(stream: BufferedReader, first: bytes, *, by_spaces: bool) -> Iterator[bytes]:
    """Yield whole lines, the first ones and then those of the stream; of spaces each run becomes a tab."""
    block = first
    while block:
        if by_spaces:
            block = re.sub(rb"[ \t]+", b"\t", re.sub(rb"(?m)^[ \t]+|[ \t]+$", b"", block))
        if block.strip():
            yield block
        block = stream.read(BLOCK)
        if block and not block.endswith(b"\n"):
            block += _line(stream)


def _first_lines(stream: BufferedReader) -> tuple[list[bytes], list[bytes]]:
    comments: list[bytes] = []
    lines: list[bytes] = []
    read = 0
    while len(lines) <= (SAMPLE_LINES if read < SAMPLE_BYTES else FEWEST_LINES):
        line = _line(stream)
        if not line:
            break
        read += len(line)
        if not line.strip():
            continue
        if not lines and line.lstrip(b'"').startswith(tuple(mark.encode() for mark in COMMENTS)):
            comments.append(line)
        else:
            lines.append(line)
    if len(lines) == 1 and b"\r" in lines[0].rstrip(b"\r\n"):
        raise ValueError("its lines end in a carriage return alone, as on old Macs")
    return comments, lines


def _line(stream: BufferedReader) -> bytes:
    line = stream.readline(LONGEST_LINE)
    if len(line) >= LONGEST_LINE:
        raise ValueError(f"one of its lines is longer than {LONGEST_LINE >> 20} MB")
    return line


def _small(values: sp.csr_matrix) -> sp.csr_matrix:
    """Halve the memory where single precision holds every value."""
    single = values.data.astype(np.float32)
    if np.array_equal(single, values.data, equal_nan=True):
        values.data = single
    return values


def _bad_number(path: Path, layout: Layout, line: int, error: BadNumberError) -> InputError:
    column = layout.names[error.column] if layout.names else str(error.column + 1)
    return InputError(
        f"{path.name}: column {column!r} of line {line + layout.header_lines + 1:,} (comments not counted) holds "
        f"{error.found!r}.",
        "a number there; NA where none was measured.",
        "correct or remove it; text about cells belongs into a column of its own.",
    )


def _part(table: _Table, wanted: str, path: Path) -> Part:
    layout = table.layout
    values = table.values
    columns = _column_names(layout, table.numbers)
    rows = table.texts[layout.index] if layout.index is not None else []
    others = {
        (layout.names[i] if layout.names else "") or f"column{i + 1}": texts
        for i, texts in table.texts.items()
        if i != layout.index
    }
    corner = layout.names[layout.index] if layout.names and layout.index is not None else ""
    if len(table.numbers) == 1 and others and len(set(rows)) < len(rows):
        raise InputError(
            f"{path.name} is a long table: a line for each cell and feature, and a single column of numbers.",
            f"{EXPECTED}.",
            "spread it into a line for each cell and a column for each feature (pivot in pandas, pivot_wider in R).",
        )
    if wanted == "auto":
        rows_are, reason = find_orientation(rows or ["" for _ in range(values.shape[0])], columns, corner)
    else:
        rows_are, reason = Orientation(wanted, "as told")
    columns_are = "cells" if rows_are == "features" else "features"
    notes = [f"The rows were taken for {rows_are} and the columns for {columns_are} ({reason})."]
    about = _about(columns, ABOUT_FEATURES if rows_are == "features" else ABOUT_CELLS)
    kept = np.flatnonzero(~about)
    if rows_are == "features":
        obs = pd.DataFrame(index=pd.Index([columns[i] for i in kept], dtype=object))
        numbers = {columns[i]: values[:, [i]].toarray().ravel() for i in np.flatnonzero(about)}
        var = _var(*_placed(corner, rows, others, numbers), values.shape[0], notes)
        genes = np.flatnonzero(~var.index.isin(NO_FEATURES))
        if len(genes) < len(var):
            notes.append(f"{len(var) - len(genes)} rows of HTSeq or STAR that are no genes were left out.")
        matrix = Matrix.of(on_disk.turned(on_disk.take(values, genes, kept)))
        return Part(obs, var.iloc[genes], {"X": matrix}, notes=tuple(notes), rows="features")
    obs = pd.DataFrame(others, index=_cells(rows, values.shape[0], notes))
    for i in np.flatnonzero(about):
        obs[columns[i]] = values[:, [i]].toarray().ravel()
    if len(obs.columns):
        notes.append(f"Columns about the cells, not features: {', '.join(map(str, obs.columns[:10]))}.")
    var = pd.DataFrame(index=feature_names([columns[i] for i in kept]))
    return Part(obs, var, {"X": Matrix.of(on_disk.take(values, columns=kept))}, notes=tuple(notes), rows="cells")


def _about(columns: list[str], known: re.Pattern[str]) -> np.ndarray:
    """Tell which columns say something about the rows; not all of them can."""
    found = np.array([bool(known.match(name)) for name in columns], bool)
    return found & ~found.all()


def _placed(
    corner: str, rows: list[str], texts: dict[str, list[str]], numbers: dict[str, np.ndarray]
) -> tuple[list[str], dict[str, Any]]:
    """Name peaks by their place where the columns of a table are chromosome, start, end; give names and columns."""
    places = [values.astype(np.int64) for name, values in numbers.items() if ABOUT_PLACES.match(name)]
    if corner.lower() not in CHROMOSOMES or len(places) != 2 or not rows:
        return rows, texts | numbers
    first, last = np.minimum(*places), np.maximum(*places)
    names = [f"{chrom}:{start}-{end}" for chrom, start, end in zip(rows, first, last, strict=True)]
    return names, {corner: rows} | texts | numbers


def _column_names(layout: Layout, numbers: np.ndarray) -> list[str]:
    if not layout.names:
        return list(invented("column", len(numbers)))
    return [layout.names[i] or f"column{i + 1}" for i in numbers]


def _cells(rows: list[str], count: int, notes: list[str]) -> pd.Index:
    if rows:
        return pd.Index(rows, dtype=object)
    notes.append("The cells have no names; they were numbered.")
    return invented("cell", count)


def _var(rows: list[str], others: dict[str, Any], count: int, notes: list[str]) -> pd.DataFrame:
    """Name the features; of an id and a symbol beside it the symbol is the name."""
    if not rows:
        notes.append("The features have no names; they were numbered.")
        return pd.DataFrame(others, index=invented("feature", count))
    symbol = next((name for name in others if name.lower() in SYMBOLS), None)
    if symbol is not None and np.mean([bool(ENSEMBL.search(name)) for name in rows]) > 0.5:
        columns = {"gene_id": as_text(rows)} | {name: texts for name, texts in others.items() if name != symbol}
        return pd.DataFrame(columns, index=feature_names(others[symbol], rows))
    names = feature_names(rows)
    repeated = int((names.to_numpy() != as_text(rows)).sum())
    if repeated:
        notes.append(f"{repeated:,} names of features stand more than once; a number was added to them.")
    return pd.DataFrame(others, index=names)
