"""The basket of chosen files: nothing is lost, everything can be undone, and only what can be used is passed on."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monae_app.engine.errors import InputError
from monae_app.web.basket import GENES, PEAKS, Basket


def look(*modalities: str | None, genome: str | None = "mm10", **more):
    parts = [
        {"name": "", "modality": {"value": each}, "genome": {"value": genome}, "cells": 10, "features": 20, **more}
        for each in modalities
    ]
    return {"format": "AnnData (.h5ad)", "parts": parts}


def filled(**files):
    basket = Basket().add([(f"upload:{name}", f"{name}.h5ad") for name in files])
    for name, seen in files.items():
        basket = basket.with_look(f"upload:{name}", seen)
    return basket


def test_each_part_is_used_as_what_it_looks_like():
    basket = filled(multiome=look("rna", "atac"), adt=look("protein"), odd=look(None))
    assert basket.modalities() == {"rna": ["upload:multiome"], "atac": ["upload:multiome"], "protein": ["upload:adt"]}
    basket = basket.used_as("upload:odd", 0, "rna").used_as("upload:multiome", 1, "")
    assert basket.modalities() == {"rna": ["upload:multiome", "upload:odd"], "protein": ["upload:adt"]}
    assert basket.source().inputs == (("rna", ("upload:multiome", "upload:odd")), ("protein", ("upload:adt",)))


def test_a_file_is_added_once():
    basket = Basket().add([("a", "a.h5ad"), ("a", "a.h5ad")]).add([("a", "other.h5ad"), ("b", "b.h5ad")])
    assert [(each.ref, each.name) for each in basket.files] == [("a", "a.h5ad"), ("b", "b.h5ad")]


@given(st.lists(st.sampled_from("abcdef"), min_size=1, unique=True), st.data())
def test_what_is_taken_out_comes_back_where_it_was(names, data):
    basket = filled(**{name: look("rna") for name in names})
    taken = data.draw(st.sampled_from(names))
    less = basket.without(f"upload:{taken}")
    assert [each.name for each in less.files] == [f"{name}.h5ad" for name in names if name != taken]
    assert less.restored() == basket
    assert Basket.from_json(json.loads(json.dumps(less.to_json()))).restored() == basket


@pytest.mark.parametrize("kept", [None, [], "x", {}, {"files": None, "removed": None}])
def test_anything_else_that_a_browser_keeps_is_an_empty_basket(kept):
    assert Basket.from_json(kept) == Basket()


def test_the_genome_is_the_one_that_most_files_look_like_unless_the_user_says_so():
    basket = filled(a=look("rna"), b=look("atac"), c=look("rna", genome="hg38"))
    assert basket.places() == "mm10"
    own = basket.add([("upload:g", "genes.gtf.gz")])
    assert own.places() == "upload:g"
    assert own.used_as("upload:g", 0, "").places() == "mm10"
    assert own.with_places("hg19").places() == "hg19"
    assert filled(a=look("rna", genome=None)).places() == ""


def test_bed_files_hold_genes_or_peaks():
    basket = filled(a=look("atac")).add([("upload:g", "genes.bed"), ("upload:p", "peaks.bed.gz")])
    assert [each.uses for each in basket.files[1:]] == [(GENES,), (PEAKS,)]
    source = basket.source()
    assert (source.genome, dict(source.settings)["peaks"]) == ("upload:g", "upload:p")


def test_what_cannot_be_used_is_not_passed_on():
    with pytest.raises(InputError, match="No file is used"):
        Basket().source()
    with pytest.raises(InputError, match="still being looked at"):
        Basket().add([("a", "a.h5ad")]).source()
    broken = Basket().add([("a", "a.h5ad")]).with_look("a", {"error": {"found": "x", "expected": "y", "todo": "z"}})
    with pytest.raises(InputError, match=r"a\.h5ad cannot be read"):
        broken.source()
    with pytest.raises(InputError, match="No file is used"):
        filled(a=look(None)).source()


def test_a_table_that_is_turned_is_looked_at_anew_and_read_that_way():
    basket = filled(a=look("rna", rows="cells"), b=look("atac"))
    turned = basket.turn("upload:a")
    assert [each.waiting for each in turned.files] == [True, False]
    seen = turned.with_look("upload:a", look("rna", rows="features"))
    assert dict(seen.source().settings) == {"rna_orientation": "features"}
    assert seen.turn("upload:a").files[0].turned == "cells"


def test_a_default_is_not_kept_as_a_setting():
    basket = filled(a=look("rna")).with_matrix("upload:a", 0, "raw").with_setting("join_genes", "union", "intersection")
    assert dict(basket.source().settings) == {"rna_matrix": "raw", "join_genes": "union"}
    basket = basket.with_matrix("upload:a", 0, "auto").with_setting("join_genes", "intersection", "intersection")
    assert dict(basket.source().settings) == {}
