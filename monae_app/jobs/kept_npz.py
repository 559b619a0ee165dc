"""Arrays and plain values about them in one .npz file without pickles: how what is kept for a user is written."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

ABOUT = "about"
READING_ERRORS = (OSError, ValueError, LookupError, EOFError, zipfile.BadZipFile)


@dataclass(frozen=True)
class Kept:
    """Arrays by name, and plain values about them."""

    arrays: Mapping[str, np.ndarray]
    about: dict[str, Any]

    @classmethod
    def read(cls, path: Path) -> Kept | None:
        """Read a file; None if it is not there or cannot be read."""
        try:
            with np.load(path, allow_pickle=False) as file:
                arrays = {name: file[name] for name in file.files if name != ABOUT}
                return cls(arrays, json.loads(bytes(file[ABOUT])))
        except READING_ERRORS:
            return None

    def content(self, *, allow_nan: bool = True) -> bytes:
        """Return the content of a file as :meth:`read` takes it.

        Parameters
        ----------
        allow_nan
            Whether the values about the arrays may be no numbers.

        Raises
        ------
        ValueError
            If one is none, and may not.
        """
        content = io.BytesIO()
        about = np.frombuffer(json.dumps(self.about, ensure_ascii=False, allow_nan=allow_nan).encode(), np.uint8)
        np.savez_compressed(content, about=about, **self.arrays)  # type: ignore[arg-type]
        return content.getvalue()

    @property
    def nbytes(self) -> int:
        """What it takes."""
        return int(sum(each.nbytes for each in self.arrays.values()))

    def frame(self, name: str) -> pd.DataFrame:
        """Return the table of this name."""
        prefix = f"{name}/"
        columns = {key.removeprefix(prefix): value for key, value in self.arrays.items() if key.startswith(prefix)}
        return pd.DataFrame({key: column.astype(object) if column.dtype.kind == "U" else column
                             for key, column in columns.items()})  # fmt: skip


def columns_of(name: str, table: pd.DataFrame) -> dict[str, np.ndarray]:
    """Take a table apart, as :meth:`Kept.frame` puts it together; text becomes arrays of fixed width."""
    found = {}
    for column in table.columns:
        values = table[column].to_numpy()
        found[f"{name}/{column}"] = np.array(values.tolist(), np.str_) if values.dtype == object else values
    return found
