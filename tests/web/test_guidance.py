from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from monae_app.engine.data.guidance_effect import guidance_effect
from monae_app.engine.errors import InputError
from monae_app.web.components.guidance_panel import compared, edge_tiles, few_known, lone_features
from monae_app.web.figures.guidance import base_pairs, distance_figure, edges_figure
from monae_app.web.figures.style import DARK, LIGHT
from monae_app.web.guidance_view import Choice, GuidanceView, length, standard
from monae_app.web.services import Services
from monae_app.web.settings import Settings


@pytest.mark.parametrize(
    ("text", "bp"),
    [("2000", 2000), (" 2,000 ", 2000), ("50 kb", 50_000), ("0.15Mb", 150_000), ("1.5k", 1500), ("7bp", 7), ("0", 0)],
)
def test_lengths_as_people_write_them(text, bp):
    assert length("window", text) == bp


def test_an_empty_length_is_the_standard_one():
    assert length("promoter", "") == length("promoter", None) == standard()["promoter"] == 2000


@pytest.mark.parametrize("text", ["-1", "much", "1e99", "nan", "3 Mb", "5 5 x"])
def test_what_is_no_length_is_explained(text):
    with pytest.raises(InputError, match="Window") as caught:
        length("window", text)
    assert "2,000,000" in caught.value.expected


def test_another_genome_for_a_sample(services):
    source = services.catalogue.default()
    assert services.catalogue.settings(source)["bed"]
    other = services.catalogue.settings(replace(source, genome="mm10"))
    assert (other["genome"], other["bed"]) == ("mm10", None)


def test_the_ending_of_a_file_says_what_it_is(tmp_path):
    root = tmp_path / "root"
    root.mkdir()
    for name in ("a.bed.gz", "a.gtf", "a.gff3.gz"):
        (root / name).write_bytes(b"x")
    catalogue = Services(Settings(store=tmp_path / "store", data_root=root)).catalogue
    found = {name: catalogue.coordinates(f"root:{name}") for name in ("a.bed.gz", "a.gtf", "a.gff3.gz")}
    assert [list(each) for each in found.values()] == [["bed"], ["gtf"], ["gtf"]]


@pytest.fixture
def view(services):
    yield GuidanceView(services)
    services.surveys.close()


def test_links_of_the_sample(view, services):
    services.surveys.wait("places", view.settings(None))
    near = view.effect(Choice(None, "", "2000", "0"), {"promoter": 2000, "window": 0})
    far = view.effect(Choice(None, "", "2000", "0"), {"promoter": 2000, "window": 200_000})
    assert near.n_edges < far.n_edges
    assert near.known.all()
    assert (far.edges_of_gene >= near.edges_of_gene).all()
    assert far.distance.max() > near.distance.max() == 0
    # another genome: none of these genes is known to it
    other = view.effect(Choice(None, "mm10", "", ""), standard())
    assert not other.known.any()
    assert set(other.without_edge()["reason"]) == {"not in the annotation", "no gene near it"}


@pytest.fixture
def effect():
    genes = pd.DataFrame(
        [["chr1", 100, 200, "A", "+"], ["chr1", 5_000, 6_000, "B", "-"], ["chr2", 5, 9, "Far", "+"]],
        columns=["chrom", "start", "end", "symbol", "strand"],
    )
    peaks = pd.DataFrame(
        [["1", 110, 120], ["1", 150, 160], ["1", 900, 950], ["3", 1, 9]], columns=["chrom", "start", "end"]
    )
    peaks.index = ["p1", "p2", "p3", "p4"]

    def link(window):
        return guidance_effect(["B", "A", "Unknown", "Far"], peaks, genes, promoter=0, window=window)

    return link


def test_edges_are_counted_by_gene_and_peak(effect):
    near = effect(0)
    assert near.edges_of_gene.tolist() == [0, 2, 0, 0]
    assert near.edges_of_peak.tolist() == [1, 1, 0, 0]
    far = effect(1000)
    assert far.edges_of_gene.tolist() == [0, 3, 0, 0]
    assert sorted(far.distance.tolist()) == [0, 0, 700]
    lone = near.without_edge()
    assert lone[["name", "reason"]].to_numpy().tolist() == [
        ["B", "no peak near it"],
        ["Unknown", "not in the annotation"],
        ["Far", "no peak near it"],
        ["p3", "no gene near it"],
        ["p4", "no gene near it"],
    ]


def text(part):
    if isinstance(part, list | tuple):
        return " ".join(map(text, part))
    return text(getattr(part, "children", None)) if hasattr(part, "to_plotly_json") else str(part or "")


def test_what_the_page_says(effect):
    assert "1 of 4" in text(edge_tiles(effect(0)))
    assert text(compared(effect(1000), effect(0))).startswith("Against the standard settings:  +1 edges")
    assert compared(effect(0), effect(0)) is None
    assert "1 not in the annotation" in text(lone_features(effect(0)))
    assert few_known(effect(0)) is None


@pytest.mark.parametrize("look", [LIGHT, DARK])
def test_every_gene_stands_in_one_bar(look):
    edges = np.r_[0, 0, 1, 1, 1, 2, 5, 400]
    bars = edges_figure(edges, look).data[0]
    assert sum(bars.y) == len(edges)
    assert (bars.x[0], bars.y[0], bars.marker.color[0]) == ("0", 2, look.missing)
    assert len(set(bars.x)) == len(bars.x)
    many = edges_figure(np.random.default_rng(0).poisson(80, 5000), look).data[0]
    assert sum(many.y) == 5000
    assert len(many.x) < 35
    assert many.x[-1].endswith("+")
    assert sum(edges_figure(np.zeros(3, int), look).data[0].y) == 3
    assert sum(edges_figure(np.zeros(0, int), look).data[0].y) == 0


def test_every_edge_stands_in_one_bar():
    distance = np.r_[np.zeros(5, int), 1, 999, 1000, 20_000]
    bars = distance_figure(distance, 20_000, LIGHT).data[0]
    assert sum(bars.y) == len(distance)
    assert (bars.x[0], bars.y[0]) == ("inside", 5)
    assert bars.y[1] == 3
    assert bars.x[-1] == "to 20 kb"
    assert list(distance_figure(distance[:5], 0, LIGHT).data[0].x) == ["inside"]


def test_lengths_are_written_as_people_do():
    assert [base_pairs(bp) for bp in (5, 2000, 1_500_000)] == ["5 bp", "2 kb", "1.5 Mb"]
