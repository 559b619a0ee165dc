"""Where methylated regions lie, in which context, and which sign links them to a gene."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from monae_app.engine.config import make_config
from monae_app.engine.data.guidance import build_guidance
from monae_app.engine.data.regions import contexts_of, link_genes_to_regions, locate_regions
from monae_app.engine.errors import InputError

GENES = pd.DataFrame(
    {
        "chrom": ["chr1", "chr1", "chr2"],
        "start": [10_000, 50_000, 10_000],
        "end": [20_000, 60_000, 11_000],
        "symbol": ["Plus", "Minus", "Other"],
        "strand": ["+", "-", "+"],
    }
)


def config(**settings):
    return make_config(inputs={"rna": "-"}, **settings)


def places(*named: tuple[str, int, int]) -> pd.DataFrame:
    return pd.DataFrame(named, columns=["chrom", "start", "end"])


def linked(regions, context, **settings):
    pairs = link_genes_to_regions(GENES, regions, np.asarray(context), config(**settings))
    return [(GENES["symbol"][gene], region, place, sign) for gene, region, place, sign in pairs.to_numpy().tolist()]


def test_promoters_are_upstream_by_strand_and_signs_depend_on_place_and_context():
    regions = places(("chr1", 8500, 9500), ("chr1", 60_500, 61_500), ("chr1", 48_500, 49_500), ("chr1", 12_000, 15_000))
    everything = {"sign_body_cg": 1, "sign_promoter_ch": -1}
    assert linked(regions, [0, 0, 0, 0], **everything) == [
        ("Plus", 0, "promoter", -1),
        ("Plus", 3, "body", 1),
        ("Minus", 1, "promoter", -1),
    ]
    # by default mCG of bodies and mCH of promoters are left out
    assert linked(regions, [0, 0, 0, 0]) == [("Plus", 0, "promoter", -1), ("Minus", 1, "promoter", -1)]
    assert linked(regions, [1, 1, 1, 1]) == [("Plus", 3, "body", -1)]


def test_a_region_in_both_is_of_the_one_that_it_overlaps_more():
    both = places(("chr1", 9000, 11_000), ("chr1", 9500, 12_000), ("chr1", 8000, 22_000))
    settings = {"sign_body_cg": 1}
    assert linked(both, [0, 0, 0], **settings) == [
        ("Plus", 0, "promoter", -1),
        ("Plus", 1, "body", 1),
        ("Plus", 2, "body", 1),
    ]


def test_a_large_bin_that_reaches_into_a_promoter_does_not_stand_for_it():
    bins = places(("chr1", 100, 9000), ("chr1", 5000, 9000))
    assert linked(bins, [0, 0]) == [("Plus", 1, "promoter", -1)]


def test_signs_of_zero_leave_no_link_and_strange_places_are_refused():
    regions = places(("chr1", 8500, 9500))
    assert linked(regions, [0], sign_promoter_cg=0) == []
    with pytest.raises(InputError, match="None of the 1 regions of methylation"):
        linked(places(("chr9", 8500, 9500)), [0])


def test_the_graph_has_the_signs():
    pairs = link_genes_to_regions(
        GENES, places(("chr1", 8500, 9500), ("chr1", 12_000, 15_000)), np.array([0, 1]), config()
    )
    graph = build_guidance(
        {"rna": ["Plus", "Minus", "Other"], "methylation": ["a", "b"]}, GENES, None, promoter=0, window=0, regions=pairs
    )
    assert graph.sign.tolist() == [-1, -1]
    assert graph.source.tolist() == [0, 0]
    assert graph.target.tolist() == [3, 4]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("CG", "CG"),
        ("mCG", "CG"),
        ("CpG", "CG"),
        ("CGN", "CG"),
        ("CH", "CH"),
        ("mch", "CH"),
        ("CpH", "CH"),
        ("CHN", "CH"),
    ],
)
def test_contexts_are_written_in_many_ways(written, meant):
    column = pd.DataFrame({"mc_type": [written]}, index=["chr1:1-2"])
    assert contexts_of(column)[0].tolist() == [meant]
    for name in (f"chr1:1-2_{written}", f"{written}:chr1:1-2", f"Gad1-{written}"):
        found, because = contexts_of(pd.DataFrame(index=[name]))
        assert found.tolist() == [meant]
        assert because == "as the names say"


def test_a_context_that_nobody_says_is_said_to_be_assumed():
    found, because = contexts_of(pd.DataFrame(index=["chr1:1-2", "NCH1"]))
    assert found.tolist() == ["CG", "CG"]
    assert "nothing says" in because
    assert contexts_of(pd.DataFrame(index=["chr1:1-2_CG"]), "CH")[0].tolist() == ["CH"]
    with pytest.raises(InputError, match="'CC'"):
        contexts_of(pd.DataFrame({"context": ["CG", "CC"]}, index=["a", "b"]))


def test_regions_lie_where_columns_or_names_say_or_where_their_genes_do():
    columns = pd.DataFrame({"chrom": ["chr1"], "chromStart": [5], "chromEnd": [9]}, index=["x"])
    names = pd.DataFrame(index=["chr2:100-300_CH", "CG_chrUn_x_1_200"])
    genes = pd.DataFrame(index=["Minus_CG", "Minus_CH", "unknown_CG"])
    assert locate_regions(columns, None)[["chrom", "start", "end"]].to_numpy().tolist() == [["chr1", 5, 9]]
    assert locate_regions(names, None)[["chrom", "start", "end"]].to_numpy().tolist() == [
        ["chr2", 100, 300],
        ["chrUn_x", 1, 200],
    ]
    found = locate_regions(genes, GENES)
    assert found.index.tolist() == genes.index.tolist()
    assert found["start"].tolist()[:2] == [50_000, 50_000]
    assert found["chrom"].isna().tolist() == [False, False, True]
    with pytest.raises(InputError, match="have no places"):
        locate_regions(pd.DataFrame(index=["a", "b"]), GENES)
