"""Matrices that Cell Ranger writes as HDF5: version 2 (a group a genome) and 3 (one group, features of any type)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import h5py
import numpy as np
import pandas as pd
import scipy.sparse as sp

from monae_app.engine.data.contents import Contents, Matrix, Part
from monae_app.engine.data.readers.guard import guarded
from monae_app.engine.data.readers.names import as_text, genome_of
from monae_app.engine.data.readers.stored import NUMBERS, Stored
from monae_app.engine.data.readers.tenx_features import Features, grouped
from monae_app.engine.data.readers.tree import check_inside, hdf5
from monae_app.engine.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from monae_app.engine.data.contents import ReadingOptions
    from monae_app.engine.data.readers.tenx_features import Group

FORMAT_2, FORMAT_3 = "10x HDF5 (Cell Ranger 2)", "10x HDF5 (Cell Ranger 3)"
EXPECTED = "a feature-barcode matrix of Cell Ranger (.h5)"
TODO = "take filtered_feature_bc_matrix.h5 from the outs folder of Cell Ranger; copy it again if it is cut off"
NEEDED = {"barcodes", "data", "indices", "indptr", "shape"}
FEW_FEATURES, MANY_CELLS = 10, 100_000


def genome_groups(file: h5py.File) -> list[str]:
    """Names of the groups that hold a matrix as Cell Ranger 2 writes it."""
    groups = [name for name in file if isinstance(file.get(name), h5py.Group)]
    return [name for name in groups if set(file[name]) >= NEEDED | {"genes"}]


def is_version_3(file: h5py.File) -> bool:
    """Tell whether a file holds a matrix as Cell Ranger 3 and later write it."""
    group = file.get("matrix")
    return isinstance(group, h5py.Group) and set(group) >= NEEDED | {"features"}


def read_version_3(path: Path, _options: ReadingOptions) -> Contents:
    """Read a matrix of Cell Ranger 3 or later: one part a modality.

    Raises
    ------
    InputError
        If it is damaged, or holds no genes, peaks or antibodies.
    """
    with guarded(path, FORMAT_3, EXPECTED, TODO), h5py.File(path, "r", locking=False) as file:
        check_inside(file, ["matrix"], path)
        group = file["matrix"]
        listed = group["features"]
        stored, cells = _stored(path, "matrix", group, len(listed["id"]))
        more = {"interval": as_text(listed["interval"][...])} if "interval" in listed else None
        features = Features(
            as_text(listed["id"][...]),
            as_text(listed["name" if "name" in listed else "id"][...]),
            as_text(listed["feature_type"][...]) if "feature_type" in listed else None,
            as_text(listed["genome"][...]) if "genome" in listed else None,
            more,
        )
        groups, notes = grouped(features)
        notes += _on_empty_droplets(group["indptr"])
    if not groups:
        raise InputError(
            f"{path.name} holds no genes, peaks or antibodies. {' '.join(notes)}",
            f"{EXPECTED}.",
            "choose another file.",
        )
    return Contents(path, FORMAT_3, tuple(part_of(each, cells, stored.matrix) for each in groups), tuple(notes))


def part_of(group: Group, cells: pd.Index, matrix: Callable[..., Matrix]) -> Part:
    """Make a part of some features of a matrix."""
    return Part(
        pd.DataFrame(index=cells),
        group.var,
        {"X": matrix(columns=group.columns)},
        group.name,
        group.modality,
        group.genome,
        group.notes,
    )


def read_version_2(path: Path, _options: ReadingOptions) -> Contents:
    """Read a matrix of Cell Ranger 1 or 2, RNA always; genomes of the same cells are put side by side.

    Raises
    ------
    InputError
        If it is damaged.
    """
    with guarded(path, FORMAT_2, EXPECTED, TODO), h5py.File(path, "r", locking=False) as file:
        names = genome_groups(file)
        check_inside(file, names, path)
        found = [(name, *_stored(path, name, file[name], len(file[name]["genes"]))) for name in names]
        features = [_features_2(file[name]) for name in names]
    if len(found) > 1 and all(cells.equals(found[0][2]) for _, _, cells in found):
        joined = Features(
            np.concatenate([each.ids for each in features]),
            np.concatenate([each.symbols for each in features]),
            genomes=np.repeat(np.array(names, dtype=object), [len(each.ids) for each in features]),
        )
        (group,), _ = grouped(joined)
        matrix = _side_by_side([stored for _, stored, _ in found])
        part = Part(pd.DataFrame(index=found[0][2]), group.var, {"X": matrix}, "", "rna", notes=group.notes)
        return Contents(path, FORMAT_2, (part,))
    parts = []
    for (name, stored, cells), listed in zip(found, features, strict=True):
        (group,), _ = grouped(listed)
        matrices = {"X": stored.matrix()}
        called = name if len(found) > 1 else ""
        parts.append(Part(pd.DataFrame(index=cells), group.var, matrices, called, "rna", genome_of(name), group.notes))
    notes = () if len(parts) == 1 else (f"The genomes {', '.join(names)} list different cells and stay apart.",)
    return Contents(path, FORMAT_2, tuple(parts), notes)


def _features_2(group: h5py.Group) -> Features:
    ids = as_text(group["genes"][...])
    return Features(ids, as_text(group["gene_names"][...]) if "gene_names" in group else ids)


def _stored(path: Path, place: str, group: h5py.Group, n_features: int) -> tuple[Stored, pd.Index]:
    """Describe the matrix of a group: genes x cells by columns on disk, which is cells x genes by rows."""
    cells = pd.Index(as_text(group["barcodes"][...]), dtype=object)
    shape = tuple(int(length) for length in group["shape"][...])
    if shape != (n_features, len(cells)):
        raise ValueError(
            f"the matrix is {' x '.join(map(str, shape))}, but there are {n_features} features and "
            f"{len(cells)} barcodes"
        )
    dtype = group["data"].dtype
    if dtype.kind not in NUMBERS:
        raise ValueError(f"the matrix holds {dtype}")
    return Stored(hdf5(path), place, "csr", (len(cells), n_features), dtype), cells


def _side_by_side(stored: list[Stored]) -> Matrix:
    matrices = [each.matrix() for each in stored]
    shape = (matrices[0].shape[0], sum(each.shape[1] for each in matrices))
    return Matrix(
        shape,
        lambda: sp.hstack([each.read() for each in matrices], format="csr"),
        lambda: np.concatenate([each.peek() for each in matrices]),
    )


def _on_empty_droplets(indptr: h5py.Dataset) -> list[str]:
    if len(indptr) <= MANY_CELLS:
        return []
    median = float(np.median(np.diff(indptr[...].astype(np.int64))))
    if median >= FEW_FEATURES:
        return []
    return [
        f"Half of the {len(indptr) - 1:,} barcodes have at most {median:.0f} features: this is the matrix of all "
        "droplets. The filtered matrix holds the cells alone."
    ]
