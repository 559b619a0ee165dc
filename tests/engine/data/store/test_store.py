"""What is kept on disk is what the file holds, by both of its sides, however often the writer was killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import anndata as ad
import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from monae_app.engine.data import in_blocks, on_disk
from monae_app.engine.data.contents import ReadingOptions
from monae_app.engine.data.readers import open_file
from monae_app.engine.data.store import transposing
from monae_app.engine.data.store.kept import Entry, kept_in, key_of, telling
from monae_app.engine.data.store.lines import Lines, LineWriter
from monae_app.engine.data.store.mapped_matrix import MappedMatrix
from monae_app.engine.data.store.transposing import transposed
from tests.engine.data.store.kills import check_what_kills_cost

if TYPE_CHECKING:
    from pathlib import Path

    from monae_app.engine.data.contents import Matrix

N_CELLS, N_FEATURES = 60, 30


@pytest.fixture(autouse=True)
def _everything_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(on_disk, "LARGE", 0)
    monkeypatch.setattr(in_blocks, "VALUES_AT_ONCE", 40)


def some_matrix(seed: int, mean: float = 0.3) -> sp.csr_matrix:
    rng = np.random.default_rng(seed)
    return sp.csr_matrix(rng.poisson(mean, (N_CELLS, N_FEATURES)).astype(np.float32))


def written(folder: Path, values: sp.csr_matrix, step: int = 7) -> Lines:
    writer = LineWriter(folder)
    for first in range(writer.done, values.shape[0], step):
        writer.append(values[first : first + step])
    return writer.finish()


def matrix_of(lines: Lines, shape: tuple[int, int]) -> MappedMatrix:
    return MappedMatrix.of(lines.values, lines.places, lines.ends, shape)


def file_of(folder: Path, values: sp.spmatrix) -> Path:
    folder.mkdir(exist_ok=True)
    ad.AnnData(values).write_h5ad(folder / "rna.h5ad")
    return folder / "rna.h5ad"


def x_of(path: Path) -> Matrix:
    return open_file(path, ReadingOptions()).parts[0].matrices["X"]


@pytest.mark.parametrize(
    ("largest", "width"), [(3, np.uint8), (255, np.uint8), (256, np.uint16), (65_536, np.float32), (0.5, np.float32)]
)
@pytest.mark.parametrize("at", [0, N_CELLS - 1])
def test_a_value_takes_as_many_bytes_as_the_largest_needs(largest: float, width: type, at: int, tmp_path: Path):
    values = some_matrix(0).tolil()
    values[at, 4] = largest
    values = sp.csr_matrix(values)
    lines = written(tmp_path, values)
    assert lines.values.dtype == width
    found = matrix_of(lines, values.shape)
    assert found[:].dtype == np.float32
    assert not (found[:] != values).nnz


@given(st.integers(0, 3), st.lists(st.integers(0, N_CELLS - 1), max_size=80), st.sets(st.integers(0, N_FEATURES - 1)))
@settings(max_examples=40, deadline=None)
def test_rows_columns_and_sums_are_those_of_an_ordinary_matrix(seed: int, rows: list[int], columns: set[int]):
    values = some_matrix(seed, mean=60)
    narrow = values.data.astype(np.uint8)
    found = MappedMatrix.of(narrow, values.indices, values.indptr, values.shape)
    order, wanted = np.array(rows, np.int64), np.array(sorted(columns), np.int64)
    mask = np.isin(np.arange(N_CELLS), order)
    for key in (
        order,
        mask,
        slice(3, 40),
        slice(50, 10),
        7,
        (order, slice(3, 9)),
        (slice(None), wanted),
        (slice(5), 3),
    ):
        expected = values[key]
        assert found[key].shape == expected.shape
        assert not (found[key] != expected).nnz
        assert found[key].dtype == np.float32
    with pytest.raises(IndexError, match="choose rows first"):
        found[order, wanted]
    # bytes would have overflown
    for axis in (None, 0, 1):
        np.testing.assert_allclose(found.sum(axis=axis), values.sum(axis=axis), rtol=1e-6)
        assert np.asarray(found.sum(axis=axis)).dtype == np.float32


def test_what_is_chosen_can_be_changed_without_changing_the_file(tmp_path: Path):
    values = some_matrix(1)
    found = matrix_of(written(tmp_path, values), values.shape)
    for some in (found[:10], found[np.arange(10)]):
        some.data += 5
        some.indices[:] = 0
    assert not (found[:] != values).nnz


@pytest.mark.parametrize("kind", [sp.csr_matrix, sp.csc_matrix])
@pytest.mark.parametrize("both", [True, False])
def test_a_file_is_read_once_and_then_opened(kind, both: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    values = some_matrix(5)
    path, kept = file_of(tmp_path / "files", kind(values)), tmp_path / "kept"
    told: list[tuple[int, int]] = []
    with kept_in(lambda _: kept, both_sides=both), telling(lambda *so_far: told.append(so_far)):
        first = x_of(path).read()
        assert told[-1] == (values.nnz, values.nnz)
        assert len(told) > 5
        told.clear()
        again = x_of(path)
        assert not (first[:] != values).nnz
        assert not (again.read()[:] != values).nnz
        assert told == []
        (entry,) = (Entry.read(each) for each in kept.iterdir())
        assert entry is not None
        assert entry.is_current()
        wanted = np.array([7, 0, 7, 29])
        expected = values[:, wanted].toarray()
        np.testing.assert_array_equal(again.columns(wanted), expected)
        if both or kind is sp.csc_matrix:
            # nothing of the file is looked at any more
            monkeypatch.setattr("monae_app.engine.data.readers.stored.read_columns", None)
            np.testing.assert_array_equal(again.columns(wanted), expected)
        else:
            assert entry.by_feature() is None
    # a file that was changed has another name
    before = key_of(path, "/X")
    os.utime(path, ns=(1, 1))
    assert key_of(path, "/X") != before
    assert not entry.is_current()


@given(st.lists(st.integers(0, 30), max_size=4), st.sampled_from([sp.csr_matrix, sp.csc_matrix]), st.integers(0, 3))
@settings(max_examples=25, deadline=None)
def test_a_writer_that_was_killed_goes_on_where_it_was(tmp_path_factory, kills: list[int], kind, seed: int):
    folder = tmp_path_factory.mktemp("killed")
    # a value that takes more bytes comes late
    values = some_matrix(seed).tolil()
    values[50, 3] = 300
    values = sp.csr_matrix(values)
    path = file_of(folder / "files", kind(values))

    def check(found: MappedMatrix) -> None:
        assert not (found[:] != values).nnz
        assert found.data.dtype == np.uint16
        np.testing.assert_array_equal(x_of(path).columns(np.arange(N_FEATURES)), values.toarray())

    check_what_kills_cost(kills, folder, lambda: x_of(path).read(), check)


def test_a_process_that_is_killed_leaves_what_the_next_one_takes(tmp_path: Path):
    values = some_matrix(2)
    path = file_of(tmp_path / "files", values)
    script = f"""
import os, signal
from pathlib import Path
from monae_app.engine.data import in_blocks, on_disk
from monae_app.engine.data.contents import ReadingOptions
from monae_app.engine.data.readers import open_file
from monae_app.engine.data.store.kept import kept_in, telling
on_disk.LARGE, in_blocks.VALUES_AT_ONCE = 0, 40
def tell(done, total):
    if done > 200:
        os.kill(os.getpid(), signal.SIGKILL)
with kept_in(lambda _: Path({str(tmp_path / "kept")!r})), telling(tell):
    open_file(Path({str(path)!r}), ReadingOptions()).parts[0].matrices["X"].read()
"""
    done = subprocess.run([sys.executable, "-c", script], check=False)
    assert done.returncode == -signal.SIGKILL
    told: list[int] = []
    with kept_in(lambda _: tmp_path / "kept"), telling(lambda so_far, _: told.append(so_far)):
        found = x_of(path).read()
    assert not (found[:] != values).nnz
    assert told[0] > 200


def test_a_damaged_or_foreign_note_costs_a_new_start_and_nothing_else(tmp_path: Path):
    values = some_matrix(3)
    writer = LineWriter(tmp_path)
    writer.append(values[:20])
    (tmp_path / "written.json").write_text('{"lines": 2000, "stored": 3, "width": "u9"}', encoding="utf-8")
    assert LineWriter(tmp_path).done == 0
    lines = written(tmp_path, values)
    assert not (matrix_of(lines, values.shape)[:] != values).nnz
    # a file that was cut short is not whole
    with (tmp_path / "places.i4").open("r+b") as file:
        file.truncate(40)
    assert Lines.open(tmp_path) is None


def test_two_writers_do_not_meet(tmp_path: Path):
    values = some_matrix(4)
    path = file_of(tmp_path / "files", values)
    entry = Entry(tmp_path / "kept" / key_of(path, "/X"), path, "/X")
    with kept_in(lambda _: tmp_path / "kept"):
        with entry.writing() as mine:
            assert mine
            # who comes second reads for itself, and leaves nothing behind
            assert not (x_of(path).read()[:] != values).nnz
            assert entry.by_cell() is None
        assert not (x_of(path).read()[:] != values).nnz
    assert entry.by_cell() is not None


def test_the_other_side_of_the_other_side_is_the_matrix(tmp_path: Path):
    values = some_matrix(6, mean=0.05)
    lines = written(tmp_path / "cells", values)
    turned = transposed(lines, N_FEATURES, tmp_path / "features", lambda *_: None)
    assert not (matrix_of(turned, values.shape[::-1])[:] != values.T).nnz
    back = transposed(turned, N_CELLS, tmp_path / "again", lambda *_: None)
    for one, other in ((back.values, lines.values), (back.places, lines.places), (back.ends, lines.ends)):
        np.testing.assert_array_equal(one, other)
    assert transposing.FREE not in {each.name for each in (tmp_path / "features").iterdir()}
