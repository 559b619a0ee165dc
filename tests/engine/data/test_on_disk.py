"""A matrix on disk is the same as one in memory, wherever it is cut."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anndata as ad
import h5py
import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from monae_app.engine.data import in_blocks, on_disk
from monae_app.engine.data.contents import ReadingOptions
from monae_app.engine.data.on_disk import MatrixWriter, below_each_other, cells_with, mapped_in, sums_by_group, take
from monae_app.engine.data.readers import open_file
from monae_app.engine.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def _everything_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(on_disk, "LARGE", 0)
    monkeypatch.setattr(in_blocks, "VALUES_AT_ONCE", 40)


def some_matrix(seed: int, n_cells: int = 60, n_features: int = 30) -> sp.csr_matrix:
    rng = np.random.default_rng(seed)
    return sp.csr_matrix(rng.poisson(0.3, (n_cells, n_features)).astype(np.float32))


def same(found: sp.csr_matrix, expected: sp.csr_matrix) -> bool:
    return found.shape == expected.shape and not (found != expected).nnz and found.has_sorted_indices


@given(st.integers(0, 9), st.lists(st.integers(0, 59), max_size=80), st.sets(st.integers(0, 29)))
@settings(max_examples=40, deadline=None)
def test_rows_and_columns_are_those_of_an_ordinary_matrix(seed: int, rows: list[int], columns: set[int]):
    values = some_matrix(seed)
    order, wanted = np.array(rows, np.int64), np.array(sorted(columns), np.int64)
    assert same(take(values, order, wanted), values[order][:, wanted])
    assert same(take(values, order), values[order])
    assert same(take(values, columns=wanted), values[:, wanted])


def test_what_is_large_is_mapped_and_what_is_not_is_left_as_it_is(monkeypatch: pytest.MonkeyPatch):
    values = some_matrix(0)
    found = take(values, np.arange(10, 50))
    assert isinstance(found.data, np.memmap)
    assert isinstance(found.indices, np.memmap)
    monkeypatch.setattr(on_disk, "LARGE", values.nnz)
    assert take(values) is values
    assert not isinstance(take(values, np.arange(10)).data, np.memmap)


def test_no_file_is_left_behind(tmp_path: Path):
    with mapped_in(tmp_path):
        found = take(some_matrix(0), np.arange(20))
        assert list(tmp_path.iterdir()) == []
    assert same(found, some_matrix(0)[:20])


def test_samples_are_stacked_on_disk_as_they_are_in_memory():
    parts = [some_matrix(1), some_matrix(2)[:0], some_matrix(3, n_cells=11)]
    expected = sp.csr_matrix(sp.vstack(parts))
    found = below_each_other(parts)
    assert isinstance(found.data, np.memmap)
    assert same(found, expected)
    assert parts == []


def test_a_matrix_with_rows_missing_is_no_matrix():
    writer = MatrixWriter(3, 30, 100)
    writer.append(some_matrix(0)[:2])
    with pytest.raises(ValueError, match="2 of 3 rows"):
        writer.finish()


def test_sums_and_counts_are_those_of_an_ordinary_matrix():
    values = some_matrix(3)
    group = np.arange(60) % 4
    expected = np.stack([np.asarray(values[group == each].sum(axis=0)).ravel() for each in range(4)])
    np.testing.assert_allclose(sums_by_group(values, group, 5), np.vstack([expected, np.zeros(30)]))
    np.testing.assert_array_equal(cells_with(values), np.asarray((values > 0).sum(axis=0)).ravel())


def read(path: Path) -> sp.csr_matrix:
    return open_file(path, ReadingOptions()).parts[0].matrices["X"].read()


@pytest.mark.parametrize("kind", [sp.csr_matrix, sp.csc_matrix])
def test_a_file_is_read_onto_the_disk_as_it_is_into_memory(kind, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    values = some_matrix(5)
    # rows without any value at the beginning, in the middle and at the end
    values = sp.csr_matrix(sp.diags((~np.isin(np.arange(60), [0, 30, 31, 59])).astype(np.float32)) @ values)
    values.eliminate_zeros()
    values.sort_indices()
    ad.AnnData(kind(values)).write_h5ad(tmp_path / "rna.h5ad")
    found = read(tmp_path / "rna.h5ad")
    assert isinstance(found.data, np.memmap)
    assert same(found, values)
    monkeypatch.setattr(on_disk, "LARGE", 10**9)
    assert same(read(tmp_path / "rna.h5ad"), values)


@pytest.mark.parametrize("kind", [sp.csr_matrix, sp.csc_matrix])
@pytest.mark.parametrize("place", ["indices", "indptr"])
def test_a_damaged_file_is_refused_in_words(place: str, kind, tmp_path: Path):
    ad.AnnData(kind(some_matrix(5))).write_h5ad(tmp_path / "rna.h5ad")
    with h5py.File(tmp_path / "rna.h5ad", "r+") as file:
        file["X"][place][3] = 10_000
    with pytest.raises(InputError):
        read(tmp_path / "rna.h5ad")
