from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from monae_app.engine.data.batch_covariates import batches_of
from monae_app.engine.errors import InputError

TABLES = {
    "rna": pd.DataFrame({"donor": ["b", "a", "b", "a", "a"], "lane": [1, 1, 2, 1, 1]}),
    "atac": pd.DataFrame({"donor": ["c", "a", "c"], "lane": [2, 2, 1]}),
}


def test_a_batch_is_one_level_of_every_covariate():
    found = batches_of(TABLES, ("donor", "lane"))
    assert found.names == ("a|1", "a|2", "b|1", "b|2", "c|1", "c|2")
    assert found.levels == (("a", "b", "c"), ("1", "2"))
    np.testing.assert_array_equal(found.parts, [[0, 0], [0, 1], [1, 0], [1, 1], [2, 0], [2, 1]])
    for name, table in TABLES.items():
        said = [found.names[code] for code in found.codes[name]]
        assert said == [f"{row.donor}|{row.lane}" for row in table.itertuples()]
    assert found.codes["rna"].dtype == np.int64


def test_only_combinations_that_occur_are_batches():
    table = pd.DataFrame({"donor": list("aabb"), "lane": list("1122")})
    assert batches_of({"rna": table}, ("donor", "lane")).names == ("a|1", "b|2")


def test_without_columns_all_cells_are_of_one_batch():
    found = batches_of(TABLES, ())
    assert (found.names, found.columns, len(found)) == (("all",), (), 1)
    assert not np.concatenate(list(found.codes.values())).any()


def test_the_order_of_names_is_that_of_the_files_whatever_the_order_of_levels():
    # as texts "10|a" stands before "9|a", as levels too; joined, "a b|x" stands before "a|x"
    table = pd.DataFrame({"one": ["a", "a b", "a"], "two": ["x", "x", "y"]})
    found = batches_of({"rna": table}, ("one", "two"))
    assert list(found.names) == sorted(found.names)
    for name, row in zip(found.names, found.parts, strict=True):
        assert name == "|".join(found.levels[at][part] for at, part in enumerate(row))


def test_batches_of_one_name_are_refused():
    table = pd.DataFrame({"one": ["a|b", "a"], "two": ["c", "b|c"]})
    with pytest.raises(InputError, match=r"both be called 'a\|b\|c'"):
        batches_of({"rna": table}, ("one", "two"))


def test_the_reference_is_the_largest_batch_or_the_one_that_is_named():
    found = batches_of(TABLES, ("donor", "lane"))
    assert found.names[found.reference()] == "a|1"
    assert found.names[found.reference("c|2")] == "c|2"


@pytest.mark.parametrize(
    ("columns", "name", "said"),
    [
        (("donor",), "A", "close to it: 'a'"),
        (("donor", "lane"), "b|3", r"close to it: 'b\|"),
        (("donor",), "zebra", "choose one of these"),
        ((), "a", "all cells are of one batch"),
    ],
)
def test_a_reference_that_is_no_batch_is_refused_with_what_comes_close(columns, name, said):
    with pytest.raises(InputError, match=said):
        batches_of(TABLES, columns).reference(name)
