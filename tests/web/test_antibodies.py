"""The antibody grid: what stands in it, what is typed, what is given back as a table."""

from __future__ import annotations

import csv
import io

import anndata as ad
import numpy as np
import pytest

from monae_app.engine.data.gene_names import GeneNames
from monae_app.engine.errors import InputError
from monae_app.web.antibody_csv import COLUMNS, from_csv, to_csv
from monae_app.web.antibody_view import AntibodyView, after_typing, put
from monae_app.web.components.antibody_rows import grid_rows, told, weight
from monae_app.web.guidance_view import GuidanceView
from monae_app.web.services import Services
from monae_app.web.settings import Settings

GENES = ["MS4A1", "CD3D", "CD3E", "CD3G", "PTPRC", "CD19", "IGHG1", "HLA-DRA"]
PANEL = ["CD20", "CD3_TotalSeqB", "CD45RA", "CD57", "Mystery", "IgG1", "CD8", "cd19"]


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """A panel of eight antibodies, read as the page reads it."""
    root = tmp_path_factory.mktemp("panel")
    rng = np.random.default_rng(0)
    for name, features in (("rna", GENES), ("protein", PANEL)):
        table = ad.AnnData(rng.poisson(3, (20, len(features))).astype(np.float32))
        table.var_names = features
        table.write_h5ad(root / f"{name}.h5ad")
    services = Services(Settings(store=root / "store", data_root=root), root / "none")
    links = GuidanceView(services)
    chosen = {"inputs": {name: [f"root:{name}.h5ad"] for name in ("rna", "protein")}}
    services.surveys.wait("places", links.settings(chosen))
    yield AntibodyView(links), chosen
    services.surveys.close()


@pytest.fixture
def panel(source):
    view, chosen = source
    return view.panel(chosen)


@pytest.fixture
def genes():
    return GeneNames(GENES)


def rows(panel, mapping, *, leave=True):
    """Rows of the grid, by the antibody."""
    return {row["name"]: row for row in grid_rows(panel, mapping, leave=leave)}


def test_every_antibody_is_in_the_grid_controls_too(source, panel):
    view, chosen = source
    assert [(each.name, each.gene, each.how) for each in panel] == [
        ("CD20", "MS4A1", "table"),
        ("CD3_TotalSeqB", "CD3D+CD3E+CD3G", "table"),
        ("CD45RA", "PTPRC", "table"),
        ("CD57", "", "table"),
        ("Mystery", "", "none"),
        ("IgG1", "", "isotype"),
        ("CD8", "", "table"),
        ("cd19", "CD19", "symbol"),
    ]
    assert view.controls_leave(chosen)
    assert not view.controls_leave(chosen | {"settings": {"isotype_controls": "keep"}})
    assert view.genes(chosen).names == GENES
    found = rows(panel, {})
    assert list(found)[:4] == ["Mystery", "CD57", "IgG1", "CD8"]
    assert {name: (row["taken"], row["note"], row["weight"]) for name, row in found.items()} == {
        "CD57": ("CD57, by the table of antibodies", "HNK-1, a sugar on many proteins; no gene codes for it", "–"),
        "Mystery": ("Not known", "", "–"),
        "IgG1": ("Isotype control", "leaves the panel; kept as background", "–"),
        "CD8": ("CD8, by the table of antibodies", "the RNA lacks CD8A, CD8B", "–"),
        "CD20": ("CD20, by the table of antibodies", "", "1"),
        "CD3_TotalSeqB": ("CD3, by the table of antibodies", "", "1 ÷ 3"),
        "CD45RA": ("CD45RA, by the table of antibodies", "a splice form of CD45; weighs half", "0.5"),
        "cd19": ("Named like its gene", "", "1"),
    }


def test_a_mapping_is_shown_and_counted(panel):
    assert told(panel, {}) == (
        "4 of 8 antibodies are linked to a gene: 3 by the table and 1 named like their gene. Without a link: 1 not "
        "known, 1 whose gene the RNA lacks, 1 that no gene codes for and 1 as isotype control."
    )
    mapping = {"Mystery": "CD19", "CD20": ""}
    assert told(panel, mapping).startswith("4 of 8 antibodies are linked to a gene: 2 by the table, 1 named")
    assert told(panel, mapping).endswith("1 as isotype control and 1 by hand.")
    found = rows(panel, mapping, leave=False)
    assert (found["CD20"]["taken"], found["CD20"]["note"]) == ("Mapped by hand", "otherwise MS4A1")
    assert found["Mystery"]["note"] == "otherwise no link"
    assert found["IgG1"]["note"] == "stays in the panel"
    # a row stays where it was
    assert list(found) == list(rows(panel, {}))
    assert [name for name, row in found.items() if row["by_hand"]] == ["Mystery", "CD20"]
    assert weight(panel[4].mapped(mapping)) == "1"


def test_genes_are_typed_as_people_do(panel, genes):
    typed = {
        "CD20": "cd19",
        "Mystery": "CD3D, cd3e",
        "CD3_TotalSeqB": " CD3G CD3E+CD3D",
        "CD45RA": "",
        "CD57": "hla-dra",
        "CD8": "CD8A",
        "IgG1": "IGHG1",
    }
    after, errors = after_typing(panel, {}, typed, genes)
    assert after == {"CD20": "CD19", "Mystery": "CD3D+CD3E", "CD45RA": "", "CD57": "HLA-DRA", "IgG1": "IGHG1"}
    assert list(errors) == ["CD8"]
    assert errors["CD8"].found == "There is no gene 'CD8A' to link 'CD8' to."
    # what is typed as it was at first needs no mapping, and what cannot be leaves what was
    back, errors = after_typing(panel, after, {"CD20": "MS4A1", "CD57": "x"}, genes)
    assert back == {name: each for name, each in after.items() if name != "CD20"}
    assert list(errors) == ["CD57"]
    assert put({"CD20": "CD19"}, panel[0], "MS4A1") == {}


def test_a_mapping_travels_with_the_data(source):
    view, chosen = source
    mapping = {"Mystery": "CD3D+CD3E", "CD20": ""}
    kept = view.with_mapping(chosen | {"settings": {"window": 5}}, mapping)
    assert kept["settings"] == {"window": 5, "antibody_genes": ["Mystery=CD3D+CD3E", "CD20="]}
    assert view.mapping(kept) == mapping
    assert view.with_mapping(kept, {})["settings"] == {"window": 5}
    # it changes nothing of what was read
    assert view.panel(kept) == view.panel(chosen)
    with pytest.raises(InputError, match="maps no antibody"):
        view.mapping(chosen | {"settings": {"antibody_genes": ["nonsense"]}})


def test_a_table_comes_back_as_it_went(panel, genes):
    mapping = {"Mystery": "CD3D+CD3E", "CD20": "", "IgG1": "IGHG1"}
    written = to_csv(panel, mapping)
    found = list(csv.DictReader(io.StringIO(written)))
    assert tuple(found[0]) == COLUMNS
    assert [row["gene"] for row in found] == ["", "CD3D+CD3E+CD3G", "PTPRC", "", "CD3D+CD3E", "IGHG1", "", "CD19"]
    assert {row["antibody"]: row["weight"] for row in found}["CD45RA"] == "0.5"
    assert from_csv(written, panel, {}, genes) == mapping
    assert from_csv("\ufeffGene;Antibody\ncd19;Mystery\n\n;CD3_TotalSeqB", panel, {"CD20": ""}, genes) == {
        "CD20": "",
        "Mystery": "CD19",
        "CD3_TotalSeqB": "",
    }
    assert from_csv("antibody\tgene\nMystery", panel, {"Mystery": "CD19"}, genes) == {}


@pytest.mark.parametrize(
    ("table", "said", "todo"),
    [
        ("", "Its columns are none", "download the table"),
        ("a,b\n1,2", "Its columns are a, b", "download the table"),
        ("antibody,gene\nCD2O,MS4A1", "'CD2O', which is no antibody", "CD20"),
        ("antibody,gene\nCD20,MS4", "There is no gene 'MS4' to link 'CD20' to", "MS4A1"),
    ],
)
def test_a_table_that_cannot_be_used_is_explained(panel, genes, table, said, todo):
    with pytest.raises(InputError, match=said) as refused:
        from_csv(table, panel, {}, genes)
    assert todo in refused.value.todo
