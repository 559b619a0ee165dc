"""What is mapped by hand goes before the table and before a column, and what cannot be is explained."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from monae_app.engine.config import make_config
from monae_app.engine.data.antibodies.by_hand import close_names, split_mapping
from monae_app.engine.data.coding import code_proteins, coding_genes
from monae_app.engine.data.coding_notes import coding_notes
from monae_app.engine.data.coordinates import locate_features
from monae_app.engine.data.dataset import Dataset
from monae_app.engine.data.linking import link
from monae_app.engine.errors import InputError

GENES = ["MS4A1", "CD3D", "CD3E", "PTPRC", "CD19", "B3GAT1"]
PANEL = ["CD20", "CD3", "CD45RA", "CD57", "Mystery", "IgG1", "CD8", "cadherin"]


def found(by_hand=(), **columns):
    coded = code_proteins(pd.DataFrame(columns, index=PANEL), GENES, by_hand)
    return {name: [GENES[at] for at in each.genes] for name, each in zip(PANEL, coded, strict=True)}


def test_by_hand_goes_before_table_and_column():
    alone = found()
    assert alone["CD20"] == ["MS4A1"]
    assert alone["Mystery"] == alone["CD57"] == []
    mapped = found(["CD20=CD19", "Mystery=CD3E+cd3d", "CD57=B3GAT1", "cd3="])
    changed = {"CD20": ["CD19"], "Mystery": ["CD3E", "CD3D"], "CD57": ["B3GAT1"], "CD3": []}
    assert mapped == alone | changed
    assert found(["CD20=CD19"], gene=["MS4A1"] * 8) == {name: ["MS4A1"] for name in PANEL} | {"CD20": ["CD19"]}
    # the last word counts
    assert found(["CD20=CD19", "CD20=PTPRC"])["CD20"] == ["PTPRC"]


def test_genes_of_one_antibody_share_its_weight():
    pairs = coding_genes(pd.DataFrame(index=PANEL), GENES, ["Mystery=CD3D+CD3E+MS4A1"])
    weights = pairs.groupby("protein")["weight"].agg(list)
    assert weights[PANEL.index("CD20")] == [1]
    assert weights[PANEL.index("CD3")] == [0.5, 0.5]
    assert weights[PANEL.index("CD45RA")] == [0.5]
    assert weights[PANEL.index("Mystery")] == pytest.approx([1 / 3] * 3)


def test_weights_travel_into_the_graph(modality):
    rng = np.random.default_rng(0)
    rna = modality(rng.poisson(1, (40, 6)) + 1, features=GENES)
    protein = modality(rng.poisson(5, (20, 8)) + 1, "protein", features=PANEL)
    dataset = Dataset({"rna": rna, "protein": protein})
    config = make_config(inputs={"rna": "r", "protein": "p"}, antibody_genes=("Mystery=CD19",))
    graph = link(dataset, locate_features(dataset, config), config)
    names = graph.vertices["name"].to_numpy()
    weights = dict(zip(zip(names[graph.source], names[graph.target], strict=True), graph.weight.tolist(), strict=True))
    assert weights == {
        ("MS4A1", "CD20"): 1,
        ("CD3D", "CD3"): 0.5,
        ("CD3E", "CD3"): 0.5,
        ("PTPRC", "CD45RA"): 0.5,
        ("CD19", "Mystery"): 1,
    }


@pytest.mark.parametrize(
    ("item", "said", "todo"),
    [
        ("CD2O=MS4A1", "no antibody 'CD2O'", "CD20"),
        ("CD20=MS4A", "no gene 'MS4A'", "MS4A1"),
        ("Mystery=CD20", "no gene 'CD20'", "MS4A1"),
        ("Mystery=CD3E+Nothing", "no gene 'Nothing'", "correct"),
        ("CD20", "'CD20' maps no antibody", "CD20=MS4A1"),
        ("=MS4A1", "'=MS4A1' maps no antibody", "CD20=MS4A1"),
    ],
)
def test_what_cannot_be_mapped_is_explained(item, said, todo):
    with pytest.raises(InputError, match=said) as refused:
        found([item])
    assert todo in refused.value.todo


def test_a_control_that_has_left_may_be_mapped_to_nothing():
    panel = pd.DataFrame(index=["CD20"])
    assert [each.genes for each in code_proteins(panel, GENES, ["IgG1="])] == [(0,)]
    with pytest.raises(InputError, match="no antibody 'IgG1'"):
        code_proteins(panel, GENES, ["IgG1=CD19"])


def test_a_mapping_is_read_as_it_is_written():
    assert split_mapping(["A = X + Y ", "B=", "a=b=C"]) == {"A": ("X", "Y"), "B": (), "a=b": ("C",)}
    assert close_names("cd2o", ["CD20", "CD19", "HLA-DR"])[0] == "CD20"


def test_reasons_are_told_apart():
    coded = code_proteins(pd.DataFrame(index=PANEL), GENES, ["CD3="])
    said = coding_notes(PANEL, coded)
    starts = [
        "protein: 3 of 8 proteins (Mystery, IgG1, cadherin) match no gene",
        "protein: 1 of 8 proteins get no links, for the RNA lacks their genes: CD8 (CD8A, CD8B)",
        "protein: 1 of 8 proteins get no links, for what they bind is a sugar or has no gene of its own: CD57",
        "protein: 1 of 8 proteins get no links, as mapped by hand: CD3",
        "protein: 1 of 8 proteins bind one form of what a gene codes for, and their links weigh half: CD45RA",
    ]
    assert [text[: len(start)] for text, start in zip(said, starts, strict=True)] == starts
    assert coding_notes(["CD20"], coded[:1]) == []
