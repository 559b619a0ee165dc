"""Random tables and the files that other programs make of them, written by hand."""

from __future__ import annotations

import gzip
import io
from typing import TYPE_CHECKING

import anndata as ad
import h5py
import numpy as np
import pandas as pd
import scipy.io
import scipy.sparse as sp
from anndata.io import write_elem
from hypothesis import strategies as st

if TYPE_CHECKING:
    from pathlib import Path

BASES = np.array(list("ACGT"))
DTYPES = ("float32", "float64", "int32", "int64", "uint8", "bool")


def barcodes(count: int, seed: int = 0) -> list[str]:
    rng = np.random.default_rng(seed)
    return [f"{''.join(rng.choice(BASES, 16))}-{i}" for i in range(count)]


def counts(n_cells: int = 12, n_features: int = 30, seed: int = 0) -> sp.csr_matrix:
    dense = np.random.default_rng(seed).poisson(0.7, (n_cells, n_features)).astype(np.float32)
    dense[0, 0] = 3
    return sp.csr_matrix(dense)


@st.composite
def tables(draw: st.DrawFn) -> ad.AnnData:
    """Any small valid AnnData: matrices of any kind and type, layers, raw, columns of any kind."""
    n_cells, n_features = draw(st.integers(1, 9)), draw(st.integers(1, 9))
    rng = np.random.default_rng(draw(st.integers(0, 2**31)))

    def matrix(width: int) -> sp.spmatrix | np.ndarray:
        values = rng.poisson(0.8, (n_cells, width)).astype(draw(st.sampled_from(DTYPES)))
        return draw(st.sampled_from([np.asarray, sp.csr_matrix, sp.csc_matrix]))(values)

    names = st.text(st.characters(codec="utf-8", exclude_categories=["C"], exclude_characters="/"), min_size=1)
    index = st.lists(names, min_size=n_cells, max_size=n_cells, unique=True)
    obs = pd.DataFrame(index=pd.Index(draw(index), dtype=object))
    obs["kind"] = pd.Categorical(rng.choice(["a", "b", "ü"], n_cells), ordered=draw(st.booleans()))
    obs["share"] = rng.random(n_cells)
    obs["n"] = pd.array(rng.integers(0, 9, n_cells), dtype=draw(st.sampled_from(["int64", "Int32"])))
    obs["seen"] = pd.array(rng.random(n_cells) < 0.5, dtype=draw(st.sampled_from(["bool", "boolean"])))
    var = pd.DataFrame(index=[f"Gene{i}" for i in range(n_features)])
    table = ad.AnnData(matrix(n_features), obs=obs, var=var)
    for name in draw(st.lists(st.sampled_from(["counts", "raw counts", "log"]), unique=True)):
        table.layers[name] = matrix(n_features)
    if draw(st.booleans()):
        wide = n_features + 2
        wider = ad.AnnData(matrix(wide), obs=obs[[]], var=pd.DataFrame(index=[f"Gene{i}" for i in range(wide)]))
        table.raw = wider
    return table


def dense(values: object) -> np.ndarray:
    return values.toarray() if sp.issparse(values) else np.asarray(values)


def write_h5mu(path: Path, parts: dict[str, ad.AnnData], axis: int = 0) -> Path:
    with h5py.File(path, "w") as file:
        file.attrs["axis"] = axis
        file.attrs["encoding-type"] = "MuData"
        group = file.create_group("mod")
        group.attrs["mod-order"] = list(parts)
        for name, table in parts.items():
            write_elem(group, name, table)
    return path


def write_tenx(
    path: Path, values: sp.csr_matrix, cells: list[str], ids: list[str], symbols: list[str], **more: list[str]
) -> Path:
    """Write a matrix as Cell Ranger 3 does; ``more`` are feature_type and genome."""
    with h5py.File(path, "w") as file:
        group = file.create_group("matrix")
        _write_arrays(group, values, cells)
        features = {"id": ids, "name": symbols, **more}
        for name, column in features.items():
            group[f"features/{name}"] = np.array(column, dtype="S")
    return path


def write_tenx_2(path: Path, genomes: dict[str, tuple[sp.csr_matrix, list[str], list[str], list[str]]]) -> Path:
    """Write matrices as Cell Ranger 2 does: by genome, values, cells, ids, symbols."""
    with h5py.File(path, "w") as file:
        for genome, (values, cells, ids, symbols) in genomes.items():
            group = file.create_group(genome)
            _write_arrays(group, values, cells)
            group["genes"], group["gene_names"] = np.array(ids, dtype="S"), np.array(symbols, dtype="S")
    return path


def _write_arrays(group: h5py.Group, values: sp.csr_matrix, cells: list[str]) -> None:
    group["barcodes"] = np.array(cells, dtype="S")
    group["data"], group["indices"] = values.data.astype(np.int32), values.indices.astype(np.int64)
    group["indptr"], group["shape"] = values.indptr.astype(np.int64), np.array(values.shape[::-1], np.int32)


def mtx_files(
    values: sp.csr_matrix,
    cells: list[str],
    features: list[list[str]],
    *,
    names: tuple[str, str, str] = ("matrix.mtx", "features.tsv", "barcodes.tsv"),
    packed: bool = False,
    turned: bool = True,
) -> dict[str, bytes]:
    """Return the three files of a matrix, by name."""
    matrix = io.BytesIO()
    scipy.io.mmwrite(matrix, (values.T if turned else values).astype(int))
    tables = ("\n".join("\t".join(row) for row in features) + "\n", "\n".join(cells) + "\n")
    contents = [matrix.getvalue(), *(table.encode() for table in tables)]
    if packed:
        return {f"{name}.gz": gzip.compress(each) for name, each in zip(names, contents, strict=True)}
    return dict(zip(names, contents, strict=True))


def write_files(folder: Path, files: dict[str, bytes]) -> Path:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def write_loom(path: Path, values: sp.csr_matrix, cells: list[str], genes: list[str], **layers: np.ndarray) -> Path:
    with h5py.File(path, "w") as file:
        file["matrix"] = values.toarray().T
        file["col_attrs/CellID"], file["row_attrs/Gene"] = cells, genes
        file.create_group("layers")
        for name, layer in layers.items():
            file[f"layers/{name}"] = layer.T
    return path
