"""AnnData and MuData files: what is written is read, whatever else the file holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anndata as ad
import h5py
import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import HealthCheck, given, settings

from monae_app.engine.data import contents
from monae_app.engine.data.readers import open_file, stored, stored_dense
from monae_app.engine.errors import InputError
from tests.engine.data.readers.planted_tables import barcodes, counts, dense, tables, write_h5mu

if TYPE_CHECKING:
    from pathlib import Path

    from monae_app.engine.data.contents import Part

EASY = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def check_same(part: Part, table: ad.AnnData) -> None:
    raw = {} if table.raw is None else {"raw": table.raw.X}
    expected = {"X": table.X} | raw | dict(table.layers)
    assert set(part.matrices) == set(expected)
    for name, values in expected.items():
        found = part.matrices[name].read()
        np.testing.assert_array_equal(dense(found), dense(values))
        assert found.dtype == values.dtype
        assert np.sort(part.matrices[name].peek()[part.matrices[name].peek() != 0]).tolist() == sorted(
            dense(values)[dense(values) != 0].tolist()
        )
    assert part.obs.index.tolist() == table.obs_names.tolist()
    assert part.var.index.tolist() == table.var_names.tolist()
    for column in table.obs:
        assert part.obs[column].astype(str).tolist() == table.obs[column].astype(str).tolist()


@EASY
@given(table=tables())
def test_any_anndata_is_read_as_it_was_written(table, tmp_path):
    table.write_h5ad(tmp_path / "any.h5ad")
    found = open_file(tmp_path / "any.h5ad")
    assert found.format == "AnnData (.h5ad)"
    (part,) = found.parts
    assert part.notes == ()
    check_same(part, table)


@EASY
@given(first=tables(), second=tables())
def test_any_mudata_is_read_as_it_was_written(first, second, tmp_path):
    path = write_h5mu(tmp_path / "any.h5mu", {"rna": first, "odd one": second})
    found = open_file(path)
    assert [(part.name, part.modality) for part in found.parts] == [("rna", "rna"), ("odd one", None)]
    for part, table in zip(found.parts, (first, second), strict=True):
        check_same(part, table)


def plain(n_cells: int = 12, n_features: int = 30, seed: int = 0) -> ad.AnnData:
    table = ad.AnnData(counts(n_cells, n_features, seed))
    table.obs_names = barcodes(n_cells, seed)
    table.var_names = [f"Gene{i}" for i in range(n_features)]
    return table


@pytest.mark.parametrize(
    ("name", "modality"),
    [
        ("rna", "rna"),
        ("GEX", "rna"),
        ("Gene Expression", "rna"),
        ("atac_peaks", "atac"),
        ("prot", "protein"),
        ("ADT", "protein"),
        ("Antibody Capture", "protein"),
        ("mod1", None),
        ("rna_and_atac", None),
        ("journal", None),
    ],
)
def test_the_modality_is_taken_from_the_name_where_it_says_it(tmp_path, name, modality):
    (part,) = open_file(write_h5mu(tmp_path / "one.h5mu", {name: plain()})).parts
    assert part.modality == modality


def test_axis_1_is_said_and_a_modality_without_a_matrix_is_left_out(tmp_path):
    empty = ad.AnnData(obs=plain().obs, var=plain().var)
    found = open_file(write_h5mu(tmp_path / "a.h5mu", {"day 1": plain(), "day 2": plain(seed=1), "no": empty}, axis=1))
    assert [part.name for part in found.parts] == ["day 1", "day 2"]
    assert "different cells (axis 1)" in " ".join(found.notes)
    assert "'no' has no matrix" in " ".join(found.notes)
    with pytest.raises(InputError, match=r"holds no modality with a matrix \('no'\)"):
        open_file(write_h5mu(tmp_path / "b.h5mu", {"no": empty}))


def test_layers_alone_make_a_part_without_x(tmp_path):
    table = plain()
    table.layers["counts"], table.X = table.X, None
    table.write_h5ad(tmp_path / "layers.h5ad")
    (part,) = open_file(tmp_path / "layers.h5ad").parts
    assert set(part.matrices) == {"counts"}


def test_what_is_not_needed_may_be_broken(tmp_path):
    table = plain()
    table.layers["counts"] = table.X.copy()
    path = tmp_path / "odd.h5ad"
    table.obs["good"], table.obs["bad"] = 1.0, 2.0
    table.write_h5ad(path)
    with h5py.File(path, "r+") as file:
        file["uns"].attrs["encoding-type"] = "of a later century"
        file["obsm/strange"] = h5py.ExternalLink("elsewhere.h5", "/x")
        file["obsp/strange"] = np.zeros(3)
        del file["obs/bad"]
        file["obs/bad"] = np.zeros(5)
        file["layers/text"] = np.full((12, 30), b"x")
        file["layers/small"] = np.ones((3, 3))
    (part,) = open_file(path).parts
    assert list(part.obs) == ["good"]
    assert set(part.matrices) == {"X", "counts"}
    said = " ".join(part.notes)
    assert "'bad' (5 values for 12 rows)" in said
    assert "'text' was left out: it holds |S1" in said
    assert "'small' was left out: it is 3 x 3, but there are 12 cell names and 30 feature names" in said


@pytest.mark.parametrize("place", ["X", "obs/good", "layers/out", "raw", "uns/kind_categories"])
@pytest.mark.parametrize("how", ["link", "soft link", "stored outside", "virtual"])
def test_a_file_that_points_into_another_is_refused(tmp_path, place, how):
    secret, path = tmp_path / "secret.h5", tmp_path / "curious.h5ad"
    with h5py.File(secret, "w") as file:
        file["x"] = np.ones((12, 30))
    plain().write_h5ad(path)
    with h5py.File(path, "r+") as file:
        if place in file:
            del file[place]
        if how == "link":
            file[place] = h5py.ExternalLink(str(secret), "/x")
        elif how == "soft link":
            file["obsm/way"] = h5py.ExternalLink(str(secret), "/x")
            file[place] = h5py.SoftLink("/obsm/way")
        elif how == "stored outside":
            file.create_dataset(place, (12, 30), "u1", external=[(str(secret), 0, 360)])
        else:
            layout = h5py.VirtualLayout((12, 30), "f8")
            layout[:] = h5py.VirtualSource(str(secret), "x", (12, 30))
            file.create_virtual_dataset(place, layout)
    with pytest.raises(InputError, match="points to another file"):
        open_file(path)


def test_groups_that_hold_themselves_are_refused(tmp_path):
    path = tmp_path / "circle.h5ad"
    plain().write_h5ad(path)
    with h5py.File(path, "r+") as file:
        file["obs/again"] = file["obs"]
    with pytest.raises(InputError, match="nested deeper"):
        open_file(path)


@pytest.mark.parametrize("kind", [np.asarray, sp.csr_matrix, sp.csc_matrix])
def test_a_look_at_the_values_reads_few_of_them_from_all_over(tmp_path, kind, monkeypatch):
    for each in (stored, stored_dense):
        monkeypatch.setattr(each, "PEEKED_VALUES", 640)
    values = np.repeat(np.arange(1, 401)[:, None], 50, axis=1)
    table = ad.AnnData(kind(values))
    table.write_h5ad(tmp_path / "many.h5ad")
    peeked = open_file(tmp_path / "many.h5ad").parts[0].matrices["X"].peek()
    assert 300 <= len(peeked) <= 640
    quarters = set((np.asarray(peeked, int) - 1) // 100)
    # the columns of a matrix stored by columns each hold every value
    assert quarters == {0, 1, 2, 3}
    assert contents.PEEKED_VALUES == 1_000_000


def test_a_wide_dense_matrix_of_zeros_is_read_sparse(tmp_path):
    table = ad.AnnData(counts(20, 40).toarray() * (np.arange(40) % 4 == 0))
    table.write_h5ad(tmp_path / "dense.h5ad")
    found = open_file(tmp_path / "dense.h5ad").parts[0].matrices["X"].read()
    assert sp.issparse(found)
    np.testing.assert_array_equal(found.toarray(), table.X)


def test_records_of_anndata_before_0_7(tmp_path):
    path = tmp_path / "old.h5ad"
    obs = np.array(
        [(b"c1", 1, 0.5, 0), (b"c2", -1, 1.5, 1), (b"c3", 0, 2.5, 7)],
        dtype=[("index", "S2"), ("kind", "i1"), ("share", "f4"), ("stale", "i1")],
    )
    with h5py.File(path, "w") as file:
        file["obs"], file["var"] = obs, np.array([(b"g1",)], dtype=[("index", "S2")])
        file["X"] = np.array([1.0, 2.0, 3.0])
        file["uns/kind_categories"], file["uns/stale_categories"] = np.array([b"a", b"b"]), np.array([b"x"])
    (part,) = open_file(path).parts
    assert part.obs["kind"].astype(object).fillna("none").tolist() == ["b", "none", "a"]
    assert part.obs["stale"].tolist() == [0, 1, 7]
    np.testing.assert_allclose(part.obs["share"], [0.5, 1.5, 2.5])
    np.testing.assert_array_equal(part.matrices["X"].read(), [[1], [2], [3]])


def test_a_file_that_vanishes_between_opening_and_reading_is_an_input_error(tmp_path):
    path: Path = tmp_path / "gone.h5ad"
    plain().write_h5ad(path)
    (part,) = open_file(path).parts
    path.unlink()
    for read in (part.matrices["X"].read, part.matrices["X"].peek):
        with pytest.raises(InputError, match=r"gone\.h5ad could not be read as AnnData"):
            read()


@pytest.mark.parametrize("name", ["raw", "X"])
def test_a_layer_called_like_a_matrix_of_ours_hides_nothing_and_is_not_lost(tmp_path, name):
    table = plain()
    table.layers[name] = table.X * 2
    table.raw = table
    table.write_h5ad(tmp_path / "a.h5ad")
    (part,) = open_file(tmp_path / "a.h5ad").parts
    assert set(part.matrices) == {"X", "raw", f"layers/{name}"}
    np.testing.assert_array_equal(dense(part.matrices[f"layers/{name}"].read()), 2 * dense(table.X))


@pytest.mark.parametrize(("of_obs", "of_var"), [("barcode", "features"), ("CellID", "gene"), ("rownames", "Gene_ID")])
def test_a_table_from_r_that_does_not_name_its_column_of_names(tmp_path, of_obs, of_var):
    table = plain()
    table.obs["cell"] = "the same everywhere"
    table.write_h5ad(tmp_path / "a.h5ad")
    with h5py.File(tmp_path / "a.h5ad", "r+") as file:
        for place, name in (("obs", of_obs), ("var", of_var)):
            file[place].move("_index", name)
            del file[place].attrs["_index"]
    (part,) = open_file(tmp_path / "a.h5ad").parts
    assert part.obs.index.tolist() == table.obs_names.tolist()
    assert part.var.index.tolist() == table.var_names.tolist()
