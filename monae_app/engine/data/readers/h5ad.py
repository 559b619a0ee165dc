"""AnnData files (.h5ad) of every generation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anndata as ad
import h5py
import numpy as np

from monae_app.engine.data.contents import Contents, Part
from monae_app.engine.data.readers.frames import read_frame
from monae_app.engine.data.readers.guard import READING_ERRORS, guard_matrices, guarded, reason_of
from monae_app.engine.data.readers.stored import NUMBERS, describe
from monae_app.engine.data.readers.tree import attribute, check_inside, child, hdf5, is_array, is_group
from monae_app.engine.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from monae_app.engine.config import ModalityName
    from monae_app.engine.data.contents import Matrix, ReadingOptions
    from monae_app.engine.data.readers.tree import Node, Opener

FORMAT = "AnnData (.h5ad)"
LAYER = "layers/"
H5AD = "an .h5ad file (AnnData) with a matrix X, obs and var"
REWRITE = "write it anew with anndata's write_h5ad; the file may be cut off or damaged"
# What is read; obsm, obsp and the rest of uns may hold anything.
ENTRIES = ("X", "obs", "var", "layers", "raw", "raw.X", "raw.var")


def read(path: Path, _options: ReadingOptions) -> Contents:
    """Read an .h5ad file.

    Raises
    ------
    InputError
        If it holds no tables, or no matrix at all.
    """
    with guarded(path, FORMAT, H5AD, REWRITE), h5py.File(path, "r", locking=False) as file:
        check_inside(file, entries(file, ""), path)
        part = part_of(hdf5(path), "", file, path)
    return Contents(path, FORMAT, (part,))


def entries(file: h5py.File, place: str) -> list[str]:
    """Names of all that is read of the AnnData at a place of a file; ``place`` is empty or ends with a slash."""
    uns = file.get(f"{place}uns")
    levels = [f"{place}uns/{name}" for name in uns if name.endswith("_categories")] if is_group(uns) else []
    return [f"{place}{name}" for name in ENTRIES if f"{place}{name}" in file] + levels


def part_of(
    opener: Opener, place: str, group: Node, path: Path, name: str = "", modality: ModalityName | None = None
) -> Part:
    """Read the tables of an AnnData and describe its matrices.

    Parameters
    ----------
    opener, place
        The file, and the path of the AnnData inside it; empty at the top.
    group
        The AnnData itself, open.
    name, modality
        What the file calls it.

    Raises
    ------
    InputError
        If it has no matrix.
    ValueError, KeyError
        If it is no AnnData.
    """
    notes: list[str] = []
    uns = child(group, "uns")
    obs, var = (read_frame(child(group, each), uns, each, notes) for each in ("obs", "var"))
    source = _Source(opener, place, group, path)
    matrices: dict[str, Matrix] = {}
    x = _present(child(group, "X"))
    if x is not None:
        matrices["X"] = source.required("X", (len(obs), len(var)))
    raw_var = _raw_var(group, uns, notes)
    if raw_var is not None:
        matrices |= source.optional(raw_var[0], "raw", (len(obs), len(raw_var[1])), notes, raw_var[1])
    for layer in _layers(group):
        # a layer called like one of ours would hide it
        called = f"{LAYER}{layer}" if layer in ("X", "raw") else layer
        matrices |= source.optional(f"layers/{layer}", called, (len(obs), len(var)), notes)
    if not matrices:
        layers = ", ".join(map(repr, _layers(group))) or "none"
        raise no_matrix(path, layers, has_raw=raw_var is not None)
    return Part(obs, var, matrices, name, modality, notes=tuple(notes))


def no_matrix(path: Path, layers: str, *, has_raw: bool) -> InputError:
    """Say that there is no X."""
    return InputError(
        f"{path.name} has no matrix X (layers: {layers}; raw: {'yes' if has_raw else 'no'}).",
        "the measured values in X.",
        "set X to the layer with the counts and write the file anew.",
    )


class _Source:
    """Where the matrices of one AnnData come from."""

    def __init__(self, opener: Opener, place: str, group: Node, path: Path) -> None:
        self.opener, self.place, self.group, self.path = opener, place, group, path

    def required(self, entry: str, shape: tuple[int, int]) -> Matrix:
        stored = describe(self.opener, f"{self.place}/{entry}", self.group[entry], shape)
        if stored.dtype.kind not in NUMBERS:
            raise InputError(
                f"{self.path.name}: X holds {stored.dtype}.",
                "numbers.",
                "set X to the measured values and write the file anew.",
            )
        return stored.matrix()

    def optional(
        self, entry: str, called: str, shape: tuple[int, int], notes: list[str], var: pd.DataFrame | None = None
    ) -> dict[str, Matrix]:
        """Return a matrix that the file can do without, or nothing, with a note that says why."""
        try:
            stored = describe(self.opener, f"{self.place}/{entry}", self.group[entry], shape)
            if stored.dtype.kind not in NUMBERS:
                raise ValueError(f"it holds {stored.dtype}")
        except READING_ERRORS as error:
            notes.append(f"The matrix {called!r} was left out: {reason_of(error)}.")
            return {}
        return {called: stored.matrix(var)}


def _present(node: Node | None) -> Node | None:
    """Return an entry, or None for one that says that there is none."""
    if node is None or attribute(node, "encoding-type") == "null" or (is_array(node) and node.shape is None):
        return None
    return node


def _layers(group: Node) -> list[str]:
    layers = child(group, "layers")
    return list(layers) if layers is not None and is_group(layers) else []


def _raw_var(group: Node, uns: Node | None, notes: list[str]) -> tuple[str, pd.DataFrame] | None:
    """Return where the matrix of raw lies, and its features."""
    raw = child(group, "raw")
    if raw is not None and is_group(raw) and "X" in raw:
        entry, node = "raw/X", child(raw, "var")
    elif "raw.X" in group:
        entry, node = "raw.X", child(group, "raw.var")
    else:
        return None
    try:
        return entry, read_frame(node, uns, "raw.var", notes)
    except READING_ERRORS as error:
        notes.append(f"raw was left out: {reason_of(error)}.")
        return None


def read_h5ad(path: Path) -> ad.AnnData:
    """Read X, obs and var of an .h5ad file.

    Raises
    ------
    InputError
        If there is no such file, it is no .h5ad, or X is missing.
    """
    _check_is_h5ad(path)
    contents = guard_matrices(read(path, None))  # type: ignore[arg-type]
    part = contents.parts[0]
    if "X" not in part.matrices:
        layers = ", ".join(repr(name) for name in part.matrices if name != "raw") or "none"
        raise no_matrix(path, layers, has_raw="raw" in part.matrices)
    values = part.matrices["X"].read()
    if isinstance(values, np.ndarray) and values.dtype == np.float16:
        values = values.astype(np.float32)
    with guarded(path, FORMAT, H5AD, REWRITE):
        return ad.AnnData(values, obs=part.obs, var=part.var)


def check_is_hdf5(path: Path) -> set[str]:
    """Make sure that a file is HDF5 and can be opened; return the names at its top.

    Raises
    ------
    InputError
        If it is not, or cannot.
    """
    if not h5py.is_hdf5(path):
        with path.open("rb") as start:
            raise begins_otherwise(path, start.read(8))
    try:
        with h5py.File(path, "r", locking=False) as file:
            return {str(name) for name in file}
    except READING_ERRORS as error:
        raise InputError(
            f"{path.name} cannot be opened ({reason_of(error)}).",
            f"{H5AD}.",
            "copy it again: it is cut off or damaged.",
        ) from error


def begins_otherwise(path: Path, start: bytes) -> InputError:
    """Say that a file is no HDF5, whatever its name says."""
    return InputError(
        f"{path.name} is no {path.suffix or '.h5ad'}: it begins with {start!r}, not with the signature of HDF5.",
        f"{H5AD}.",
        "convert it with anndata or scanpy and write_h5ad, or choose another file.",
    )


def unknown_hdf5(path: Path, keys: set[str]) -> InputError:
    """Say that a file is HDF5 of no known kind."""
    return InputError(
        f"{path.name} is HDF5, but holds {', '.join(sorted(keys)[:8]) or 'nothing'}.",
        f"{H5AD}.",
        "convert it with anndata or scanpy and write_h5ad.",
    )


def _check_is_h5ad(path: Path) -> None:
    if not path.is_file():
        found = f"{path} is a folder." if path.is_dir() else f"There is no file {path}."
        raise InputError(found, f"{H5AD}.", "check the path.")
    keys = check_is_hdf5(path)
    if not {"obs", "var"} <= keys:
        raise unknown_hdf5(path, keys)
