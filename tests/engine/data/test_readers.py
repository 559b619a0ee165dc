from __future__ import annotations

import os

import anndata as ad
import h5py
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

from monae_app.engine.config import make_config
from monae_app.engine.data.feature_reading import read_feature
from monae_app.engine.data.readers.h5ad import read_h5ad
from monae_app.engine.data.reading import read_dataset, read_modality
from monae_app.engine.errors import InputError


@pytest.fixture
def counts() -> np.ndarray:
    return np.random.default_rng(0).poisson(2, (12, 8)) + np.eye(12, 8, dtype=np.int64)


@pytest.fixture
def write(tmp_path):
    def to_file(x, name="rna.h5ad", cells=None, features=None, obs=None, **parts):
        n_cells, n_features = (12, 8) if x is None else x.shape
        table = ad.AnnData(
            x,
            obs=pd.DataFrame(obs or {}, index=cells or [f"cell{i}" for i in range(n_cells)]),
            var=pd.DataFrame(index=features or [f"gene{i}" for i in range(n_features)]),
            **parts,
        )
        table.write_h5ad(tmp_path / name)
        return tmp_path / name

    return to_file


def read(path, **settings):
    notes: list[str] = []
    return read_modality("rna", make_config(inputs={"rna": path}, **settings), notes), notes


def feature_of(path, name):
    return read_feature(make_config(inputs={"rna": path}), "rna", name)


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"There is no file .*absent\.h5ad"):
        read_h5ad(tmp_path / "absent.h5ad")
    with pytest.raises(InputError, match="is a folder"):
        read_h5ad(tmp_path)


@pytest.mark.parametrize(
    "content", [b"", b"cell,gene\n1,2\n", b"\x1f\x8b\x08\x00", np.random.default_rng(0).bytes(5000)]
)
def test_a_file_that_is_no_hdf5_is_refused(tmp_path, content):
    path = tmp_path / "rna.h5ad"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"rna\.h5ad is no \.h5ad: it begins with") as caught:
        read_h5ad(path)
    assert repr(content[:8]) in caught.value.found


def test_hdf5_that_is_no_h5ad_is_refused_with_what_it_holds(tmp_path):
    path = tmp_path / "matrix.h5"
    with h5py.File(path, "w") as file:
        file["matrix/barcodes"] = [1, 2]
    with pytest.raises(InputError, match="holds matrix"):
        read_h5ad(path)
    with h5py.File(path, "w"):
        pass
    with pytest.raises(InputError, match="holds nothing"):
        read_h5ad(path)


@pytest.mark.filterwarnings("ignore::anndata.OldFormatWarning")
def test_obs_of_no_use_is_refused(tmp_path):
    path = tmp_path / "odd.h5ad"
    with h5py.File(path, "w") as file:
        file["obs"], file["var"], file["X"] = [1, 2], [3, 4], np.ones((2, 2))
    with pytest.raises(InputError):
        read_h5ad(path)


@pytest.mark.parametrize("share", [0.01, 0.3, 0.6, 0.9, 0.999])
def test_a_file_that_is_cut_off_is_refused(write, share):
    path = write(sp.csr_matrix(np.random.default_rng(0).poisson(1, (200, 300)).astype(np.float32)))
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(InputError, match=r"rna\.h5ad"):
        read_h5ad(path)


@pytest.mark.parametrize("part", ["indices", "indptr"])
@pytest.mark.parametrize("value", [-1, 8, 2**31 - 1])
@pytest.mark.parametrize("kind", [sp.csr_matrix, sp.csc_matrix])
def test_a_sparse_matrix_that_points_outside_itself_is_refused(write, counts, part, value, kind):
    path = write(kind(counts.astype(np.float32)))
    with h5py.File(path, "r+") as file:
        file["X"][part][3] = 12 if value == 8 and part == "indices" else value
    with pytest.raises(InputError, match=r"rna\.h5ad"):
        read(path)


def test_a_missing_matrix_is_refused_and_the_layers_are_named(write, counts):
    path = write(None, layers={"counts": counts, "raw_counts": counts})
    with pytest.raises(InputError, match="has no matrix X") as caught:
        read_h5ad(path)
    assert "'counts'" in caught.value.found
    assert "raw: no" in caught.value.found
    assert "layer" in caught.value.todo


def test_nan_is_refused_and_its_cell_named(write, counts):
    values = counts.astype(np.float32)
    values[7, 3] = np.nan
    for x in (values, sp.csr_matrix(values)):
        with pytest.raises(InputError, match="NaN or infinite, first in cell 'cell7'"):
            read(write(x))


def test_negative_counts_are_refused(write, counts):
    values = counts.copy()
    values[7, 3] = -2
    with pytest.raises(InputError, match="negative, the lowest -2"):
        read(write(values))
    found, _ = read(write(values), rna_likelihood="normal")
    assert found.values[7, 3] == -2


# anndata says so too, in a warning of its own
@pytest.mark.filterwarnings("ignore:Observation names are not unique:UserWarning")
def test_repeated_cell_names_are_refused(write, counts):
    with pytest.raises(InputError, match="1 cell names stand more than once, such as 'a'"):
        read(write(counts, cells=["a", "a", *map(str, range(10))]))


@pytest.mark.filterwarnings("ignore:Variable names are not unique:UserWarning")
def test_repeated_feature_names_are_made_unique_and_said_so(write, counts):
    found, notes = read(write(counts, features=["Gm1", "Gm1", "Gm2", "Gm1", *map(str, range(4))]))
    assert found.var.index.tolist() == ["Gm1", "Gm1-1", "Gm2", "Gm1-2", "0", "1", "2", "3"]
    np.testing.assert_array_equal(found.values.toarray(), counts)
    assert notes == ["rna: 1 names stand more than once ('Gm1'); from the second on they end in -1, -2 and so on."]


@pytest.mark.parametrize("shape", [(0, 8), (12, 0), (0, 0)])
@pytest.mark.parametrize("kind", [np.asarray, sp.csr_matrix])
def test_an_empty_modality_is_refused(write, shape, kind):
    with pytest.raises(InputError, match=f"{shape[0]} cells x {shape[1]} features"):
        read(write(kind(np.ones(shape, np.float32))))
    with pytest.raises(InputError, match=f"{shape[0]} cells x {shape[1]} features"):
        read(write(kind(np.ones(shape, np.float32))), min_counts=1, low_count_mads=3)


def test_cells_of_zeros_stay_unless_asked_to_leave_them_out(write, counts):
    values = counts.copy()
    values[[2, 5]] = 0
    path = write(values)
    whole = read_dataset(make_config(inputs={"rna": path}))
    assert np.flatnonzero(whole.modalities["rna"].library_size == 0).tolist() == [2, 5]
    assert "2 of 12 cells have no counts" in whole.notes[0]
    said = "rna: 2 of 12 cells were left out: 2 with fewer than 1 counts."
    assert read_dataset(make_config(inputs={"rna": path}, min_counts=1)).notes == (said,)
    found, notes = read(write(values), min_counts=1)
    assert found.obs.index.tolist() == [f"cell{i}" for i in range(12) if i not in (2, 5)]
    np.testing.assert_array_equal(found.values.toarray(), np.delete(values, [2, 5], axis=0))
    assert notes == [said]


@pytest.mark.parametrize(
    "dtype", ["float16", "float32", "float64", "int8", "uint8", "int16", "uint16", "int32", "int64", "uint64", "bool"]
)
@pytest.mark.parametrize("kind", [np.asarray, sp.csr_matrix, sp.csc_matrix])
def test_numbers_of_every_type_are_read(write, counts, dtype, kind):
    if dtype == "float16":
        kind = np.asarray  # scipy has no sparse matrices of half precision
    values = (counts > 2).astype(dtype) if dtype == "bool" else counts.astype(dtype)
    values[:, 0] = 1
    path = write(kind(values))
    found, _ = read(path)
    np.testing.assert_array_equal(found.values.toarray(), values.astype(np.float32))
    assert isinstance(found.values, sp.csr_matrix)
    assert found.values.dtype == np.float32
    assert found.likelihood == "nb"
    np.testing.assert_array_equal(feature_of(path, "gene3"), values[:, 3].astype(np.float32))


def test_zeros_that_are_stored_are_dropped_and_repeated_places_summed(write):
    values = sp.csr_matrix(np.eye(12, 8, dtype=np.float32) + np.eye(12, 8, -4, dtype=np.float32) + 1)
    values.data[3] = 0
    found, _ = read(write(values))
    assert (found.values.data != 0).all()
    assert found.values.nnz == values.nnz - 1


@pytest.mark.filterwarnings("ignore::anndata.OldFormatWarning")
@pytest.mark.parametrize("x", [np.full((12, 8), b"many"), np.ones((12, 8), complex)])
def test_what_is_no_number_is_refused(counts, write, x):
    path = write(counts)
    with h5py.File(path, "r+") as file:
        del file["X"]
        file["X"] = x
    with pytest.raises(InputError, match="X holds"):
        read(path)


def test_values_that_are_no_counts_are_modelled_as_continuous_and_said_so(write, counts):
    found, notes = read(write(np.log1p(counts)))
    assert found.likelihood == "normal"
    assert notes == [
        "rna: the values are not counts, so they are modelled as continuous (normal distribution); raw counts would "
        "serve better."
    ]
    assert read(write(counts))[1] == []


def test_one_fraction_among_many_counts_is_seen(write, counts):
    values = counts.astype(np.float32)
    values[11, 7] = 0.5
    assert read(write(values))[0].likelihood == "normal"


@pytest.mark.parametrize("wanted", ["nb", "zinb", "poisson", "bernoulli", "normal"])
def test_the_likelihood_can_be_chosen(write, counts, wanted):
    for values in (counts, counts + 0.25):
        found, notes = read(write(values), rna_likelihood=wanted)
        assert found.likelihood == wanted
        assert notes == []


def test_min_counts_keeps_cells_at_the_threshold(write):
    values = np.zeros((12, 8), np.float32)
    values[:, 0] = np.arange(1, 13)
    found, notes = read(write(values), min_counts=5)
    assert found.library_size.tolist() == list(range(5, 13))
    assert "4 of 12" in notes[0]


def test_low_count_mads_leaves_out_outliers_below_and_none_above(write):
    values = np.zeros((12, 8), np.float32)
    values[:, 0] = [95, 98, 99, 100, 101, 102, 103, 105, 97, 2, 100, 90_000]
    found, _ = read(write(values), low_count_mads=5)
    assert sorted(set(values[:, 0]) - set(found.library_size.tolist())) == [2]


def test_no_cell_is_left_out_unasked(write):
    values = np.zeros((12, 8), np.float32)
    values[:, 0] = [1, *[1000] * 11]
    found, notes = read(write(values))
    assert found.n_cells == 12
    assert notes == []


def test_when_all_cells_are_left_out_it_is_said(write, counts):
    with pytest.raises(InputError, match="leave out all of the 12 cells"):
        read(write(counts), min_counts=10_000)


@pytest.mark.filterwarnings("ignore:Transforming to str index")
def test_names_that_are_numbers_become_text(write, counts):
    path = write(counts)
    with h5py.File(path, "r+") as file:
        for table, size in (("obs", 12), ("var", 8)):
            del file[table]["_index"]
            file[table]["_index"] = np.arange(size)
            file[table]["_index"].attrs.update({"encoding-type": "array", "encoding-version": "0.2.0"})
    found, _ = read(path)
    assert found.obs.index.tolist() == [str(i) for i in range(12)]
    assert found.var.index.tolist() == [str(i) for i in range(8)]


def test_a_dataset_reads_every_input_and_keeps_the_notes(write, counts):
    rna, atac = write(np.log1p(counts)), write(counts, name="atac.h5ad")
    found = read_dataset(make_config(inputs={"rna": rna, "atac": atac}))
    assert {name: each.likelihood for name, each in found.modalities.items()} == {"rna": "normal", "atac": "nb"}
    assert len(found.notes) == 1
    assert list(read_dataset(make_config(inputs={"atac": atac, "rna": rna})).modalities) == ["atac", "rna"]


def test_one_feature_is_read_by_name_and_anew_when_the_file_changes(write, counts):
    path = write(sp.csr_matrix(counts))
    found = feature_of(path, "gene5")
    np.testing.assert_array_equal(found.to_numpy(), counts[:, 5])
    assert found.index.tolist() == [f"cell{i}" for i in range(12)]
    write(sp.csr_matrix(counts * 2))
    os.utime(path, ns=(1, 1))
    np.testing.assert_array_equal(feature_of(path, "gene5").to_numpy(), counts[:, 5] * 2)


def test_an_unknown_feature_or_file_is_refused(write, counts, tmp_path):
    with pytest.raises(InputError, match="has no feature 'Gata1'"):
        feature_of(write(counts), "Gata1")
    with pytest.raises(InputError, match="There is no file"):
        feature_of(tmp_path / "absent.h5ad", "Gata1")
