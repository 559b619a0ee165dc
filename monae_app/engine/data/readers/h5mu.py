"""MuData files (.h5mu): several AnnData in one file, of the same cells (axis 0) or the same features (axis 1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import h5py
import numpy as np

from monae_app.engine.data.contents import Contents
from monae_app.engine.data.readers.guard import guarded
from monae_app.engine.data.readers.h5ad import entries, part_of
from monae_app.engine.data.readers.names import as_text, modality_of
from monae_app.engine.data.readers.tree import attribute, check_inside, hdf5
from monae_app.engine.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

    from monae_app.engine.data.contents import Part, ReadingOptions

FORMAT = "MuData (.h5mu)"
EXPECTED = "an .h5mu file (MuData) whose modalities have a matrix X, obs and var"


def read(path: Path, _options: ReadingOptions) -> Contents:
    """Read an .h5mu file: one part a modality, named as the file names it.

    Raises
    ------
    InputError
        If no modality has a matrix.
    """
    todo = "write it anew with mudata's write_h5mu; the file may be cut off or damaged"
    notes: list[str] = []
    parts: list[Part] = []
    with guarded(path, FORMAT, EXPECTED, todo), h5py.File(path, "r", locking=False) as file:
        group = file["mod"]
        same_features = _axis(file) == 1
        for name in _order(group):
            check_inside(file, entries(file, f"mod/{name}/"), path)
            try:
                part = part_of(hdf5(path), f"mod/{name}", group[name], path, name, modality_of(name))
            except InputError:
                notes.append(f"The modality {name!r} has no matrix and was left out.")
                continue
            parts.append(part)
    if not parts:
        raise InputError(
            f"{path.name} holds no modality with a matrix ({', '.join(map(repr, _order_of(path))) or 'no modality'}).",
            f"{EXPECTED}.",
            "set X of the modalities and write the file anew.",
        )
    if same_features and len(parts) > 1:
        notes.append("The parts of this file hold the same features in different cells (axis 1).")
    return Contents(path, FORMAT, tuple(parts), tuple(notes))


def _axis(file: h5py.File) -> int:
    found = attribute(file, "axis")
    return int(found) if found is not None and np.size(found) == 1 else 0


def _order(group: h5py.Group) -> list[str]:
    """Names of the modalities, in the order that the file gives, the rest behind."""
    order = attribute(group, "mod-order")
    named = [] if order is None else [name for name in as_text(np.atleast_1d(order)) if name in group]
    return list(dict.fromkeys([*named, *group]))


def _order_of(path: Path) -> list[str]:
    with h5py.File(path, "r", locking=False) as file:
        return _order(file["mod"])
