from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monae_app.engine.data.understanding.feature_names import kind_of_names, name_features, without_version
from monae_app.engine.data.understanding.known_genes import symbols

HUMAN = symbols("hg38")[5000:5020].tolist()
MOUSE = symbols("mm10")[5000:5020].tolist()
IDS = [f"ENSG{i:011d}.{1 + i % 7}" for i in range(20)]


def table(names, **columns):
    return pd.DataFrame(columns, index=pd.Index(list(names), dtype=object))


@pytest.mark.parametrize(
    ("names", "kind"),
    [
        (HUMAN, "symbols"),
        (MOUSE, "symbols"),
        (IDS, "Ensembl ids"),
        (["ENSMUSG00000051951", "ENSMUSG00000102851.2", "ENSDARG00000000001"], "Ensembl ids"),
        (["chr1:1-2", "chr2-3-4", "chrUn_KI270742v1_5_6"], "peaks"),
        (["0", "1", "2"], "numbers"),
        (["alpha", "beta"], "other names"),
        ([], "other names"),
    ],
)
def test_kinds_of_names(names, kind):
    assert kind_of_names(pd.Index(names, dtype=object)) == kind


@pytest.mark.parametrize("column", ["gene_symbols", "gene_name", "feature_name", "Symbol", "gene_short_name", "name"])
def test_ids_give_way_to_the_symbols_beside_them(column):
    var = table(IDS, other=range(20), **{column: pd.Categorical(HUMAN)})
    found = name_features(var, "rna")
    assert found.kind == "symbols"
    assert found.var.index.tolist() == HUMAN
    assert found.var["gene_id"].tolist() == IDS
    assert found.var["other"].tolist() == list(range(20))
    assert column in found.notes[0]
    assert var.index.tolist() == IDS


def test_a_gene_without_a_symbol_keeps_its_id():
    names = [*HUMAN[:18], None, ""]
    found = name_features(table(IDS, symbol=names), "rna")
    assert found.var.index.tolist() == [*HUMAN[:18], *IDS[18:]]
    assert "18 of 20 genes" in found.notes[0]


def test_a_column_of_ids_or_numbers_is_no_column_of_symbols():
    found = name_features(table(IDS, name=IDS, gene=range(20), symbol=HUMAN), "rna")
    assert found.var.index.tolist() == HUMAN
    alone = name_features(table(IDS, name=IDS, gene=[str(i) for i in range(20)]), "rna")
    assert alone.var.index.tolist() == IDS
    assert alone.kind == "Ensembl ids"
    assert "--gtf FILE" in alone.notes[0]


def test_ids_are_looked_up_in_the_annotation_without_their_version():
    known = pd.Series(HUMAN[:15], index=[without_version(name) for name in IDS[:15]])
    found = name_features(table(IDS), "rna", symbol_of=lambda: known)
    assert found.var.index.tolist() == [*HUMAN[:15], *IDS[15:]]
    assert found.var["gene_id"].tolist() == IDS
    assert "15 of 20" in found.notes[0]
    # the file's own symbols go first
    assert name_features(table(IDS, symbol=MOUSE), "rna", symbol_of=lambda: known).var.index.tolist() == MOUSE
    none = name_features(table(IDS), "rna", symbol_of=lambda: pd.Series(dtype=object))
    assert none.var.index.tolist() == IDS
    assert "--gtf FILE" in none.notes[0]


def test_names_that_are_numbers_take_symbols_and_are_said_without():
    numbers = [str(i) for i in range(20)]
    assert name_features(table(numbers, gene=HUMAN), "rna").var.index.tolist() == HUMAN
    found = name_features(table(numbers), "rna")
    assert found.var.index.tolist() == numbers
    assert "numbers" in found.notes[0]


def test_symbols_stay_and_ids_beside_them_get_their_usual_name():
    found = name_features(table(HUMAN, gene_ids=IDS), "rna")
    assert found.var.index.tolist() == HUMAN
    assert found.var["gene_id"].tolist() == IDS
    assert found.notes == ()
    assert "gene_id" not in name_features(table(HUMAN, gene_ids=HUMAN), "rna").var


@pytest.mark.parametrize("prefixes", [("GRCh38_", "mm10___"), ("HUMAN_", "MOUSE_"), ("hg19_", "mm10_")])
@pytest.mark.parametrize(("genome", "of_human"), [("hg38", True), ("mm10", False), (None, True)])
def test_in_a_mixture_of_species_those_of_the_genome_lose_their_prefix(prefixes, genome, of_human):
    human, mouse = (
        [f"{prefix}{name}" for name in names] for prefix, names in zip(prefixes, (HUMAN, MOUSE), strict=True)
    )
    found = name_features(table([*human, *mouse[:10]]), "rna", genome=genome)
    assert found.var.index.tolist() == ([*HUMAN, *mouse[:10]] if of_human else [*human, *MOUSE[:10]])
    assert "prefix" in found.notes[0]
    assert "another species" in found.notes[0]


def test_the_prefix_of_one_species_is_taken_off():
    found = name_features(table([f"GRCh38_{name}" for name in HUMAN]), "rna")
    assert found.var.index.tolist() == HUMAN
    assert "another species" not in found.notes[0]


def test_repeated_names_get_a_number_and_are_said():
    found = name_features(table(["A", "B", "A", "A"]), "rna")
    assert found.var.index.tolist() == ["A", "B", "A-1", "A-2"]
    assert "1 names stand more than once ('A')" in found.notes[0]
    assert name_features(table(["CD4", "CD4"]), "protein").var.index.tolist() == ["CD4", "CD4-1"]


NAME = st.one_of(st.sampled_from([*HUMAN[:3], *IDS[:3], "a", "a-1", "7"]), st.text(max_size=4))


# the first call reads the names of all genes
@settings(deadline=None)
@given(st.lists(NAME, max_size=12), st.sampled_from(["rna", "protein"]), st.booleans())
def test_whatever_the_names_they_end_up_unique_and_as_many(names, modality, with_symbols):
    var = table(names, **({"symbol": names[::-1]} if with_symbols else {}))
    found = name_features(var, modality)
    assert len(found.var) == len(names)
    assert found.var.index.is_unique
    np.testing.assert_array_equal(var.index.to_numpy(str), np.array(names, dtype=str))
    # a second time changes nothing
    again = name_features(found.var.drop(columns="symbol", errors="ignore"), modality)
    assert again.var.index.tolist() == found.var.index.tolist()


@pytest.mark.parametrize(
    "spelled", ["{id}_{symbol}", "{symbol}_{id}", "{id}|{symbol}", "{symbol}-{id}", "{id}:{symbol}"]
)
def test_names_that_hold_both_id_and_symbol_are_taken_apart(spelled):
    names = [spelled.format(id=gene, symbol=symbol) for gene, symbol in zip(IDS, HUMAN, strict=True)]
    # spike-ins have no id
    found = name_features(table([*names, "ERCC-00002"]), "rna")
    assert found.kind == "symbols"
    assert found.var.index.tolist() == [*HUMAN, "ERCC-00002"]
    assert found.var["gene_id"].tolist() == [*IDS, ""]


def test_a_number_that_is_taken_is_passed_over_without_a_warning():
    assert name_features(table(["A", "A", "A-1"]), "rna").var.index.tolist() == ["A", "A-2", "A-1"]
