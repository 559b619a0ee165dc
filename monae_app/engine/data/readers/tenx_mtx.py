"""Matrices in Matrix Market format beside their features and barcodes, as Cell Ranger and many others write them."""

from __future__ import annotations

import csv
import re
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from monae_app.engine.data.contents import Contents, Part
from monae_app.engine.data.readers.guard import READING_ERRORS, guarded
from monae_app.engine.data.readers.matrix_market import read_header
from monae_app.engine.data.readers.mtx_matrix import MtxMatrix
from monae_app.engine.data.readers.names import as_text, genome_of
from monae_app.engine.data.readers.tenx_features import Features, grouped
from monae_app.engine.data.readers.unpacking import unpacked
from monae_app.engine.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from monae_app.engine.data.readers.matrix_market import Header
    from monae_app.engine.data.readers.mtx_sets import MtxSet

FORMAT = "10x matrix (.mtx)"
EXPECTED = "matrix.mtx with its features.tsv (or genes.tsv, peaks.bed) and barcodes.tsv, each gzipped or not"
TODO = "copy the files again: one may be cut off or belong to another matrix"
ENSEMBL = re.compile(r"ENS[A-Z]*G\d{6,}")


def read_sets(path: Path, sets: list[MtxSet], located: Callable[[str], Path], notes: list[str]) -> Contents:
    """Read matrices: one part a set and modality.

    Parameters
    ----------
    path
        The folder or archive.
    sets
        What was found in it.
    located
        From a name inside it to a file that can be opened.
    notes
        On the whole.

    Raises
    ------
    InputError
        If a file is missing or damaged, or they do not fit.
    """
    parts: list[Part] = []
    for each in sets:
        missing = [word for word in ("features", "barcodes") if getattr(each, word) is None]
        if missing:
            raise InputError(
                f"{path.name}: {each.matrices[0]} has no table of its {' and '.join(missing)} beside it.",
                f"{EXPECTED}.",
                "put the files of one matrix into one folder or archive.",
            )
        with guarded(path, FORMAT, EXPECTED, TODO):
            parts += _parts(path, each, located, notes, several=len(sets) > 1)
    if not parts:
        raise InputError(
            f"{path.name} holds no genes, peaks or antibodies. {' '.join(notes)}",
            f"{EXPECTED}.",
            "choose other files.",
        )
    return Contents(path, FORMAT, tuple(parts), tuple(notes))


def _parts(path: Path, found: MtxSet, located: Callable[[str], Path], notes: list[str], *, several: bool) -> list[Part]:
    headers = {name: read_header(located(name)) for name in found.matrices}
    header = headers[found.matrices[0]]
    features, barcodes = (_table(located(name)) for name in (found.features or "", found.barcodes or ""))
    turned, features, barcodes = _fit(header, features, barcodes)
    matrices = {"X": found.matrices[0]}
    for name in found.matrices[1:]:
        other = headers[name]
        if (other.n_rows, other.n_columns) == (header.n_rows, header.n_columns):
            matrices[re.sub(r"\.mtx.*", "", name.rsplit("/", 1)[-1])] = name
    listed, peaks = _features(features)
    groups, left_out = grouped(listed, peaks)
    notes += left_out
    obs = _obs(barcodes, located(found.metadata) if found.metadata else None)
    shape = (len(obs), len(listed.ids))
    files = {
        called: MtxMatrix(located(name), headers[name], path, name, shape, turned) for called, name in matrices.items()
    }
    parts = []
    for group in groups:
        lazies = {called: file.matrix(group.columns) for called, file in files.items()}
        label = " ".join(word for word in (found.name if several else "", group.name) if word)
        genome = group.genome or genome_of(found.matrices[0])
        parts.append(Part(obs, group.var, lazies, label, group.modality, genome, group.notes))
    return parts


def _table(path: Path) -> pd.DataFrame:
    """Read a table without a header, by tabs or commas, all of it text."""
    with unpacked(path) as stream:
        text = stream.read().decode("utf-8-sig", "replace")
    lines = text.splitlines()
    comma = bool(lines) and "\t" not in lines[0] and "," in lines[0]
    rows = list(csv.reader(lines, delimiter="," if comma else "\t"))
    width = max((len(row) for row in rows), default=1)
    filled = [[*row, *[""] * (width - len(row))] for row in rows if row]
    return pd.DataFrame(filled, dtype=object) if filled else pd.DataFrame({0: pd.Series([], dtype=object)})


def _fit(header: Header, features: pd.DataFrame, barcodes: pd.DataFrame) -> tuple[bool, pd.DataFrame, pd.DataFrame]:
    """Find out whether rows or columns of the matrix are cells; a first line that is a header becomes one.

    Returns
    -------
    tuple
        Whether the matrix has features in rows and is to be turned, and both tables.
    """
    for rows, columns, turned in (
        (features, barcodes, True),
        (barcodes, features, False),
    ):
        if header.n_rows - len(rows) in (0, -1) and header.n_columns - len(columns) in (0, -1):
            first, second = _headed(rows, header.n_rows), _headed(columns, header.n_columns)
            return turned, *((first, second) if turned else (second, first))
    raise ValueError(
        f"the matrix is {header.n_rows} x {header.n_columns}, but there are {len(features)} features and "
        f"{len(barcodes)} barcodes"
    )


def _headed(table: pd.DataFrame, length: int) -> pd.DataFrame:
    if len(table) == length:
        return table
    named = table.iloc[1:].reset_index(drop=True)
    named.columns = [str(name) or f"column{i}" for i, name in enumerate(table.iloc[0])]
    # R writes the numbers of rows before them, without a name
    numbered = len(named.columns) > 1 and not table.iloc[0, 0] and _counts_up(named.iloc[:, 0])
    return named.iloc[:, 1:] if numbered else named


def _counts_up(column: pd.Series) -> bool:
    return any(column.tolist() == [str(i + first) for i in range(len(column))] for first in (0, 1))


def _features(table: pd.DataFrame) -> tuple[Features, bool]:
    """Take ids, symbols and types from their table; a BED of peaks names them by their place."""
    columns = [as_text(table.iloc[:, i]) for i in range(table.shape[1])]
    if len(columns) >= 3 and len(table) and all(str(each).isdigit() for i in (1, 2) for each in columns[i]):
        names = np.array([f"{chrom}:{start}-{end}" for chrom, start, end in zip(*columns[:3], strict=True)], object)
        return Features(names, names), True
    ids, symbols = columns[0], columns[1] if len(columns) > 1 else columns[0]
    if _share_ensembl(symbols) > 0.5 > _share_ensembl(ids):
        ids, symbols = symbols, ids
    return Features(ids, symbols, columns[2] if len(columns) > 2 else None), False


def _share_ensembl(names: np.ndarray) -> float:
    return float(np.mean([bool(ENSEMBL.search(name)) for name in names])) if len(names) else 0.0


def _obs(barcodes: pd.DataFrame, metadata: Path | None) -> pd.DataFrame:
    """Make the table of cells: their names, further columns of the barcodes, and the metadata beside them."""
    columns = {str(name): as_text(barcodes[name]) for name in barcodes.columns[1:]}
    names = [f"barcodes_{name}" if name.isdigit() else name for name in columns]
    obs = pd.DataFrame(dict(zip(names, columns.values(), strict=True)), index=pd.Index(as_text(barcodes.iloc[:, 0])))
    obs.index = obs.index.astype(object)
    table = _metadata(metadata)
    if table is None or not table.index.is_unique or not obs.index.isin(table.index).any():
        return obs
    return obs.join(table[[name for name in table if name not in obs]])


def _metadata(path: Path | None) -> pd.DataFrame | None:
    """Read what is known of the cells, by their names; None where there is none, or no table."""
    if path is None:
        return None
    try:
        with unpacked(path) as stream:
            tabs = b"\t" in stream.peek(8192).split(b"\n")[0]
            table = pd.read_csv(stream, sep="\t" if tabs else ",", index_col=0)
    except READING_ERRORS:
        return None
    table.index = pd.Index(as_text(table.index))
    return table
