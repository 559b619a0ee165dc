"""Tracks, networks and heatmaps of the page Regulation: what is drawn, and where."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from monae_app.engine.errors import InputError
from monae_app.web.figures.network import elements, network_of, sizes
from monae_app.web.figures.regulon_heat import regulon_heat
from monae_app.web.figures.style import DARK, LIGHT
from monae_app.web.figures.tracks import track_figure
from monae_app.web.regions import WIDEST, Region
from monae_app.web.regulation_view import with_known
from monae_app.web.regulon_levels import regulon_levels
from monae_app.web.track_data import jump, region_around, track_of
from tests.web.regulated import FACTORS, RUN
from tests.web.tiny_sample import TYPES

if TYPE_CHECKING:
    from monae_app.web.regulation_view import Tables
    from tests.web.regulated import Regulated

TF = FACTORS[0]


@pytest.fixture
def targets(regulated: Regulated) -> pd.DataFrame:
    view, tables = regulated.view, regulated.tables
    return with_known(view.targets(RUN, tables, TF), view.known(RUN, tables, regulated.own), TF)


@pytest.fixture
def tables(regulated: Regulated) -> Tables:
    return regulated.tables


def test_a_network_lies_the_same_for_the_same_seed_and_marks_what_is_known(targets):
    edges = targets.head(20).assign(known=[True, *[False] * 19])
    one, again, other = (network_of(edges, [TF], {TF, "Gene5"}, seed) for seed in (1, 1, 2))
    pd.testing.assert_frame_equal(one.nodes, again.nodes)
    assert not one.nodes[["x", "y"]].equals(other.nodes[["x", "y"]])
    # nodes do not lie on each other
    places = one.nodes[["x", "y"]].to_numpy()
    apart = np.hypot(*(places[:, None] - places[None]).transpose(2, 0, 1)) + 1e9 * np.eye(len(places))
    assert apart.min() > 8
    drawn = elements(one, "Gene5")
    known = [each for each in drawn if "known" in each["classes"].split()]
    assert [each["data"]["target"] for each in known] == [edges["target"].iloc[0]]
    scores, wide = one.nodes["score"].to_numpy()[1:], sizes(one.nodes)[1:]
    assert (np.argsort(scores) == np.argsort(wide)).all()
    assert len(network_of(edges.head(0), [TF], set(), 0).nodes) == 1


def test_a_track_shows_what_lies_in_its_region(tables):
    region = region_around(tables, "Gene10")
    assert region.chrom == "chr1"
    assert region.start < 1_100_000 - 100_000
    track = track_of(tables, region, tf=TF, gene="Gene10")
    inside = [(start, name) for name in tables.evidence.peaks for start in [int(name[5:].split("-")[0])]]
    assert track.peaks["name"].tolist() == [
        name for start, name in inside if start < region.end and start + 500 > region.start
    ]
    assert set(track.links["gene"]) == {"Gene10"}
    assert set(track_of(tables, region, tf=TF, gene=None).links["gene"]) > {"Gene10"}
    # no p is known on one chromosome
    assert not len(track_of(tables, region, tf=TF, gene=None, most_p=0.05).links)
    assert track.genes["symbol"].tolist() == [
        f"Gene{i}" for i in range(60) if 100_000 * (i + 1) < region.end and 100_000 * (i + 1) + 20_000 > region.start
    ]
    for look in (LIGHT, DARK):
        figure = track_figure(track, look)
        bars = [each for each in figure.data if each.type == "bar"]
        peaks, levels = bars
        assert list(peaks.customdata) == track.peaks["name"].tolist()
        assert set(peaks.width) == {max(500.0, region.width / 450)}
        assert len(levels.y) == len(TYPES) * len(track.peaks)
        np.testing.assert_allclose(figure.layout.xaxis.range, (region.start, region.end))
        arcs = [each for each in figure.data if each.name == "rises together"]
        assert arcs
        assert arcs[0].line.color == look.accent
        assert any(each.name == "has a motif of the factor" for each in figure.data) == track.peaks["motif"].any()
    # height says the score: the strongest arc is the highest
    marks = next(each for each in figure.data if each.name == "links")
    assert (np.argsort(marks.y) == np.argsort(track.links["score"])).all()


def test_an_empty_region_and_the_widest_one_are_drawn(tables):
    nothing = track_of(tables, Region.of("chr1", 50_000_000, 50_010_000), tf=None, gene=None)
    assert not len(nothing.peaks)
    assert track_figure(nothing, LIGHT).layout.height > 0
    wide = track_of(tables, Region.of("chr1", 0, WIDEST), tf=None, gene=None)
    assert track_figure(wide, LIGHT).layout.height > 0
    assert len(wide.peaks) == 2 * 19
    # of very many bars nothing is said one by one
    measured, imputed = (np.tile(each, (75, 1)) for each in (wide.measured, wide.imputed))
    many = replace(wide, groups=[str(i) for i in range(300)], measured=measured, imputed=imputed)
    drawn = track_figure(many, LIGHT)
    assert not any(each.name == "imputed in cells of RNA" for each in drawn.data)
    assert any(each.name == "imputed in cells of RNA" for each in track_figure(wide, LIGHT).data)


def test_one_jumps_to_genes_and_regions(tables):
    region, gene = jump(tables, " gene12 ")
    assert gene == "Gene12"
    assert region.start < 1_300_000 < region.end
    assert jump(tables, "1:1,000,000-1,200,000") == (Region("chr1", 1_000_000, 1_200_000), None)
    assert jump(tables, "chr1:0-999999999")[0].width == WIDEST
    for text, said in (("chr9:1-200000", "no chromosome"), ("Nope", "no gene"), ("chr1:9-2", "ends before")):
        with pytest.raises(InputError, match=said):
            jump(tables, text)


def test_regions_stay_within_bounds():
    region = Region.parse("chr7:1,000-2,000")
    assert str(region) == "chr7:500-2,500"
    assert region.moved(-5).start == 0
    assert region.scaled(1e9).width == WIDEST
    assert region.scaled(1e-9).width == 2_000
    assert Region.from_data(region.to_data()) == region
    assert Region.from_data({"chrom": "x"}) is None
    assert Region.parse("Mbp") is None
    assert Region.parse("chrUn_x:10-90000").chrom == "chrUn_x"


def test_a_heatmap_stands_beside_the_peaks_of_its_genes(tables):
    rna, atac = regulon_levels(tables, TF, ["Gene5", "Gene50", "Unmeasured"])
    assert rna.index.tolist() == [TF, "Gene5", "Gene50"]
    assert rna.idxmax(axis=1).tolist() == [TYPES[0], TYPES[0], TYPES[3]]
    assert atac.idxmax(axis=1).tolist() == [TYPES[0], TYPES[0], TYPES[3]]
    figure = regulon_heat(rna, atac, LIGHT)
    assert len(figure.data) == 2
    assert np.nanmax(figure.data[0].z, axis=1).tolist() == [1, 1, 1]
    assert len(regulon_heat(rna, None, LIGHT).data) == 1
