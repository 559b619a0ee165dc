"""A finished run, read by pieces: one column, one row, one block of rows at a time, never the whole of a table.

N cells of all modalities, V features of all modalities, D axes. Files are opened anew for each read, and no lock is
taken on them: a run may be replaced or deleted at any time.
"""

from __future__ import annotations

from contextlib import contextmanager
from functools import cached_property
from itertools import pairwise, repeat
from typing import TYPE_CHECKING, Any

import anndata as ad
import h5py
import numpy as np
import pandas as pd

from monae_app.engine.data.readers.stored_names import are_named, stored_names
from monae_app.engine.errors import InputError
from monae_app.engine.result import CELLS, FEATURES, REPORT, read_config, read_json

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from monae_app.engine.analysis.kept_arrays import KeptArrays

ROWS_AT_ONCE = 2**16
FEW_ROWS = 50
READING_ERRORS = (OSError, KeyError, ValueError, RuntimeError, TypeError)


class RunSlices:
    """One finished run.

    Parameters
    ----------
    folder
        Of the run.
    kept
        Where columns that were read stay for a while.

    Raises
    ------
    InputError
        If the folder is no finished run.
    """

    def __init__(self, folder: Path, kept: KeptArrays) -> None:
        self.folder, self.kept = folder, kept
        self.config, self.report = read_config(folder), read_json(folder / REPORT)
        self.modalities: list[str] = list(self.config.inputs)
        self.version = version_of(folder)
        self.owner = f"{folder}@{self.version}"
        with self.open(CELLS) as file:
            self.columns = _columns(file["obs"])
            self.n_cells = int(_index(file["obs"]).shape[0])
        with self.open(FEATURES) as file:
            self.feature_columns = _columns(file["obs"])
            self.n_features = int(_index(file["obs"]).shape[0])

    def likelihood(self, modality: str) -> str:
        """How the values of a modality were modelled; counts where the report of an earlier version does not say."""
        said = self.report.get("dataset", {}).get("modalities", {}).get(modality, {})
        return str(said.get("likelihood", "nb"))

    @contextmanager
    def open(self, name: str) -> Iterator[h5py.File]:
        """Open cells.h5ad or features.h5ad.

        Raises
        ------
        InputError
            If it is gone, damaged, or lacks what is read in the meantime.
        """
        try:
            with h5py.File(self.folder / name, "r", locking=False) as file:
                yield file
        except READING_ERRORS as error:
            raise InputError(
                f"{self.folder} is no finished run: {error}.", f"{CELLS} and {FEATURES}.", "let the run finish first."
            ) from error

    def column(self, name: str, table: str = CELLS) -> pd.Series[Any]:
        """Read one column of obs, (N,) or, of features.h5ad, (V,); the index counts rows."""

        def read() -> pd.Series[Any]:
            with self.open(table) as file:
                return pd.Series(ad.io.read_elem(file["obs"][name]), name=name)

        return self.kept.get(self.owner, (table, name), read)

    def text_codes(self, name: str) -> np.ndarray | None:
        """Read the codes of a column of categories, (N,), negative for none; None for any other column."""
        with self.open(CELLS) as file:
            node = file["obs"][name]
            return np.asarray(node["codes"][...]) if isinstance(node, h5py.Group) and "codes" in node else None

    def first_values(self, name: str, count: int) -> tuple[pd.Series[Any], bool]:
        """Read the first values of a column that holds no categories, and whether these are all."""
        with self.open(CELLS) as file:
            node = file["obs"][name]
            if isinstance(node, h5py.Group):
                return self.column(name), True
            is_text = h5py.check_string_dtype(node.dtype) is not None
            found = (node.asstr() if is_text else node)[:count]
            return pd.Series(found), len(found) == node.shape[0]

    def at(self, name: str, row: int) -> Any:
        """Read one value of a column of obs; None where the cell has none."""
        with self.open(CELLS) as file:
            node = file["obs"][name]
            if isinstance(node, h5py.Group) and "codes" in node:
                code = int(node["codes"][row])
                return None if code < 0 else _plain(_one(node["categories"], code))
            if isinstance(node, h5py.Group):
                return None if bool(node["mask"][row]) else _plain(_one(node["values"], row))
            return _plain(_one(node, row))

    def names(self, rows: slice | np.ndarray) -> list[str]:
        """Read the names of cells without the prefix of their modality; rows are a slice or (n,) increasing."""
        with self.open(CELLS) as file:
            stored = _index(file["obs"])
            if isinstance(rows, slice) or len(rows) <= FEW_ROWS:
                return _plain_names(stored, rows)
            # one row after the other, HDF5 takes minutes for many
            edges = np.searchsorted(rows, np.arange(0, self.n_cells + ROWS_AT_ONCE, ROWS_AT_ONCE))
            found: list[str] = []
            for block, (begin, end) in enumerate(pairwise(edges.tolist())):
                if begin < end:
                    first = block * ROWS_AT_ONCE
                    names = _plain_names(stored, slice(first, first + ROWS_AT_ONCE))
                    found += [names[row] for row in (rows[begin:end] - first).tolist()]
            return found

    def are_named(self, modality: str, names: Sequence[str]) -> bool:
        """Whether the cells of a modality are named so, in this order; sooner than their names are read.

        False may also mean that this cannot be told without :meth:`names`.
        """
        with self.open(CELLS) as file:
            return are_named(_index(file["obs"]), self.spans[modality], names, f"{modality}:")

    @cached_property
    def spans(self) -> dict[str, range]:
        """Rows of each modality.

        Raises
        ------
        InputError
            If the cells of one do not stand together, in the order of the run.
        """
        of_cell = self.column("modality").astype("category")
        codes = of_cell.cat.codes.to_numpy()
        number = {str(name): code for code, name in enumerate(of_cell.cat.categories)}
        found: dict[str, range] = {}
        first = 0
        for modality in self.modalities:
            mine = codes == number.get(modality, -2)
            count = int(mine.sum())
            found[modality] = range(first, first + count)
            if not mine[first : first + count].all():
                raise InputError(
                    f"The cells of {modality} do not stand together in {CELLS}.",
                    "all cells of a modality in one piece, modalities in the order of the run.",
                    "train the run anew.",
                )
            first += count
        return found

    def blocks(self, name: str, rows: range) -> Iterator[tuple[slice, np.ndarray]]:
        """Yield (rows, float32 array (n, D)) of an obsm of the cells, in blocks.

        What is stored compressed is unpacked once, and kept while there is room; what is not is read anew each time.
        """
        with self.open(CELLS) as file:
            stored = file["obsm"][name]
            if stored.compression is None:
                for part in _parts(rows):
                    yield part, np.asarray(stored[part], dtype=np.float32)
                return
        whole = self.array(name)
        for part in _parts(rows):
            yield part, whole[part]

    def array(self, name: str) -> np.ndarray:
        """Read an obsm of the cells whole, (N, D), float32."""

        def read() -> np.ndarray:
            with self.open(CELLS) as file:
                return np.asarray(file["obsm"][name][...], dtype=np.float32)

        return self.kept.get(self.owner, ("obsm", name), read)

    def feature_rows(self, name: str, rows: np.ndarray) -> np.ndarray:
        """Read rows of an obsm of the features, (len(rows), .), float32, in the order asked for."""
        if not len(rows):
            return np.zeros((0, 1), np.float32)
        order, back = np.unique(rows, return_inverse=True)
        with self.open(FEATURES) as file:
            return np.asarray(file["obsm"][name][order], dtype=np.float32)[back]

    def landmarks(self, modality: str) -> np.ndarray | None:
        """Centres of the landmarks of a modality, (K, D_s); None where it has none."""
        with self.open(FEATURES) as file:
            stored = file["uns"].get(f"landmarks/{modality}")
            return None if stored is None else np.asarray(stored[...], dtype=np.float32)

    @cached_property
    def reference_batch(self) -> int:
        """Column of ``scale`` and ``bias`` at which cells are decoded if nothing else is asked for."""
        with self.open(FEATURES) as file:
            names = [str(name) for name in np.ravel(ad.io.read_elem(file["uns"]["batches"]))]
            wanted = str(ad.io.read_elem(file["uns"]["reference_batch"]))
        return names.index(wanted)


def version_of(folder: Path) -> str:
    """Return what changes when the cells of a run do.

    Raises
    ------
    InputError
        If there are none.
    """
    try:
        stat = (folder / CELLS).stat()
    except OSError as error:
        raise InputError(f"{folder} has no {CELLS}.", "a finished run.", "let the run finish first.") from error
    return f"{stat.st_mtime_ns:x}-{stat.st_size:x}"


def _plain_names(stored: h5py.Dataset, rows: slice | np.ndarray) -> list[str]:
    names = stored_names(stored, rows)
    if names is None:
        names = [str(name) for name in stored.asstr()[rows]]
    start = names[0].partition(":")[0] + ":" if names else ""
    if all(map(str.startswith, names, repeat(start))):
        return [name[len(start) :] for name in names]
    return [name.split(":", 1)[-1] for name in names]


def _parts(rows: range) -> Iterator[slice]:
    for start in range(rows.start, rows.stop, ROWS_AT_ONCE):
        yield slice(start, min(start + ROWS_AT_ONCE, rows.stop))


def _columns(obs: h5py.Group) -> list[str]:
    return [str(name) for name in np.ravel(obs.attrs["column-order"])]


def _index(obs: h5py.Group) -> h5py.Dataset:
    return obs[obs.attrs["_index"]]


def _one(stored: h5py.Dataset, row: int) -> Any:
    return (stored.asstr() if h5py.check_string_dtype(stored.dtype) is not None else stored)[row]


def _plain(value: Any) -> Any:
    value = value.item() if isinstance(value, np.generic) else value
    return None if isinstance(value, float) and not np.isfinite(value) else value
