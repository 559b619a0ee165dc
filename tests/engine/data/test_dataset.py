from __future__ import annotations

from typing import get_args

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from monae_app.engine.data.dataset import Dataset, Likelihood, Modality, is_count
from monae_app.engine.errors import InputError


def counts(**places: float) -> np.ndarray:
    values = np.ones((6, 5))
    for place, value in places.items():
        row, column = place[2:].split("_")
        values[int(row), int(column)] = value
    return values


def message_parts(caught: pytest.ExceptionInfo[InputError]) -> tuple[str, str, str]:
    error = caught.value
    assert error.expected
    assert error.todo
    assert str(error) == f"{error.found} Expected: {error.expected} To do: {error.todo}"
    return error.found, error.expected, error.todo


def test_obs_of_another_length_is_refused():
    with pytest.raises(InputError) as caught:
        Modality("rna", sp.csr_matrix((6, 5)), pd.DataFrame(index=list("abc")), pd.DataFrame(index=list("abcde")), "nb")
    found, _, _ = message_parts(caught)
    assert "6 x 5" in found
    assert "3 rows" in found


@pytest.mark.parametrize("shape", [(4, 5), (5, 4), (0, 0), (0, 10)])
def test_too_little_to_train_on_is_refused(modality, shape):
    with pytest.raises(InputError) as caught:
        modality(np.ones(shape))
    found, expected, _ = message_parts(caught)
    assert f"{shape[0]} cells x {shape[1]} features" in found
    assert "at least 5 cells and 5 features" in expected


def test_repeated_cell_names_are_refused(modality):
    with pytest.raises(InputError) as caught:
        modality(cells=["a", "b", "a", "c", "c", "d"])
    found, _, todo = message_parts(caught)
    assert "2 cell names stand more than once, such as 'a', 'c'" in found
    assert "obs_names_make_unique" in todo


def test_repeated_feature_names_are_refused(modality):
    with pytest.raises(InputError) as caught:
        modality(features=["a", "b", "a", "c", "d"])
    found, _, todo = message_parts(caught)
    assert "1 feature names" in found
    assert "var_names_make_unique" in todo


@pytest.mark.parametrize("broken", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("likelihood", ["nb", "normal"])
def test_missing_and_infinite_values_are_refused(modality, broken, likelihood):
    with pytest.raises(InputError) as caught:
        modality(counts(at3_2=broken, at4_0=broken), likelihood=likelihood)
    found, _, _ = message_parts(caught)
    assert "2 values are NaN or infinite, first in cell 'cell3'" in found


def test_negative_counts_are_refused_and_negative_continuous_values_are_not(modality):
    with pytest.raises(InputError) as caught:
        modality(counts(at2_2=-3), name="atac")
    found, _, todo = message_parts(caught)
    assert "1 values are negative, the lowest -3" in found
    assert "--set atac_likelihood=normal" in todo
    assert modality(counts(at2_2=-3), likelihood="normal").values[2, 2] == -3


def test_cells_without_counts_are_taken_and_said(modality):
    values = counts()
    values[[1, 4]] = 0
    whole = modality(name="atac")
    found = Dataset({"rna": modality(values), "atac": whole}, notes=("before",))
    assert found.notes == (
        "before",
        "rna: 2 of 6 cells have no counts: they lie where a cell without evidence lies; "
        "leave them out with min_counts=1.",
    )
    values[5] = 0
    # said once, of the whole, and not again of a part of it
    assert Dataset({"rna": modality(values), "atac": whole}, notes=found.notes).notes == found.notes
    assert Dataset({"rna": modality(values, likelihood="normal"), "atac": whole}).notes == ()


@pytest.mark.parametrize("likelihood", ["nb", "zinb", "poisson", "bernoulli"])
def test_counts_that_are_all_zero_are_refused_and_continuous_values_are_not(modality, likelihood):
    with pytest.raises(InputError) as caught:
        modality(np.zeros((6, 5)), likelihood=likelihood)
    assert "none of the 6 cells has any count" in message_parts(caught)[0]
    with pytest.raises(InputError, match="negative"):
        modality(counts(at2_2=-3), likelihood=likelihood)
    assert modality(np.zeros((6, 5)), likelihood="normal").n_cells == 6


def test_a_modality_knows_whether_it_was_counted(modality):
    others = {"normal", "binomial", "beta_binomial"}
    assert others < set(get_args(Likelihood))
    for likelihood in get_args(Likelihood):
        assert modality(likelihood=likelihood).is_count == is_count(likelihood) == (likelihood not in others)


def test_library_size_sums_the_values_of_a_cell(modality):
    values = np.random.default_rng(0).poisson(3, (20, 7)) + 1
    found = modality(values).library_size
    np.testing.assert_array_equal(found, values.sum(axis=1))
    assert found.dtype == np.float32


def test_without_a_batch_column_there_is_one_batch(modality):
    found = Dataset({"rna": modality(), "atac": modality(name="atac")})
    assert found.batch_names == ("all",)
    assert {name: codes.tolist() for name, codes in found.batch_codes.items()} == {"rna": [0] * 6, "atac": [0] * 6}


def test_batches_are_named_across_modalities(modality):
    rna = modality(obs={"donor": list("bbaacc")})
    atac = modality(name="atac", obs={"donor": pd.Categorical(list("dddbbb"), categories=list("dbz"))})
    found = Dataset({"rna": rna, "atac": atac}, batch_columns=("donor",))
    assert found.batch_names == ("a", "b", "c", "d")
    assert found.batch_codes["rna"].tolist() == [1, 1, 0, 0, 2, 2]
    assert found.batch_codes["atac"].tolist() == [3, 3, 3, 1, 1, 1]


@given(st.lists(st.tuples(st.text("ab|", max_size=2), st.integers(0, 2)), min_size=5, max_size=12))
@settings(max_examples=60, deadline=None)
def test_cells_are_of_one_batch_exactly_if_all_columns_agree(rows):
    obs = pd.DataFrame(rows, columns=["donor", "lane"], index=[f"c{i}" for i in range(len(rows))])
    var = pd.DataFrame(index=list("abcde"))
    rna = Modality("rna", sp.csr_matrix(np.ones((len(rows), 5), np.float32)), obs, var, "nb")
    codes = Dataset({"rna": rna}, batch_columns=("donor", "lane")).batch_codes["rna"]
    same = np.array([[one == other for other in rows] for one in rows])
    np.testing.assert_array_equal(codes[:, None] == codes, same)


def test_a_missing_batch_column_is_refused(modality):
    rna, atac = modality(obs={"donor": list("aabbcc")}), modality(name="atac", obs={"lane": list("aabbcc")})
    with pytest.raises(InputError) as caught:
        Dataset({"rna": rna, "atac": atac}, batch_columns=("donor",))
    found, expected, _ = message_parts(caught)
    assert "atac" in found
    assert "'donor'" in found
    assert "lane" in expected


def test_a_batch_column_with_gaps_is_refused(modality):
    rna = modality(obs={"donor": ["a", None, "b", None, "c", "c"]})
    with pytest.raises(InputError) as caught:
        Dataset({"rna": rna}, batch_columns=("donor",))
    assert "2 cells have no 'donor'" in message_parts(caught)[0]


def test_pairs_are_found_by_name_whatever_the_order(modality):
    rna = modality(cells=["a", "b", "c", "d", "e", "f"])
    atac = modality(cells=["x", "f", "b", "y", "a", "z"], name="atac")
    pairs = Dataset({"rna": rna, "atac": atac}, use_pairs=True).known_pairs()
    names = {(rna.obs.index[i], atac.obs.index[j]) for i, j in pairs}
    assert names == {("a", "a"), ("b", "b"), ("f", "f")}
    assert len(pairs) == 3


def test_pairs_of_any_two_modalities_are_found(modality):
    cells = {"rna": list("abcdef"), "atac": list("uvwxyf"), "protein": list("fyxcba")}
    data = Dataset({name: modality(cells=each, name=name) for name, each in cells.items()}, use_pairs=True)
    for first, second, common in (("rna", "protein", "abcf"), ("protein", "atac", "fyx"), ("atac", "rna", "f")):
        rows = data.known_pairs(first, second)
        assert {cells[first][i] for i, _ in rows} == set(common)
        assert all(cells[first][i] == cells[second][j] for i, j in rows)
    np.testing.assert_array_equal(data.known_pairs(), data.known_pairs("rna", "atac"))


def test_paired_without_a_common_name_is_refused(modality):
    rna, atac = modality(), modality(cells=list("abcdef"), name="atac")
    assert len(Dataset({"rna": rna, "atac": atac}).known_pairs()) == 0
    with pytest.raises(InputError) as caught:
        Dataset({"rna": rna, "atac": atac}, use_pairs=True)
    assert "--paired" in message_parts(caught)[0]


def test_paired_with_one_modality_is_no_error(modality):
    assert list(Dataset({"rna": modality()}, use_pairs=True).modalities) == ["rna"]
