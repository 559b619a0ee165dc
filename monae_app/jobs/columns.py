"""Tables of numbers and names in one file: columns of an .npz, whole or absent, never pickled."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from pathlib import Path

# Stands in no name of a cell, a gene or a chromosome.
_BETWEEN = "\x00"
_TEXT = "text:"


def write_columns(table: pd.DataFrame, path: Path) -> None:
    """Write the columns of a table, numbers or strings; the index is not kept."""
    columns: dict[str, np.ndarray] = {"rows": np.array(len(table))}
    for name in table:
        column = table[name]
        if column.dtype.kind in "biuf":
            columns[str(name)] = column.to_numpy()
        else:
            # one run of bytes: an array of strings would be as wide as the longest in every row
            text = _BETWEEN.join(str(value).replace(_BETWEEN, "") for value in column)
            columns[f"{_TEXT}{name}"] = np.frombuffer(text.encode(), np.uint8)
    part = path.with_suffix(".part")
    with part.open("wb") as file:
        np.savez(file, allow_pickle=False, **columns)
    part.replace(path)


def read_columns(path: Path) -> pd.DataFrame:
    """Read what ``write_columns`` wrote."""
    with np.load(path, allow_pickle=False) as stored:
        rows = int(stored["rows"])
        found = {name: stored[name] for name in stored.files if name != "rows"}
    return pd.DataFrame(
        {
            name.removeprefix(_TEXT): values.tobytes().decode().split(_BETWEEN)
            if name.startswith(_TEXT) and rows
            else values
            for name, values in found.items()
        },
        index=pd.RangeIndex(rows),
    )
