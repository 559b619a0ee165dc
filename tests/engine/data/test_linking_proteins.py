"""Proteins are linked to the genes that code for them, by name."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monae_app.engine.config import make_config
from monae_app.engine.data.coding import coding_genes
from monae_app.engine.data.coordinates import locate_features
from monae_app.engine.data.dataset import Dataset
from monae_app.engine.data.linking import link, modelled_features
from monae_app.engine.data.summary import describe
from monae_app.engine.errors import InputError

GENES = ["CD4", "Ptprc", "NCAM1", "cd4", "CD8A", "CD8B", "ADT", "HLA-DRA", "CD19-prot", "CD19"]


def found(names: list[str], **columns: object) -> list[list[str]]:
    """Genes of each protein."""
    pairs = coding_genes(pd.DataFrame(columns, index=names), GENES)
    assert pairs.to_numpy().tolist() == sorted(pairs.to_numpy().tolist())
    return [[GENES[gene] for gene in pairs.loc[pairs["protein"] == each, "gene"]] for each in range(len(names))]


@pytest.mark.parametrize(
    ("protein", "gene"),
    [
        ("CD4", "CD4"),
        ("Cd4", "CD4"),  # the first of two that differ in case
        ("cd4", "cd4"),
        ("PTPRC", "Ptprc"),
        ("CD4-TotalSeqB", "CD4"),
        ("CD4_TotalSeqC", "CD4"),
        ("CD4 totalseq-a", "CD4"),
        ("PTPRC_ADT", "Ptprc"),
        ("HLA-DRA-prot", "HLA-DRA"),
        ("HLA-DRA.protein", "HLA-DRA"),
        ("CD19-prot", "CD19-prot"),  # a gene of that very name
        ("ADT", "ADT"),
    ],
)
def test_a_protein_is_found_by_its_own_name(protein, gene):
    assert found([protein]) == [[gene]]


def test_names_that_only_resemble_a_gene_match_nothing():
    assert found(["CD", "CD44", "IgG1-TotalSeqB", "TotalSeqB", ""]) == [[]] * 5


@pytest.mark.parametrize("column", ["gene", "gene_name", "gene_symbol"])
def test_a_column_of_genes_goes_before_the_name(column):
    named = [" ncam1", "CD8A; CD8B", None, "", "CD8A,CD8A", "CD4_ADT"]
    assert found(["CD56", "CD8", "CD4", "CD19", "x", "y"], **{column: named}) == [
        ["NCAM1"], ["CD8A", "CD8B"], [], [], ["CD8A"], ["CD4"],
    ]  # fmt: skip


def test_the_first_column_counts_whatever_its_kind():
    several = {"gene_name": ["CD19"], "gene": pd.Categorical(["CD4"])}
    assert found(["x"], **several) == [["CD4"]]
    assert found(["x"], gene=[np.nan]) == [[]]


@given(st.lists(st.sampled_from([*GENES, "CD56", "IgG1"]), unique_by=str.casefold, min_size=1), st.randoms())
def test_case_and_order_change_nothing(names, random):
    plain = dict(zip(names, found(names), strict=True))
    shuffled = random.sample(names, len(names))
    tagged = [f"{name}_TotalSeqB" for name in shuffled]
    assert found(shuffled) == [plain[name] for name in shuffled]
    assert found(tagged) == found(shuffled)


@pytest.fixture
def both(modality) -> Dataset:
    """Thirty genes and six proteins, of which two have no gene."""
    rng = np.random.default_rng(0)
    rna = modality(rng.poisson(1, (40, 30)) + 1, features=[f"Gene{i}" for i in range(30)])
    proteins = ["GENE29", "Gene3_ADT", "IgG1", "gene4", "Gene0", "IgG2a"]
    return Dataset({"protein": modality(rng.poisson(5, (20, 6)) + 1, "protein", features=proteins), "rna": rna})


def config(**settings: object):
    return make_config(inputs={"protein": "p.h5ad", "rna": "r.h5ad"}, **settings)


def linked(dataset: Dataset, **settings: object):
    return link(dataset, locate_features(dataset, config()), config(**settings))


def test_edges_join_genes_and_proteins_without_any_coordinates(both):
    graph = linked(both)
    names = graph.vertices["name"].to_numpy()
    edges = set(zip(names[graph.source], names[graph.target], strict=True))
    assert edges == {("Gene29", "GENE29"), ("Gene3", "Gene3_ADT"), ("Gene4", "gene4"), ("Gene0", "Gene0")}
    assert (graph.weight == 1).all()
    assert (graph.sign == 1).all()
    assert graph.vertices["modality"].iloc[graph.source].eq("rna").all()


def test_genes_of_proteins_are_modelled_and_so_are_all_proteins(both):
    for top in (10, 12, 30):
        graph = linked(both, n_top_genes=top)
        modelled = modelled_features(both, graph)
        assert {0, 3, 4, 29} <= set(modelled["rna"])
        assert len(modelled["rna"]) <= top + 4
        np.testing.assert_array_equal(modelled["protein"], np.arange(6))
        names = graph.vertices["name"].to_numpy()
        assert {names[end].casefold().removesuffix("_adt") for end in graph.target} == {
            names[end].casefold() for end in graph.source
        }


def test_peaks_and_proteins_are_linked_side_by_side(planted, dataset, located, planted_config, modality):
    alone = link(dataset, located, planted_config)
    panel = modality(np.ones((20, 5)), "protein", features=["Gene7", "Gene9", "Gene11", "x", "y"])
    whole = Dataset(dataset.modalities | {"protein": panel})
    graph = link(whole, locate_features(whole, planted_config), planted_config)
    n_peaks = len(alone.source)
    for name in ("source", "target", "weight", "sign"):
        np.testing.assert_array_equal(getattr(graph, name)[:n_peaks], getattr(alone, name))
    assert graph.source[n_peaks:].tolist() == [7, 9, 11]
    assert (graph.target[n_peaks:] - graph.block("protein").start).tolist() == [0, 1, 2]


def test_no_match_at_all_is_refused_and_some_without_match_are_named(both):
    strangers = both.modalities["protein"].var.set_axis([f"IgG{i}" for i in range(6)])
    lost = Dataset(both.modalities | {"protein": replace(both.modalities["protein"], var=strangers)})
    with pytest.raises(InputError, match=r"None of the 6 proteins .*'IgG0'.*'Gene0'") as refused:
        linked(lost)
    assert "column 'gene'" in refused.value.todo
    # without RNA there is nothing to match
    alone = Dataset({"protein": lost.modalities["protein"]})
    assert len(linked(alone).source) == 0

    said = describe(both, locate_features(both, config()), config(), linked(both))
    (warning,) = [each for each in said["warnings"] if "match no gene" in each]
    assert "2 of 6 proteins (IgG1, IgG2a)" in warning
    expected = {"proteins_linked": 4, "proteins_without_edge": 2, "genes_linked": 4, "genes_without_edge": 26}
    assert expected.items() <= said["guidance"].items()
