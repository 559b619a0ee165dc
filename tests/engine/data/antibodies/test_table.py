"""The table of targets holds together, and names genes that exist."""

from __future__ import annotations

import re
from collections import defaultdict

import pytest

from monae_app.engine.data.antibodies import ORGANISMS, canonical, organism_of
from monae_app.engine.data.antibodies.table import read_targets
from monae_app.engine.data.genome import bundled_symbols

# The bundled gene tables leave out the genes that are rearranged in lymphocytes.
REARRANGED = re.compile(r"(?:IG[HKL]|TR[ABGD]|Tr[abgd]|Ig[hkl])[A-Za-z]?\w*(?:-\d+)?")
KINDS = {"gene", "complex", "isoform", "glycan", "unknown"}


@pytest.mark.parametrize(("organism", "genome"), [("human", "hg38"), ("mouse", "mm10")])
def test_every_gene_of_the_table_exists(organism, genome):
    known = set(bundled_symbols(genome))
    strange = {
        symbols[0]
        for target in read_targets()
        for symbols in target.genes[organism]
        if not known & set(symbols) and not REARRANGED.fullmatch(symbols[0])
    }
    assert strange == set()


def test_the_table_is_as_large_as_the_panels_need():
    with_gene = {each: sum(bool(target.genes[each]) for target in read_targets()) for each in ORGANISMS}
    assert with_gene["human"] > 350
    assert with_gene["mouse"] > 350


def test_a_name_means_one_target():
    meant = defaultdict(set)
    for target in read_targets():
        for name in (target.name, *target.aliases):
            assert len(canonical(name)) >= 2
            meant[canonical(name)].add(target.name)
    assert {name: sorted(each) for name, each in meant.items() if len(each) > 1} == {}


def test_kind_and_weight_fit_the_genes():
    for target in read_targets():
        assert target.kind in KINDS
        n_genes = max(len(genes) for genes in target.genes.values())
        if target.kind in ("glycan", "unknown"):
            assert (n_genes, target.weight) == (0, 0)
            assert all(target.notes.values()), target
        else:
            assert n_genes > 0
            assert target.weight == (0.5 if target.kind == "isoform" else 1)
        if target.kind == "isoform":
            assert n_genes == 1
            assert all(target.notes.values()), target
        if target.kind == "gene":
            assert all(len(genes) <= 1 or organism == "mouse" for organism, genes in target.genes.items()), target


def test_what_holds_for_one_organism_is_said_of_that_alone():
    notes = {target.name: target.notes for target in read_targets()}
    assert notes["CD35"] == {"human": "", "mouse": "a splice form of Cr2"}
    assert notes["CD45RA"]["human"] == notes["CD45RA"]["mouse"] == "a splice form of CD45"


def test_human_is_told_from_mouse_by_how_genes_are_written():
    assert organism_of(["CD4", "PTPRC", "Xist"]) == "human"
    assert organism_of(["Cd4", "Ptprc", "XIST"]) == "mouse"
    assert organism_of(["Gene1", "Gene2"]) == "human"
