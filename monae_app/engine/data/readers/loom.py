"""Loom files (.loom): a matrix of genes x cells, with what is known of both."""

from __future__ import annotations

from typing import TYPE_CHECKING

import h5py
import numpy as np
import pandas as pd

from monae_app.engine.data.contents import Contents, Part
from monae_app.engine.data.readers.guard import guarded
from monae_app.engine.data.readers.names import as_text, feature_names, invented
from monae_app.engine.data.readers.stored import NUMBERS, Stored
from monae_app.engine.data.readers.tree import check_inside, hdf5

if TYPE_CHECKING:
    from pathlib import Path

    from monae_app.engine.data.contents import Matrix, ReadingOptions

FORMAT = "Loom (.loom)"
EXPECTED = "a .loom file with a matrix, row_attrs and col_attrs"
TODO = "write it anew with loompy or export an .h5ad; the file may be cut off or damaged"
GENE_NAMES = ("Gene", "var_names", "gene_names", "gene_name", "GeneName", "genes", "gene", "Symbol", "symbol", "name")
GENE_IDS = ("Accession", "gene_ids", "gene_id", "GeneID", "ENSEMBL", "ensembl_id", "Ensembl")
CELL_NAMES = ("CellID", "obs_names", "cell_names", "Cell", "cell_id", "cellID", "barcode", "barcodes", "Barcode")


def read(path: Path, _options: ReadingOptions) -> Contents:
    """Read a .loom file; names that are missing are made up, which a note says.

    Raises
    ------
    InputError
        If it is damaged or its tables do not fit the matrix.
    """
    notes: list[str] = []
    with guarded(path, FORMAT, EXPECTED, TODO), h5py.File(path, "r", locking=False) as file:
        names = [name for name in ("matrix", "layers", "row_attrs", "col_attrs") if name in file]
        check_inside(file, names, path)
        n_features, n_cells = _shape(file["matrix"])
        var = _table(file["row_attrs"], n_features, "row_attrs", notes)
        obs = _table(file["col_attrs"], n_cells, "col_attrs", notes)
        matrices = {"X": _matrix(path, "matrix", file["matrix"])}
        for layer in file.get("layers", ()):
            node = file[f"layers/{layer}"]
            if node.shape != file["matrix"].shape or node.dtype.kind not in NUMBERS or layer == "X":
                notes.append(f"The layer {layer!r} was left out: it does not fit the matrix.")
            else:
                matrices[layer] = _matrix(path, f"layers/{layer}", node)
    var = _named_features(var, notes)
    cells = next((name for name in CELL_NAMES if name in obs), None)
    if cells is None:
        notes.append("The cells have no names; they were numbered.")
        obs.index = invented("cell", len(obs))
    else:
        obs.index = pd.Index(as_text(obs.pop(cells)), dtype=object)
    return Contents(path, FORMAT, (Part(obs, var, matrices, notes=tuple(notes)),))


def _matrix(path: Path, place: str, node: h5py.Dataset) -> Matrix:
    n_features, n_cells = _shape(node)
    if node.dtype.kind not in NUMBERS:
        raise ValueError(f"the matrix holds {node.dtype}")
    return Stored(hdf5(path), place, "turned", (n_cells, n_features), node.dtype).matrix()


def _shape(node: h5py.Dataset) -> tuple[int, int]:
    if len(node.shape) != 2:
        raise ValueError(f"the matrix has {len(node.shape)} dimensions")
    return node.shape[0], node.shape[1]


def _table(group: h5py.Group, length: int, called: str, notes: list[str]) -> pd.DataFrame:
    """Read the attributes that have one value a row; others, such as coordinates of a plot, are passed over."""
    columns = {}
    for name in group:
        node = group[name]
        if not isinstance(node, h5py.Dataset) or len(node.shape or ()) != 1 or node.dtype.kind not in "biufSO":
            continue
        if node.shape[0] != length:
            notes.append(f"{called}/{name} was left out: {node.shape[0]} values for {length}.")
            continue
        values = node[...]
        columns[name] = as_text(values) if values.dtype.kind in "SO" else np.asarray(values)
    return pd.DataFrame(columns, index=pd.RangeIndex(length))


def _named_features(var: pd.DataFrame, notes: list[str]) -> pd.DataFrame:
    ids = next((name for name in GENE_IDS if name in var), None)
    symbols = next((name for name in GENE_NAMES if name in var), ids)
    if symbols is None:
        notes.append("The genes have no names; they were numbered.")
        var.index = invented("gene", len(var))
        return var
    given = as_text(var[symbols])
    var.index = feature_names(given, None if ids is None else as_text(var[ids]))
    renamed = int((var.index.to_numpy() != given).sum())
    if renamed:
        notes.append(f"{renamed:,} genes share their name with another and were given another name.")
    if ids is not None and "gene_id" not in var:
        var["gene_id"] = as_text(var[ids])
    return var.drop(columns=[symbols] if symbols != ids else [])
