from __future__ import annotations

import shutil

import anndata as ad
import numpy as np
import pandas as pd
import pytest

from monae_app.engine.analysis.kept_arrays import KeptArrays
from monae_app.engine.analysis.run_slices import RunSlices
from monae_app.engine.errors import InputError
from monae_app.web.explore import RunView
from tests.web.tiny_sample import CELLS, TYPES


def test_the_label_comes_first(view):
    assert view.default_colour == "obs:cell_type"
    assert set(view.columns) == {"cell_type", "modality", "leiden", "library_size", "local_mixing"}


def with_columns(view, folder, **columns) -> RunView:
    """The same run with further columns of the cells."""
    shutil.copytree(view.folder, folder)
    cells = ad.read_h5ad(folder / "cells.h5ad")
    for name, values in columns.items():
        cells.obs[name] = values
    cells.write_h5ad(folder / "cells.h5ad")
    return RunView(RunSlices(folder, KeptArrays(2**24)))


def test_identifiers_and_what_the_run_needs_for_itself_are_no_colours(view, tmp_path):
    columns = with_columns(view, tmp_path / "run", monae_batch="one", held_out=False, lane="two").columns
    assert set(columns) == {*view.columns, "lane"}
    assert not {"pair_id", "normaliser_rna", "monae_batch", "held_out"} & set(columns)


def test_groups_are_told_from_numbers_and_from_identifiers(view, tmp_path):
    n = 2 * CELLS
    found = with_columns(
        view,
        tmp_path / "run",
        few=np.arange(n) % 12,
        many=np.arange(n) % 13,
        real=np.linspace(0, 1, n),
        flag=np.arange(n) % 2 == 0,
        gaps=pd.array([1, None] * (n // 2), dtype="Int64"),
        unsure=pd.array([True, None] * (n // 2), dtype="boolean"),
        names=[f"cell {i}" for i in range(n)],
        numbered=pd.Categorical(np.arange(n) % 3 + 9),
        empty=pd.Categorical([None] * n, categories=["a"]),
    )
    added = [name for name in found.columns if name not in view.columns]
    assert added == ["few", "many", "real", "flag", "gaps", "unsure", "numbered"]
    assert [name for name in added if name in found.groupings] == ["few", "flag", "gaps", "unsure", "numbered"]
    assert list(found.colouring("obs:few").values.cat.categories) == [str(i) for i in range(12)]
    assert list(found.colouring("obs:numbered").values.cat.categories) == ["9", "10", "11"]
    assert list(found.colouring("obs:flag").values.cat.categories) == ["False", "True"]
    assert found.colouring("obs:gaps").values.isna().sum() == n // 2
    assert found.colouring("obs:many").values.max() == 12
    assert found.identity(1)["labels"].keys() == {"cell_type", "leiden", "few", "flag", "numbered"}
    assert found.identity(0)["labels"]["unsure"] == "True"


@pytest.mark.parametrize(
    ("typed", "names"), [("gene1", ["Gene1", *(f"Gene1{i}" for i in range(10))]), ("GENE59", ["Gene59"])]
)
def test_search_finds_by_prefix_in_any_case(view, typed, names):
    assert [hit.name for hit in view.search(typed)] == names


def test_search_never_ships_everything(view):
    assert len(view.search("chr1:")) == 50
    assert [hit.kind for hit in view.search("")] == ["cells"] * 5
    assert view.search("chr1:")[0].kind == "peak"
    assert view.search("nothing like it") == []


def test_groups_are_in_the_order_of_the_run(view):
    assert list(view.colouring("obs:modality").values.cat.categories) == ["RNA", "ATAC"]
    assert list(view.colouring("obs:cell_type").values.cat.categories) == list(TYPES)


def test_measured_values_belong_to_one_modality(view):
    measured = view.colouring("rna:Gene0", measured=True).values
    assert measured[:CELLS].notna().all()
    assert measured[CELLS:].isna().all()


def test_imputed_values_are_there_for_all_and_right(view):
    imputed = view.colouring("rna:Gene0").values
    assert imputed.notna().all()
    kind = view.colouring("obs:cell_type").values
    assert imputed[kind == TYPES[0]].min() > imputed[kind != TYPES[0]].max()
    measured = view.colouring("rna:Gene0", measured=True).values[:CELLS]
    assert np.corrcoef(imputed[:CELLS], measured)[0, 1] > 0.5


@pytest.mark.parametrize("key", ["rna:Nope", "obs:nope", "", "atac:Gene0", "nope:nope"])
def test_an_unknown_colour_is_refused_in_words(view, key):
    with pytest.raises(InputError, match="nothing called"):
        view.colouring(key)
