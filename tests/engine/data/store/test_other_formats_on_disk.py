"""Large matrices of text, of dense arrays and in Matrix Market format come to disk as they would come to memory."""

from __future__ import annotations

import errno
import gzip
import io
import shutil
import zipfile
from typing import TYPE_CHECKING

import anndata as ad
import numpy as np
import pandas as pd
import pytest
import scipy.io
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from monae_app.engine.config import make_config
from monae_app.engine.data import in_blocks, on_disk
from monae_app.engine.data.contents import ReadingOptions
from monae_app.engine.data.readers import mtx_matrix, open_file, stored_dense, text_table
from monae_app.engine.data.reading import read_dataset
from monae_app.engine.data.store.kept import kept_in, telling
from monae_app.engine.data.store.mapped_matrix import MappedMatrix
from monae_app.engine.errors import InputError
from tests.engine.data.readers.planted_tables import barcodes, write_files, write_loom
from tests.engine.data.store.kills import Killed, check_what_kills_cost, killed_after

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from monae_app.engine.data.contents import Matrix

N_CELLS, N_FEATURES = 40, 25
GENES = [f"GENE{i}" for i in range(N_FEATURES)]


@pytest.fixture(autouse=True)
def _everything_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(on_disk, "LARGE", 0)
    monkeypatch.setattr(in_blocks, "VALUES_AT_ONCE", 60)
    monkeypatch.setattr(mtx_matrix, "STRETCH", 200)
    monkeypatch.setattr(text_table, "BLOCK", 300)
    monkeypatch.setattr(text_table, "SAMPLE_LINES", 6)
    monkeypatch.setattr(stored_dense, "BLOCK_VALUES", 70)


def some_matrix(seed: int = 0) -> sp.csr_matrix:
    rng = np.random.default_rng(seed)
    found = sp.csr_matrix(rng.poisson(0.4, (N_CELLS, N_FEATURES)).astype(np.float32))
    # a cell and a gene without any count, and a count that takes two bytes
    return sp.csr_matrix(found.multiply(np.arange(N_CELLS)[:, None] != 7).multiply(np.arange(N_FEATURES) != 3)) + (
        sp.csr_matrix(([300.0], ([20], [4])), shape=found.shape, dtype=np.float32)
    )


def mtx_of(values: sp.coo_matrix, *, blank: bytes = b"") -> bytes:
    lines = [b"%d %d %d\n" % each for each in zip(values.row + 1, values.col + 1, values.data.astype(int), strict=True)]
    sizes = f"{values.shape[0]} {values.shape[1]} {len(lines)}"
    head = f"%%MatrixMarket matrix coordinate integer general\n%a comment\n{sizes}\n"
    return head.encode() + blank.join(lines)


def in_order(values: sp.csr_matrix, order: str, seed: int) -> sp.coo_matrix:
    found = sp.coo_matrix(values)
    keys = {"cells": found.row, "features": found.col, "any": np.random.default_rng(seed).random(found.nnz)}[order]
    by = np.argsort(keys, kind="stable")
    return sp.coo_matrix((found.data[by], (found.row[by], found.col[by])), shape=values.shape)


def folder_of(folder: Path, matrix: bytes, name: str = "matrix.mtx") -> Path:
    tables = {"features.tsv": "\n".join(GENES) + "\n", "barcodes.tsv": "\n".join(barcodes(N_CELLS)) + "\n"}
    return write_files(folder, {name: matrix} | {each: text.encode() for each, text in tables.items()})


def x_of(path: Path) -> Matrix:
    return open_file(path, ReadingOptions()).parts[0].matrices["X"]


def same(found: sp.csr_matrix, expected: sp.csr_matrix) -> bool:
    assert isinstance(found, MappedMatrix)
    assert found.data.dtype == np.uint16
    return found.shape == expected.shape and not (found[:] != expected).nnz


@pytest.mark.parametrize("order", ["cells", "features", "any"])
@pytest.mark.parametrize("turned", [True, False])
@pytest.mark.parametrize("packed", [True, False])
def test_matrix_market_in_any_order(order: str, turned: bool, packed: bool, tmp_path: Path):
    values = some_matrix()
    listed = in_order(values, order, 1)
    text = mtx_of(listed.T if turned else listed, blank=b"  \r\n" if order == "any" else b"")
    path = folder_of(
        tmp_path / "in", gzip.compress(text) if packed else text, "matrix.mtx.gz" if packed else "matrix.mtx"
    )
    assert same(x_of(path).read(), values)
    told: list[tuple[int, int]] = []
    with kept_in(lambda _: tmp_path / "kept", both_sides=True), telling(lambda *each: told.append(each)):
        assert same(x_of(path).read(), values)
        assert told[0][0] < values.nnz
        assert (values.nnz, values.nnz) in told
        told.clear()
        again = x_of(path)
        assert same(again.read(), values)
        wanted = np.array([4, 0, 4, 24])
        np.testing.assert_array_equal(again.columns(wanted), values[:, wanted].toarray())
        assert told == []
    # nothing that only waited is left
    assert not [each for each in (tmp_path / "kept").rglob("*") if "entries" in each.name]


def test_a_place_that_is_listed_twice_is_summed(tmp_path: Path):
    values = some_matrix()
    one = in_order(values, "any", 2)
    twice = [np.concatenate([each, each]) for each in (one.data, one.row, one.col)]
    path = folder_of(tmp_path, mtx_of(sp.coo_matrix((twice[0], tuple(twice[1:])), shape=values.shape)))
    assert same(x_of(path).read(), 2 * values)


def test_in_an_archive_and_by_modality(tmp_path: Path):
    values = some_matrix()
    kinds = ["Gene Expression" if i % 2 else "Antibody Capture" for i in range(N_FEATURES)]
    tables = "".join(f"{gene}\t{gene}\t{kind}\n" for gene, kind in zip(GENES, kinds, strict=True))
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        archive.writestr("matrix.mtx", mtx_of(sp.coo_matrix(values.T)))
        archive.writestr("features.tsv", tables)
        archive.writestr("barcodes.tsv", "\n".join(barcodes(N_CELLS)) + "\n")
    with kept_in(lambda _: tmp_path / "kept", both_sides=True):
        parts = {each.modality: each for each in open_file(tmp_path / "all.zip", ReadingOptions()).parts}
        told: list[int] = []
        with telling(lambda done, _: told.append(done)):
            found = parts["rna"].matrices["X"].read()
            assert told
            told.clear()
            assert parts["protein"].matrices["X"].columns is None
            again = {each.modality: each for each in open_file(tmp_path / "all.zip", ReadingOptions()).parts}
            proteins = again["protein"].matrices["X"]
            # the matrix is one, and is brought over once
            assert not (proteins.read()[:] != values[:, ::2]).nnz
            np.testing.assert_array_equal(proteins.columns(np.array([2, 0])), values[:, [4, 0]].toarray())
            assert told == []
    assert not (found[:] != values[:, 1::2]).nnz


@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda text: text[: len(text) // 2].rpartition(b"\n")[0] + b"\n", "cut off"),
        (lambda text: text + b"1 1 1\n", "cut off"),
        (lambda text: text.replace(b"21 5 300", b"21 99 300"), "could not be read"),
        (lambda text: text.replace(b"21 5 300", b"21 5 x"), "among its numbers"),
        (lambda text: text.replace(b"21 5 300", b"21 5 " + b"3" * 20_000), "could not be read"),
    ],
)
def test_a_damaged_matrix_is_one_message(damage: Callable[[bytes], bytes], said: str, packed: bool, tmp_path: Path):
    text = damage(mtx_of(in_order(some_matrix(), "any", 3)))
    path = folder_of(
        tmp_path / "in", gzip.compress(text) if packed else text, "matrix.mtx.gz" if packed else "matrix.mtx"
    )
    with kept_in(lambda _: tmp_path / "kept"), pytest.raises(InputError, match=said):
        x_of(path).read()


@pytest.mark.parametrize("form", ["mtx", "mtx.gz", "dense", "csr"])
def test_a_full_disk_is_said_and_what_was_brought_over_is_taken_up(form: str, tmp_path: Path):
    values = some_matrix()
    path, before = written(tmp_path / "in", form, values), shutil.disk_usage
    with kept_in(lambda _: tmp_path / "kept"):
        with (
            telling(filled_after(3)),
            pytest.raises(InputError, match="the disk that its values go to is full") as told,
        ):
            x_of(path).read()
        assert "free some space" in told.value.todo
        again: list[int] = []
        with telling(lambda done, _: again.append(done)):
            assert same(x_of(path).read(), values)
        # not from the start; of what is dense, cells are counted
        assert again[0] > (6 if form == "dense" else 60)
    with pytest.MonkeyPatch.context() as patched, kept_in(lambda _: tmp_path / "other"):
        patched.setattr(shutil, "disk_usage", lambda where: before(where)._replace(free=10))
        if form != "dense":
            with pytest.raises(InputError, match="the disk that its values go to is full"):
                x_of(path).read()


def filled_after(calls: int) -> Callable[[int, int], None]:
    left = iter(range(calls))

    def tell(_done: int, _total: int) -> None:
        if next(left, None) is None:
            raise OSError(errno.ENOSPC, "No space left on device")

    return tell


def written(folder: Path, form: str, values: sp.csr_matrix) -> Path:
    folder.mkdir()
    if form == "loom":
        return write_loom(folder / "cells.loom", values, barcodes(N_CELLS), GENES)
    if form == "csr":
        ad.AnnData(values).write_h5ad(folder / "cells.h5ad")
        return folder / "cells.h5ad"
    if form == "dense":
        ad.AnnData(values.toarray()).write_h5ad(folder / "cells.h5ad")
        return folder / "cells.h5ad"
    text = mtx_of(in_order(values, "any", 4).T)
    return folder_of(folder, gzip.compress(text) if form == "mtx.gz" else text, f"matrix.{form}")


@given(st.lists(st.integers(0, 12), max_size=4), st.sampled_from(["mtx", "mtx.gz", "dense", "loom"]), st.integers(0, 3))
@settings(max_examples=25, deadline=None)
def test_whoever_comes_after_a_kill_goes_on_where_it_was(tmp_path_factory, kills: list[int], form: str, seed: int):
    folder = tmp_path_factory.mktemp("killed")
    values = some_matrix(seed)
    path = written(folder / "in", form, values)

    def check(found: MappedMatrix) -> None:
        assert same(found, values)
        np.testing.assert_array_equal(x_of(path).columns(np.arange(N_FEATURES)), values.toarray())

    check_what_kills_cost(kills, folder, lambda: x_of(path).read(), check)


def test_what_waits_is_begun_anew_if_it_is_damaged(tmp_path: Path):
    values = some_matrix()
    path = folder_of(tmp_path / "in", mtx_of(in_order(values, "any", 5)))
    for damage in (lambda file: file.write_bytes(b""), lambda file: file.unlink()):
        with kept_in(lambda _: tmp_path / "kept"):
            with pytest.raises(Killed), telling(killed_after(8)):
                x_of(path).read()
            waiting = sorted((tmp_path / "kept").rglob("entries.*"))
            assert len(waiting) > 2
            damage(waiting[1])
            found = x_of(path).read()
        assert same(found, values)
        for each in (tmp_path / "kept").rglob("about.json"):
            each.unlink()


@pytest.mark.parametrize("rows", ["cells", "features"])
@pytest.mark.parametrize("packed", [True, False])
def test_a_text_table_in_either_orientation(rows: str, packed: bool, tmp_path: Path):
    values = some_matrix()
    table = pd.DataFrame(values.toarray().astype(int), index=barcodes(N_CELLS), columns=GENES)
    path = tmp_path / ("table.csv.gz" if packed else "table.csv")
    (table if rows == "cells" else table.T).to_csv(path)
    told: list[tuple[int, int]] = []
    with telling(lambda *each: told.append(each)):
        contents = open_file(path, ReadingOptions())
    assert same(contents.parts[0].matrices["X"].read(), values)
    assert contents.parts[0].rows == rows
    # of a packed table the bytes of the file count, which this one gives at once
    assert (path.stat().st_size,) * 2 in told
    if not packed:
        assert len({done for done, _ in told}) > 5


def test_levels_that_are_zero_stay_covered(tmp_path: Path):
    rng = np.random.default_rng(6)
    covered = rng.random((N_CELLS, N_FEATURES)) < 0.5
    levels = np.where(covered, rng.integers(0, 3, covered.shape) / 2, np.nan)
    var = pd.DataFrame(index=[f"chr1:{1000 * i}-{1000 * i + 500}" for i in range(N_FEATURES)])
    cells = pd.DataFrame(index=barcodes(N_CELLS))
    places = np.nonzero(covered)
    stored = sp.csr_matrix((levels[places], places), shape=levels.shape)
    ad.AnnData(stored, obs=cells, var=var).write_h5ad(tmp_path / "sparse.h5ad")
    ad.AnnData(levels, obs=cells, var=var).write_h5ad(tmp_path / "dense.h5ad")
    pd.DataFrame(levels, index=cells.index, columns=var.index).to_csv(tmp_path / "text.csv", na_rep="NA")
    listed = "".join(f"{i + 1} {j + 1} {levels[i, j]:g}\n" for i, j in zip(*places, strict=True))
    (tmp_path / "mtx").mkdir()
    head = f"%%MatrixMarket matrix coordinate real general\n{N_CELLS} {N_FEATURES} {covered.sum()}\n"
    (tmp_path / "mtx" / "matrix.mtx").write_text(head + listed)
    (tmp_path / "mtx" / "features.tsv").write_text("\n".join(var.index) + "\n")
    (tmp_path / "mtx" / "barcodes.tsv").write_text("\n".join(cells.index) + "\n")
    for name in ("sparse.h5ad", "dense.h5ad", "text.csv", "mtx"):
        dataset = read_dataset(make_config(inputs={"methylation": tmp_path / name}))
        np.testing.assert_allclose(dataset.modalities["methylation"].values.dense_levels(), levels)


def test_scipy_reads_what_is_written_here():
    values = some_matrix()
    found = scipy.io.mmread(io.BytesIO(mtx_of(in_order(values, "any", 7))), spmatrix=True)
    assert not (sp.csr_matrix(found) != values).nnz
