"""Imputed values as a table for other programs, written in shards: .csv.gz or .parquet. N cells, F features."""

from __future__ import annotations

import gzip
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from monae_app.engine.analysis.imputation import target_rows
from monae_app.engine.result import write_atomically

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from monae_app.engine.analysis.imputed_file import Wanted
    from monae_app.engine.result import Result

CELL = "cell"
# of a piece of text, or of a group of rows
VALUES_AT_ONCE = 2**21


def write_imputed_table(
    result: Result,
    wanted: Wanted,
    path: Path,
    *,
    on_cells: Callable[[int, int], None] = lambda _done, _all: None,
) -> tuple[int, int]:
    """Impute into a table: a row a cell, its name in the column ``cell``, a column a feature.

    The file is whole or absent, and the values are never whole in memory.

    Parameters
    ----------
    result
        Of the run; its cells may have been replaced by others, or by some of them.
    wanted
        What to impute.
    path
        Of the file; its name ends in ``.parquet``, ``.csv`` or ``.csv.gz``.
    on_cells
        Told how many cells are done, and of how many.

    Returns
    -------
    tuple
        N and F.

    Raises
    ------
    InputError
        If a name is unknown.
    """
    shards = wanted.shards(result)
    cells = result.cells.obs_names[(result.cells.obs["modality"] == wanted.source).to_numpy()].to_numpy(str)
    if wanted.features is None:
        features = result.features.obs["name"].to_numpy(str)[target_rows(result, wanted.target)].tolist()
    else:
        features = list(wanted.features)
    pieces = _pieces(shards, len(features))

    def write(temporary: Path) -> None:
        if path.suffix == ".parquet":
            _parquet(pieces, cells, features, temporary, on_cells)
        else:
            _text(pieces, cells, features, temporary, on_cells, packed=path.suffix == ".gz")

    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, write)
    return len(cells), len(features)


def _pieces(shards: Iterator[tuple[slice, np.ndarray]], n_features: int) -> Iterator[tuple[slice, np.ndarray]]:
    size = max(1, VALUES_AT_ONCE // max(1, n_features))
    for rows, values in shards:
        for start in range(0, len(values), size):
            some = values[start : start + size]
            yield slice(rows.start + start, rows.start + start + len(some)), some


def _parquet(
    pieces: Iterator[tuple[slice, np.ndarray]],
    cells: np.ndarray,
    features: list[str],
    path: Path,
    on_cells: Callable[[int, int], None],
) -> None:
    # not before it is asked for: it takes a while to load
    import pyarrow as pa
    from pyarrow import parquet

    schema = pa.schema([(CELL, pa.string()), *((name, pa.float32()) for name in features)])
    with parquet.ParquetWriter(path, schema, compression="zstd") as writer:
        for rows, values in pieces:
            columns = [pa.array(cells[rows].tolist()), *(pa.array(np.ascontiguousarray(each)) for each in values.T)]
            writer.write_table(pa.Table.from_arrays(columns, schema=schema))
            on_cells(rows.stop, len(cells))


def _text(
    pieces: Iterator[tuple[slice, np.ndarray]],
    cells: np.ndarray,
    features: list[str],
    path: Path,
    on_cells: Callable[[int, int], None],
    *,
    packed: bool,
) -> None:
    # of level 1: half the time, and hardly larger
    open_text = partial(gzip.open, path, "wt", 1) if packed else partial(path.open, "w")
    with open_text(encoding="utf-8") as file:
        pd.DataFrame(columns=pd.Index(features, name=None)).to_csv(file, index_label=CELL)
        for rows, values in pieces:
            table = pd.DataFrame(values, index=cells[rows])
            table.to_csv(file, header=False, float_format="%.6g")
            on_cells(rows.stop, len(cells))
