"""Panels as they are sold are matched to their genes, and what is not matched is known by name."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from monae_app.engine.data.coding import code_proteins, links_of
from monae_app.engine.data.genome import bundled_symbols

PANELS = Path(__file__).parents[3] / "data" / "antibodies"
# genes that are rearranged in lymphocytes, which RNA files have and the bundled tables leave out
HUMAN = "TRAC TRBC1 TRBC2 TRDC TRGC1 TRGC2 TRAV1-2 TRAV10 TRAJ18 TRGV9 TRDV2 IGHD IGHM IGHA1 IGHA2 IGKC IGLC1 IGLC2"
MOUSE = "Trac Trbc1 Trbc2 Trdc Tcrg-C1 Ighd Ighm Igkc"


@pytest.fixture(scope="module")
def human() -> list[str]:
    return [*bundled_symbols("hg38"), *HUMAN.split()]


@pytest.fixture(scope="module")
def mouse() -> list[str]:
    return [*bundled_symbols("mm10"), *MOUSE.split()]


def panel(name: str) -> list[str]:
    return (PANELS / f"{name}.txt").read_text(encoding="utf-8").split("\n")[:-1]


def coded(names, genes):
    """Genes, kind and weight of each antibody."""
    found = code_proteins(pd.DataFrame(index=names), genes)
    return {name: ([genes[at] for at in each.genes], each) for name, each in zip(names, found, strict=True)}


@pytest.mark.parametrize(
    ("name", "n_names", "unmatched"),
    [
        # cadherin is a family; CD15 and CD57 are sugars
        ("pbmc_224", 224, {"cadherin": "none", "cd15": "table", "cd57": "table"}),
        ("pbmc_totalseq_b_14", 14, {"CD15_TotalSeqB": "table"}),
        ("cbmc_13", 13, {}),
    ],
)
def test_all_but_sugars_of_a_real_panel_are_matched(human, name, n_names, unmatched):
    names = panel(name)
    assert len(names) == n_names
    found = coded(names, human)
    assert {name: each.how for name, (genes, each) in found.items() if not genes} == unmatched
    links = links_of([each for _, each in found.values()])
    of_protein = links.groupby("protein")["weight"].sum()
    assert of_protein.max() == pytest.approx(1)
    isoforms = [at for at, each in enumerate(names) if each.lower()[:6] in ("cd45ra", "cd45rb", "cd45ro")]
    assert of_protein[isoforms].tolist() == pytest.approx([0.5] * len(isoforms))


def test_names_as_makers_write_them_are_matched(human, mouse):
    unmatched = {"CD57 Recombinant": "CD57", "SSEA-5": "SSEA-5", "Mouse IgG1, κ Isotype Ctrl": ""}
    found = coded(panel("as_makers_write_human"), human)
    assert {name: each.target for name, (genes, each) in found.items() if not (genes or each.lacking)} == unmatched
    unmatched = {
        "anti-mouse TER-119/Erythroid Cells": "TER-119",
        "Rat IgG2b, κ Isotype Ctrl": "",
        "Armenian Hamster IgG Isotype Ctrl": "",
    }
    found = coded(panel("as_makers_write_mouse"), mouse)
    assert {name: each.target for name, (genes, each) in found.items() if not (genes or each.lacking)} == unmatched
    assert found["anti-mouse CD120b (TNF R Type II/p75)"][0] == ["Tnfrsf1b"]
    assert found["anti-mouse Panendothelial Cell Antigen"][0] == ["Plvap"]


def test_names_that_r_mangled_mean_what_they_meant(human):
    expected = {
        "tcr.v.7.2": ["TRAV1-2"],
        "tcr.v.2": ["TRDV2"],
        "tcr.v.9": ["TRGV9"],
        "tcr.v.24.j.18": ["TRAV10", "TRAJ18"],
        "siglec.8": ["SIGLEC8"],
        "hla.dr": ["HLA-DRA", "HLA-DRB1"],
        "integrin.7": ["ITGB7"],
        "tcrgd": ["TRDC", "TRGC1", "TRGC2"],
        "cd66a.c.e": ["CEACAM1", "CEACAM6", "CEACAM5"],
        "cd307c.fcrl3": ["FCRL3"],
        "cd11a.cd18": ["ITGAL", "ITGB2"],
        "b7.h4": ["VTCN1"],
        "lox.1": ["OLR1"],
        "cd3.1": ["CD3D", "CD3E", "CD3G"],
        "cd31": ["PECAM1"],
        "cd45.2": ["PTPRC"],
        "folate": ["FOLR2"],
        "c5l2": ["C5AR2"],
        "cd158e1": ["KIR3DL1"],
        "cd235ab": ["GYPA", "GYPB"],
        "galectin.9": ["LGALS9"],
    }
    found = coded(list(expected), human)
    assert {name: genes for name, (genes, _) in found.items()} == expected
    # a number behind a human antibody is that of a clone
    assert found["cd45.2"][1].kind == "gene"
    assert found["cd3.1"][1].kind == "complex"


def test_mouse_panels_have_targets_of_their_own(mouse):
    expected = {
        "CD45.1": ["Ptprc"],
        "CD45.2": ["Ptprc"],
        "CD45R/B220": ["Ptprc"],
        "Ly-6A/E (Sca-1)": ["Ly6a"],
        "Ly-6G": ["Ly6g"],
        "Ly-6C": ["Ly6c1", "Ly6c2"],
        "F4/80": ["Adgre1"],
        "I-A/I-E": ["H2-Aa", "H2-Ab1", "H2-Eb1"],
        "NK-1.1": ["Klrb1c"],
        "CD16/32": ["Fcgr2b", "Fcgr3"],
        "CD8b": ["Cd8b1"],
        "CD23": ["Fcer2a"],
        "CD24": ["Cd24a"],
        "CD170 (Siglec-F)": ["Siglecf"],
        "TCR γ/δ": ["Trdc", "Tcrg-C1"],
        "anti-mouse CD4": ["Cd4"],
        "CD4-1": ["Cd4"],
        "TER-119": [],
        "CD66b": [],
    }
    found = coded(list(expected), mouse)
    assert {name: genes for name, (genes, _) in found.items()} == expected
    for allotype in ("CD45.1", "CD45.2"):
        assert (found[allotype][1].kind, found[allotype][1].weight) == ("isoform", 0.5)
    assert "glycophorin" in found["TER-119"][1].note
    assert found["CD66b"][1].note == "no gene of mouse codes for it"


def test_genes_that_the_data_lack_are_named_and_former_symbols_count(human):
    few = ["CD3E", "C10orf54", "CD19", "LAG3"]
    found = coded(["CD3", "CD20", "VISTA", "CD223"], few)
    assert [(genes, each.lacking) for genes, each in found.values()] == [
        (["CD3E"], ("CD3D", "CD3G")), ([], ("MS4A1",)), (["C10orf54"], ()), (["LAG3"], ()),
    ]  # fmt: skip
    # what is left of a complex weighs as much as a whole antibody
    assert links_of([each for _, each in found.values()])["weight"].tolist() == [1, 1, 1]
