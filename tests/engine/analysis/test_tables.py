from __future__ import annotations

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monae_app.engine.analysis.tables import cell_table, feature_table, stored_name, table_of
from monae_app.engine.data.dataset import Dataset
from monae_app.engine.data.readers.h5ad import read_h5ad

NAMES = list("uvwxyz")
OURS = ["modality", "library_size", "leiden", "held_out", "has_counterpart", "local_mixing", "monae_batch"]
OURS += ["normaliser_rna", "_index"]


def both(modality, rna_obs=None, atac_obs=None, *, rna_cells=None, atac_cells=None) -> Dataset:
    return Dataset(
        {
            "rna": modality(obs=rna_obs, cells=rna_cells or NAMES),
            "atac": modality(name="atac", obs=atac_obs, cells=atac_cells or [f"other {each}" for each in NAMES]),
        }
    )


def round_trip(obs: pd.DataFrame, folder) -> pd.DataFrame:
    table_of(obs, {"X_umap": np.zeros((len(obs), 2))}).write_h5ad(folder / "cells.h5ad")
    return ad.read_h5ad(folder / "cells.h5ad").obs


def test_cells_come_in_input_order_under_names_of_their_own(modality):
    found = cell_table(both(modality, atac_cells=NAMES[::-1]))
    assert found.index.tolist() == [f"rna:{each}" for each in NAMES] + [f"atac:{each}" for each in NAMES[::-1]]
    assert found["modality"].tolist() == ["rna"] * 6 + ["atac"] * 6
    assert found["modality"].cat.categories.tolist() == ["rna", "atac"]
    assert found["library_size"].tolist() == [5.0] * 12


def test_columns_of_one_name_merge_and_others_have_gaps(modality):
    found = cell_table(both(modality, {"type": list("aabbcc"), "age": range(6)}, {"type": list("ccddaa"), "site": 1.5}))
    assert found["type"].tolist() == list("aabbccccddaa")
    assert found["age"].tolist()[:6] == list(range(6))
    assert found["age"].isna().tolist() == [False] * 6 + [True] * 6
    assert found["site"].isna().tolist() == [True] * 6 + [False] * 6
    assert found.columns.is_unique


@pytest.mark.parametrize("name", OURS)
def test_a_column_that_clashes_with_ours_is_kept_aside(modality, tmp_path, name):
    found = round_trip(cell_table(both(modality, {name: list("abcdef")}, {name: list("ghijkl")})), tmp_path)
    assert stored_name(name) == f"input_{name}"
    assert found[f"input_{name}"].tolist() == list("abcdefghijkl")
    assert found["modality"].tolist() == ["rna"] * 6 + ["atac"] * 6
    assert found["library_size"].tolist() == [5.0] * 12


def test_a_slash_in_a_column_name_is_storable(modality, tmp_path):
    found = round_trip(cell_table(both(modality, {"cell/type": list("abcdef")})), tmp_path)
    assert found[stored_name("cell/type")].tolist()[:6] == list("abcdef")
    assert stored_name("cell_type") == stored_name("cell/type") == "cell_type"


@pytest.mark.parametrize(
    "obs",
    [
        {"leiden": list("abcdef"), "input_leiden": list("ghijkl")},
        {"cell/type": list("abcdef"), "cell_type": list("ghijkl")},
        {"1": list("abcdef"), 1: list("ghijkl")},
    ],
)
def test_columns_that_would_get_one_name_are_all_kept(modality, tmp_path, obs):
    found = round_trip(cell_table(both(modality, obs)), tmp_path)
    assert found.columns.is_unique
    kept = {"".join(map(str, found[column].iloc[:6])) for column in found}
    assert {"abcdef", "ghijkl"} <= kept


def test_the_cells_of_a_finished_run_can_be_an_input_again(modality, tmp_path):
    once = cell_table(both(modality, {"leiden": list("aabbcc")}))
    once["leiden"] = pd.Categorical(["0"] * 12)
    rna = modality(obs=None, cells=NAMES)
    again = Dataset({"rna": type(rna)("rna", rna.values, once.iloc[:6].set_axis(NAMES), rna.var, "nb")})
    found = round_trip(cell_table(again), tmp_path)
    assert found.columns.is_unique
    assert {"modality", "input_modality", "input_leiden"} <= set(found.columns)


COLUMNS = {
    "text": list("abcdef"),
    "category": pd.Categorical(list("abcabc")),
    "category of numbers": pd.Categorical([3, 1, 2, 3, 1, 2]),
    "whole": np.arange(6),
    "real": np.linspace(0, 1, 6),
    "truth": np.array([True, False] * 3),
    "nothing": [np.nan] * 6,
    "none": [None] * 6,
    "gaps": ["a", None, "b", np.nan, "c", "d"],
    "mixed": ["a", 1, 2.5, None, True, "b"],
    "date": pd.date_range("2024-01-01", periods=6),
    "nullable": pd.array([1, None, 3, 4, 5, 6], dtype="Int64"),
    "nullable truth": pd.array([True, None, False, True, True, False], dtype="boolean"),
    "string": pd.array(["a", None, "b", "c", "d", "e"], dtype="string"),
}


# pandas: what it will do in a later version when a column without any value meets another
@pytest.mark.filterwarnings("ignore:The behavior of .* concatenation with empty or all-NA entries:FutureWarning")
@pytest.mark.parametrize("first", COLUMNS)
@pytest.mark.parametrize("second", COLUMNS)
def test_columns_of_any_kinds_merge_and_are_stored(modality, tmp_path, first, second):
    obs = cell_table(both(modality, {"c": COLUMNS[first]}, {"c": COLUMNS[second]}))
    found = round_trip(obs, tmp_path)["c"]
    given_values = [*pd.Series(COLUMNS[first]).tolist(), *pd.Series(COLUMNS[second]).tolist()]
    missing = pd.isna(pd.Series(given_values, dtype=object))
    np.testing.assert_array_equal(found.isna(), missing)
    if first == second and first in {"text", "category", "whole", "real", "truth"}:
        assert found.tolist() == given_values


def test_pair_ids_of_the_input_are_kept(modality):
    ids = {"pair_id": [f"p{i}" for i in range(6)]}
    found = cell_table(both(modality, ids, ids, atac_cells=NAMES))
    assert found["pair_id"].tolist() == ids["pair_id"] * 2


@pytest.mark.parametrize("kind", [np.int64, np.float64, str, "category"])
def test_pair_ids_that_are_numbers_meet_whatever_their_type(modality, kind):
    ids = np.arange(6)
    found = cell_table(both(modality, {"pair_id": ids}, {"pair_id": pd.Series(ids).astype(kind).to_numpy()}))
    assert found["pair_id"].tolist() == [str(i) for i in ids] * 2


def test_a_missing_pair_id_is_no_pair(modality):
    found = cell_table(both(modality, {"pair_id": [0, 1, None, 3, 4, 5]}))
    assert found["pair_id"].tolist() == ["0", "1", "-1", "3", "4", "5"] + ["-1"] * 6


def test_names_that_coincide_are_pairs_where_the_input_names_none(modality):
    found = cell_table(both(modality, atac_cells=["z", "a", "b", "u", "c", "d"]))
    assert found["pair_id"].tolist() == ["u", *["-1"] * 4, "z", "z", "-1", "-1", "u", "-1", "-1"]


def test_without_ids_or_common_names_there_are_no_pairs(modality):
    assert set(cell_table(both(modality))["pair_id"]) == {"-1"}
    assert set(cell_table(Dataset({"rna": modality()}))["pair_id"]) == {"-1"}


@given(
    st.lists(
        st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=4),
        min_size=6,
        max_size=6,
        unique=True,
    )
)
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_names_of_cells_are_stored(modality, tmp_path, names):
    obs = cell_table(both(modality, rna_cells=names, atac_cells=names[::-1]))
    assert [each.removeprefix("rna:") for each in obs.index[:6]] == names
    assert obs["pair_id"].astype(str).tolist() == [*names, *names[::-1]]


def test_features_come_with_their_places(dataset, located):
    modelled = {"rna": np.array([0, 3]), "atac": np.arange(len(located["atac"]))}
    found = feature_table(dataset, located, modelled)
    assert found.index[:2].tolist() == ["rna:Gene0", "rna:Gene1"]
    assert found["name"].tolist() == [*located["rna"].index, *located["atac"].index]
    assert found["modelled"].to_numpy().nonzero()[0].tolist() == [0, 3, *range(80, len(found))]
    gene, peak = found.iloc[5], found.iloc[-1]
    assert [gene["chrom"], gene["chromStart"], gene["chromEnd"]] == located["rna"].iloc[5, :3].tolist()
    assert peak["name"] == f"{peak['chrom']}:{peak['chromStart']}-{peak['chromEnd']}"
    assert found["modality"].cat.categories.tolist() == ["rna", "atac"]


def test_ensembl_ids_stay_beside_symbols(dataset, located):
    modelled = {"rna": np.arange(5), "atac": np.arange(5)}
    assert "gene_id" not in feature_table(dataset, located, modelled)
    dataset.modalities["rna"].var["gene_id"] = [f"ENSG{i:011d}" for i in range(dataset.modalities["rna"].n_features)]
    found = feature_table(dataset, located, modelled)
    assert found["gene_id"].iloc[1] == "ENSG00000000001"
    assert set(found.loc[found["modality"] == "atac", "gene_id"]) == {""}


def test_features_without_a_place_are_stored_too(modality, tmp_path):
    from monae_app.engine.config import make_config
    from monae_app.engine.data.coordinates import locate_features

    dataset = Dataset({"rna": modality()})
    located = locate_features(dataset, make_config(inputs={"rna": "rna.h5ad"}))
    found = round_trip(feature_table(dataset, located, {"rna": np.arange(5)}), tmp_path)
    assert found["chromStart"].tolist() == [-1] * 5
    assert found["chrom"].tolist() == [""] * 5


def test_a_table_has_no_matrix_and_is_read_back_whole(modality, tmp_path):
    obs = cell_table(both(modality))
    wide = np.random.default_rng(0).normal(size=(12, 3))
    table_of(obs, {"X_monae": wide, "X_private": np.empty((12, 0))}).write_h5ad(tmp_path / "cells.h5ad")
    found = ad.read_h5ad(tmp_path / "cells.h5ad")
    assert found.X is None
    assert found.obsm["X_monae"].dtype == np.float32
    np.testing.assert_allclose(found.obsm["X_monae"], wide, rtol=1e-6)
    assert found.obsm["X_private"].shape == (12, 0)
    with pytest.raises(Exception, match="no matrix X"):
        read_h5ad(tmp_path / "cells.h5ad")
