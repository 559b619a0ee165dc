"""AnnData files (.h5ad) of every generation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anndata as ad
import h5py
import pandas as pd
import scipy.sparse as sp

from monae_app.engine.data.contents import Contents, Matrix, Part
from monae_app.engine.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

    from monae_app.engine.data.contents import ReadingOptions

FORMAT = "AnnData (.h5ad)"
H5AD = "an .h5ad file (AnnData) with a matrix X, obs and var"
READING_ERRORS = (OSError, KeyError, ValueError, TypeError, RuntimeError, AttributeError, IndexError)


def read(path: Path, _options: ReadingOptions) -> Contents:
    """Read an .h5ad file."""
    table = read_h5ad(path)
    return Contents(path, FORMAT, (Part(_plain(table.obs), _plain(table.var), {"X": Matrix.of(table.X)}),))


def _plain(table: pd.DataFrame) -> pd.DataFrame:
    """Give a table an index of strings; an index of numbers is a legitimate name."""
    table = table.copy()
    table.index = pd.Index(table.index.astype(str), name=None)
    return table


def read_h5ad(path: Path) -> ad.AnnData:
    """Open an .h5ad file and make sure that it has a matrix.

    Raises
    ------
    InputError
        If there is no such file, it is no .h5ad, or X is missing.
    """
    _check_is_h5ad(path)
    try:
        table = ad.read_h5ad(path)
        if sp.issparse(table.X):
            # an index outside the matrix would end the process later, deep in scipy
            table.X.check_format(full_check=True)
    except (OSError, KeyError, ValueError, TypeError, RuntimeError, AttributeError, IndexError) as error:
        reason = str(error).strip().splitlines()
        raise InputError(
            f"{path.name} is HDF5, but could not be read as .h5ad ({reason[0] if reason else type(error).__name__}).",
            f"{H5AD}.",
            "write it anew with anndata's write_h5ad; the file may be cut off or damaged.",
        ) from error
    if table.X is None:
        layers = ", ".join(map(repr, table.layers)) or "none"
        raise InputError(
            f"{path.name} has no matrix X (layers: {layers}; raw: {'yes' if table.raw is not None else 'no'}).",
            "the measured values in X.",
            "set X to the layer with the counts and write the file anew.",
        )
    if table.X.dtype.kind not in "biuf":
        raise InputError(
            f"{path.name}: X holds {table.X.dtype}.",
            "numbers.",
            "set X to the measured values and write the file anew.",
        )
    return table


def _check_is_h5ad(path: Path) -> None:
    if not path.is_file():
        found = f"{path} is a folder." if path.is_dir() else f"There is no file {path}."
        raise InputError(found, f"{H5AD}.", "check the path.")
    if not h5py.is_hdf5(path):
        with path.open("rb") as file:
            start = file.read(8)
        raise InputError(
            f"{path.name} is no .h5ad: it begins with {start!r}, not with the signature of HDF5.",
            f"{H5AD}.",
            "convert it with anndata or scanpy and write_h5ad, or choose another file.",
        )
    try:
        with h5py.File(path, "r") as file:
            keys = set(file)
    except (OSError, RuntimeError) as error:
        raise InputError(
            f"{path.name} cannot be opened ({error}).", f"{H5AD}.", "copy it again: it is cut off or damaged."
        ) from error
    if not {"obs", "var"} <= keys:
        raise InputError(
            f"{path.name} is HDF5, but holds {', '.join(sorted(map(str, keys))[:8]) or 'nothing'}.",
            f"{H5AD}.",
            "convert it with anndata or scanpy and write_h5ad.",
        )
