"""A target is known however its antibody is called."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monae_app.engine.data.antibodies import canonical, is_isotype_control, readings, species_of, targets
from monae_app.engine.data.antibodies.table import read_targets


def taken_for(name: str) -> str:
    """Target of the first reading that stands in the table."""
    return next((targets()[canonical(each)].name for each in readings(name) if canonical(each) in targets()), "")


@pytest.mark.parametrize(
    ("name", "target"),
    [
        ("CD3-TotalSeqB", "CD3"),
        ("CD3_TotalSeq-C", "CD3"),
        ("CD3_ADT", "CD3"),
        ("ADT_CD3", "CD3"),
        ("A0034_CD3", "CD3"),
        ("C0034-CD3_TotalSeqC", "CD3"),
        ("CD3-CTCATTGTAACTCCT", "CD3"),
        ("anti-human CD3", "CD3"),
        ("anti-mouse/human CD11b", "CD11b"),
        ("Hu.CD3-UCHT1", "CD3"),
        ("Hu.CD4_RPA.T4", "CD4"),
        ("CD26_BA5b", "CD26"),
        ("CD62L_DREG-56", "CD62L"),
        ("HuMs.CD44", "CD44"),
        ("HuMsRt.CD278", "CD278"),
        ("CD56-1", "CD56"),
        ("cd11b.2", "CD11b"),
        ("CD279 (PD-1)", "CD279"),
        ("PD-1", "CD279"),
        ("pd.1", "CD279"),
        ("CD158b (KIR2DL2/L3, NKAT2)", "CD158b"),
        ("unheard of (CD3)", "CD3"),
        ("TCR γ/δ", "TCRgd"),
        ("TCRgd", "TCRgd"),
        ("Hu.TCR.AB", "TCRab"),
        ("TCR alpha/beta", "TCRab"),
        ("tcr.v.7.2", "TCR Va7.2"),
        ("TCR Vα7.2", "TCR Va7.2"),
        ("tcr.v.24.j.18", "TCR Va24-Ja18"),
        ("siglec.8", "Siglec-8"),
        ("hla.dr", "HLA-DR"),
        ("HLA-A,B,C", "HLA-ABC"),
        ("integrin.7", "Integrin b7"),
        ("Integrin β7", "Integrin b7"),
        ("cd66a.c.e", "CD66a/c/e"),
        ("cd307c.fcrl3", "CD307c"),
        ("cd11a.cd18", "CD11a/CD18"),
        ("b7.h4", "B7-H4"),
        ("lox.1", "LOX-1"),
        ("X4.1BB", "CD137"),
        ("FcεRIα", "FceRIa"),
        ("Ig light chain κ", "Ig light chain kappa"),
        ("CD45R/B220", "CD45R"),
        ("Ly-6A/E (Sca-1)", "Sca-1"),
    ],
)
def test_a_target_is_known_by_all_its_names(name, target):
    assert taken_for(name) == target


@pytest.mark.parametrize("name", ["", "CD", "B7-H9", "CD8-CD4", "IL4-R1", "unmapped", "cadherin", "TotalSeqB", "CD31x"])
def test_what_names_no_target_is_taken_for_none(name):
    assert taken_for(name) == ""


def test_the_number_of_a_clone_makes_no_other_target():
    assert [taken_for(name) for name in ("CD3.1", "CD31", "CD3-1", "CD16.32", "CD1.1")] == [
        "CD3", "CD31", "CD3", "CD16/32", "",
    ]  # fmt: skip


def test_the_organism_is_heard_where_it_is_said():
    said = {"Hu.CD4": {"human"}, "anti-mouse CD4": {"mouse"}, "HuMs.CD44": {"human", "mouse"}, "CD4": set()}
    assert {name: set(species_of(name)) for name in said} == said
    assert species_of("A0034_anti-human CD3") == {"human"}


NAMES = sorted({name for each in read_targets() for name in (each.name, *each.aliases)})
WORN = (
    "{}",
    "{}-TotalSeqA",
    "{}_TotalSeqC",
    "{}_ADT",
    "ADT_{}",
    "anti-human {}",
    "Hu.{}",
    "A0123_{}",
    "{}-prot",
    "{}-ACGTACGTACGTACG",
)


@given(
    st.sampled_from(NAMES), st.sampled_from(WORN), st.sampled_from([str.upper, str.lower, str]), st.sampled_from(" ._-")
)
def test_what_kits_and_r_make_of_a_name_changes_nothing(name, worn, case, between):
    plain = targets()[canonical(name)].name
    # R writes a dot for whatever it does not like in a name
    mangled = re.sub(r"[^\wα-ω]", between, name) if between != "_" else name
    assert taken_for(worn.format(case(mangled))) == plain


CONTROLS = (
    "IgG1", "IgG2a", "igg2b", "IgG1.Ctrl", "IgG2a_control_TotalSeqB", "IgG1_TotalSeqB", "Mouse IgG1, κ isotype Ctrl",
    "Rat_IgG2b_Isotype", "Isotype_MOPC.21", "isotype_RTK4530", "Rat-IgG1-1", "Rag-IgG2c", "Mouse-IgG2a", "mouse.igg1",
    "Armenian Hamster IgG", "MOPC-173", "IgG2b.2", "A0090_Mouse IgG1", "Mouse IgG2b, k", "IgG2a-MOPC-173", "IgG1-kappa",
    "Neg_Ctrl", "Hamster.IgG.Ctrl", "Human IgG1 isotype control", "IgG1-TCTCAGACCTCCGTA",
)  # fmt: skip
REAL = (
    "IgD", "IgM", "IgA", "IgE", "IgG", "IgG4", "IgG Fc", "IgG (Fc)", "IgG_Fc_TotalSeqB", "Ig light chain κ",
    "Ig light chain λ", "anti-human IgG1", "Hu.IgG1", "Hu.IgM", "anti-mouse IgM", "anti-human IgG Fc", "mIgM", "IGHG1",
    "CD3", "CD16", "CD32-Fc", "MICA", "FCGRT", "control",
)  # fmt: skip


def test_controls_are_told_from_immunoglobulins_of_the_cells():
    assert [name for name in CONTROLS if not is_isotype_control(name)] == []
    assert [name for name in REAL if is_isotype_control(name)] == []
    assert [name for name in NAMES if is_isotype_control(name)] == ["IgG1", "IgG2", "IgG2b", "IgG3"]
