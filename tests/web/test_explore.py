from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from monae_app.engine.errors import InputError
from monae_app.web.explore import RunView
from tests.web.tiny_sample import CELLS, TYPES


def test_the_label_comes_first(view):
    assert view.default_colour == "obs:cell_type"
    assert set(view.columns) == {"cell_type", "modality", "leiden", "library_size"}


def test_identifiers_and_what_the_run_needs_for_itself_are_no_colours(view):
    cells = view.result.cells.copy()
    cells.obs["monae_batch"], cells.obs["held_out"], cells.obs["lane"] = "one", False, "two"
    columns = RunView(replace(view.result, cells=cells)).columns
    assert set(columns) == {*view.columns, "lane"}
    assert not {"pair_id", "normaliser_rna", "monae_batch", "held_out"} & set(columns)


@pytest.mark.parametrize(
    ("typed", "names"), [("gene1", ["Gene1", *(f"Gene1{i}" for i in range(10))]), ("GENE59", ["Gene59"])]
)
def test_search_finds_by_prefix_in_any_case(view, typed, names):
    assert [hit.name for hit in view.search(typed)] == names


def test_search_never_ships_everything(view):
    assert len(view.search("chr1:")) == 50
    assert [hit.kind for hit in view.search("")] == ["cells"] * 4
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
