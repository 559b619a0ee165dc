"""New cells against the features and batches of a run, without a model."""

from __future__ import annotations

import anndata as ad
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

from monae_app.engine.config import make_config
from monae_app.engine.data.new_cells import read_new_cells
from monae_app.engine.errors import InputError
from monae_app.engine.result import Result

GENES, PEAKS = [f"Gene{i}" for i in range(20)], [f"chr1:{i}00-{i}50" for i in range(1, 16)]
# of the genes, all but the last four are modelled jointly
MODELLED = {"rna": np.arange(16), "atac": np.arange(15)}


def make_result(*, likelihood: str = "nb", batches: tuple[str, ...] = ("a", "b"), **settings: object) -> Result:
    obs = pd.DataFrame({"modality": ["rna"] * 20 + ["atac"] * 15, "name": GENES + PEAKS})
    obs.index = [f"{each.modality}:{each.name_}" for each in obs.rename(columns={"name": "name_"}).itertuples()]
    features = ad.AnnData(obs=obs)
    features.uns = {"batches": list(batches), "reference_batch": batches[-1]}
    report = {"dataset": {"modalities": {"rna": {"likelihood": likelihood}, "atac": {"likelihood": "nb"}}}}
    given = {"inputs": {"rna": "r.h5ad", "atac": "a.h5ad"}, "batch_key": ("batch",) if len(batches) > 1 else ()}
    return Result(make_config(**(given | settings)), ad.AnnData(), features, report)


def table(
    names: list[str] = GENES, n_cells: int = 6, *, batch: list[object] | None = None, seed: int = 0
) -> ad.AnnData:
    values = np.random.default_rng(seed).poisson(2, (n_cells, len(names))) + np.eye(n_cells, len(names))
    obs = pd.DataFrame({"batch": batch or ["a"] * n_cells}, index=[f"new{i}" for i in range(n_cells)])
    return ad.AnnData(sp.csr_matrix(values, dtype=np.float32), obs=obs, var=pd.DataFrame(index=names))


def read(new_data: object, result: Result | None = None):
    return read_new_cells(new_data, result or make_result(), MODELLED)


def test_columns_come_in_the_order_of_the_run_whatever_the_order_of_the_file():
    given = table()
    order = np.random.default_rng(0).permutation(20)
    extra = ad.AnnData(sp.csr_matrix(np.ones((6, 3), np.float32)), obs=given.obs, var=pd.DataFrame(index=list("xyz")))
    (found,) = read(given)
    (shuffled,) = read(ad.concat([given[:, order].copy(), extra], axis="var", merge="same"))
    assert found.modality == shuffled.modality == "rna"
    np.testing.assert_array_equal(found.values.toarray(), given.X.toarray())
    np.testing.assert_array_equal(shuffled.values.toarray(), given.X.toarray())
    assert found.measured.all()
    assert found.notes == shuffled.notes == ()
    # features that the run does not know are not part of the library either
    np.testing.assert_array_equal(shuffled.library_size, given.X.sum(axis=1).A1)


@pytest.mark.parametrize("kind", ["dense", "csc", "int", "path", "modality"])
def test_any_form_of_the_same_cells_reads_alike(kind, tmp_path, modality):
    given = table()
    expected = given.X.toarray()
    if kind == "path":
        given.write_h5ad(tmp_path / "new.h5ad")
        given = tmp_path / "new.h5ad"
    elif kind == "modality":
        given = modality(expected, "rna", cells=list(given.obs_names), features=GENES, obs={"batch": ["a"] * 6})
    elif kind == "csc":
        given.X = given.X.tocsc()
    else:
        given.X = expected if kind == "dense" else expected.astype(np.int64)
    (found,) = read(given)
    np.testing.assert_array_equal(found.values.toarray(), expected)
    assert list(found.obs.index) == [f"new{i}" for i in range(6)]


def test_the_callers_matrix_is_left_alone():
    given = table()
    given.X.data[:3] = 0
    stored = given.X.nnz
    read(given)
    assert given.X.nnz == stored


def test_missing_features_are_counted_and_said():
    (found,) = read(table(GENES[4:18]))
    np.testing.assert_array_equal(np.flatnonzero(~found.measured), [0, 1, 2, 3, 18, 19])
    assert found.notes == ("rna: 4 of the 16 features modelled jointly (25.0%) are missing and count as not measured.",)
    assert (found.values[:, ~found.measured].nnz, found.values.shape) == (0, (6, 20))


def test_several_modalities_are_told_apart_by_their_features_or_their_names():
    (by_features,) = read(table(PEAKS))
    assert by_features.modality == "atac"
    found = read({"atac": table(PEAKS), "rna": table()})
    assert [each.modality for each in found] == ["atac", "rna"]


def test_batches_are_matched_by_name_and_strangers_count_as_the_reference():
    (known,) = read(table(batch=["a", "b", "a", "b", "b", "a"]))
    np.testing.assert_array_equal(known.batch, [0, 1, 0, 1, 1, 0])
    (strange,) = read(table(batch=["a", "c", "d", "b", "b", "a"]))
    np.testing.assert_array_equal(strange.batch, [0, 1, 1, 1, 1, 0])
    assert strange.notes == (
        "rna: 2 cells are of batches that the run does not know ('c', ...) and count as of batch 'b'.",
    )
    without = table()
    del without.obs["batch"]
    (found,) = read(without)
    np.testing.assert_array_equal(found.batch, 1)
    assert found.notes == ("rna: there is no obs column 'batch', so all cells count as of batch 'b'.",)


def test_with_one_batch_nobody_asks_for_a_column():
    without = table()
    del without.obs["batch"]
    (found,) = read(without, make_result(batches=("all",)))
    np.testing.assert_array_equal(found.batch, 0)
    assert found.notes == ()


def test_several_columns_name_a_batch_together():
    given = table(batch=[1, 1, 2, 2, 1, 2])
    given.obs["donor"] = pd.Categorical(list("xyxyxy"))
    (found,) = read(given, make_result(batches=("1|x", "1|y", "2|x", "2|y"), batch_key=("batch", "donor")))
    np.testing.assert_array_equal(found.batch, [0, 1, 2, 3, 0, 3])


def test_empty_cells_are_said():
    given = table()
    given.X = sp.csr_matrix(given.X.toarray() * np.array([0, 1, 1, 0, 1, 1])[:, None], dtype=np.float32)
    (found,) = read(given)
    assert found.notes == ("rna: 2 of 6 cells have no counts: they lie where a cell without evidence lies.",)


def test_one_cell_is_enough():
    (found,) = read(table(n_cells=1))
    assert found.values.shape == (1, 20)


def edited(edit) -> ad.AnnData:
    given = table()
    changed = edit(given)
    return given if changed is None else changed


def with_fractions(given):
    given.X = given.X * 0.3


def with_negatives(given):
    given.X = given.X.toarray() - 2


def with_nan(given):
    given.X.data[0] = np.nan


def with_twins(given):
    given.var_names = ["Gene0", *GENES[:19]]


def with_twin_cells(given):
    given.obs_names = ["new0", "new0", "c", "d", "e", "f"]


def without_matrix(given):
    return ad.AnnData(obs=given.obs, var=given.var)


@pytest.mark.filterwarnings("ignore:.*names are not unique")
@pytest.mark.parametrize(
    ("new_data", "sentence"),
    [
        (table(GENES[9:]), "44% of the 16 features"),
        (table([f"ENSG{i}" for i in range(20)]), r"0% of the 16 features .* \('ENSG0', 'ENSG1', ...\)"),
        ({"protein": table()}, "no modality 'protein'"),
        ({"atac": table()}, "0% of the 15 features"),
        ({}, "No cells were given"),
        (edited(with_fractions), "no counts, but the run was trained on counts of rna"),
        (edited(with_negatives), "no counts, but"),
        (edited(with_nan), "1 values are NaN"),
        (edited(without_matrix), "no matrix X"),
        ("nowhere.h5ad", "no file nowhere.h5ad"),
    ],
)
def test_what_cannot_be_used_is_refused(new_data, sentence):
    with pytest.raises(InputError, match=sentence) as caught:
        read(new_data)
    assert caught.value.expected
    assert caught.value.todo


@pytest.mark.filterwarnings("ignore:.*names are not unique")
@pytest.mark.parametrize(("edit", "what"), [(with_twins, "feature"), (with_twin_cells, "cell")])
def test_names_that_stand_twice_are_refused(edit, what):
    with pytest.raises(InputError, match=f"1 {what} names stand more than once"):
        read(edited(edit))


def test_fractions_are_welcome_where_the_run_took_them():
    given = edited(with_fractions)
    (continuous,) = read(given, make_result(likelihood="normal"))
    (by_choice,) = read(given, make_result(rna_likelihood="nb"))
    for found in (continuous, by_choice):
        np.testing.assert_allclose(found.values.toarray(), given.X.toarray(), rtol=1e-6)


def of_two_columns() -> Result:
    """A run of three batches by two columns; x came with 1 alone."""
    found = make_result(batches=("1|x", "1|y", "2|y"), batch_key=("batch", "donor"))
    found.features.uns |= {
        "batch_columns": ["batch", "donor"],
        "batch_levels": {"0": ["1", "2"], "1": ["x", "y"]},
        "batch_parts": np.array([[0, 0], [0, 1], [1, 1]]),
    }
    return found


def test_a_combination_of_known_parts_is_embedded_by_them():
    given = table(batch=[1, 2, 2, 3, 1, 2])
    given.obs["donor"] = list("xyxyyx")
    (found,) = read(given, of_two_columns())
    # 3 is unknown: these cells count as of the reference batch, the last
    np.testing.assert_array_equal(found.levels, [[0, 0], [1, 1], [1, 0], [1, 1], [0, 1], [1, 0]])
    np.testing.assert_array_equal(found.encoded_batch, found.levels)
    np.testing.assert_array_equal(found.batch, [0, 2, 2, 2, 1, 2])
    (note,) = found.notes
    assert "2 cells are of a combination that the run does not have ('2|x')" in note
    assert "1 cells are of batches that the run does not know ('3|y')" in note


def test_known_batches_of_several_columns_need_no_note():
    given = table(batch=[1, 1, 2, 2, 1, 2])
    given.obs["donor"] = list("xyyyxy")
    (found,) = read(given, of_two_columns())
    np.testing.assert_array_equal(found.batch, [0, 1, 2, 2, 0, 2])
    np.testing.assert_array_equal(found.levels, of_two_columns().features.uns["batch_parts"][found.batch])
    assert found.notes == ()
