"""The Regulation page walked by hand: factor, target, track, peak and back; one's own known targets; the network."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import networkx as nx
import pandas as pd
import pytest
from playwright.sync_api import Page, expect

from monae_app.engine.data.motifs.hits import MOTIF_HITS
from tests.web.regulated import OWN, write_motifs

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.browser

# A fresh process loads what it needs.
LONG = 120_000


@pytest.fixture(scope="module")
def with_motifs(folders: dict[str, Path]) -> Iterator[None]:
    run = folders["samples"] / "tiny" / "run"
    write_motifs(run)
    yield
    (run / MOTIF_HITS).unlink()


def cell(page: Page, row: str, column: str):
    return page.locator(f"#regulation-table .ag-row[row-id='{row}'] [col-id={column}]")


def load(page: Page) -> None:
    with page.expect_file_chooser() as choosing:
        page.click("#regulation-own-button")
    choosing.value.set_files({"name": "mine.csv", "mimeType": "text/csv", "buffer": OWN.encode()})
    expect(page.locator("#regulation-credit")).to_contain_text("mine.csv")


def test_from_a_factor_to_a_target_its_track_a_peak_and_back(page: Page, with_motifs: None):
    page.goto("/regulation?run=sample-tiny&tf=gene3&region=chr1:900000-1500000&target=Gene9")
    # worked out by itself, in a process of its own
    expect(page.locator("#regulation-title")).to_have_text("Targets of Gene3", timeout=LONG)
    expect(page.locator("#regulation-table .ag-row").first).to_be_visible()
    # what the address names is shown
    track = page.locator("#regulation-track-title")
    expect(track).to_contain_text("chr1:900,000-1,500,000")
    # a table of one's own takes the place of TRRUST, and what it knows is marked
    load(page)
    page.locator("#regulation-which").get_by_text("Known", exact=True).click()
    expect(page.locator("#regulation-table .ag-row")).to_have_count(4)  # pinned and other columns: two rows
    expect(cell(page, "Gene5", "mode")).to_have_text("Activation")
    # a target of the table is shown in its place
    cell(page, "Gene7", "target").click()
    expect(page).to_have_url(re.compile("target=Gene7"))
    expect(page.locator("#regulation-network-details")).to_contain_text("Gene3 → Gene7")
    expect(page.locator("#regulation-network-details a")).to_have_attribute("href", re.compile("pubmed.*/3/"))
    expect(track).to_contain_text(re.compile(r"chr1:6\d\d,"))
    # a peak says its links and the motifs of the factor in it
    bar = page.locator("#regulation-track .barlayer .trace").first.locator("path").nth(2)
    bar.scroll_into_view_if_needed()
    place = bar.bounding_box()
    page.mouse.click(place["x"] + place["width"] / 2, place["y"] + place["height"] / 2)
    peak = page.locator("#regulation-peak-said")
    expect(peak).to_contain_text(re.compile(r"Peak chr1:\d+-\d+"))
    expect(peak).to_contain_text("Motifs of Gene3 in it: one (M1")
    # and leads back to a gene, which becomes the target
    peak.get_by_role("button", name="Gene8", exact=True).click()
    expect(page).to_have_url(re.compile("target=Gene8"))


def test_a_target_that_is_a_factor_leads_on_and_the_network_goes_out(page: Page, with_motifs: None, tmp_path: Path):
    page.goto("/regulation?run=sample-tiny&tf=Gene3&q=0.25&backing=both")
    expect(page.locator("#regulation-title")).to_have_text("Targets of Gene3", timeout=LONG)
    # which evidence is asked for stands in the address, for table and network alike: peaks of one chromosome have no p
    expect(page.locator("#regulation-sentence")).to_contain_text("0 are shown")
    page.locator("#regulation-q").click()
    page.get_by_role("option", name="any q").click()
    page.locator("#regulation-backing").click()
    page.get_by_role("option", name="any evidence").click()
    expect(page.locator("#regulation-sentence")).to_contain_text("59 are shown")
    expect(page).not_to_have_url(re.compile("backing|q="))
    expect(page.locator("#regulation-track-title")).to_contain_text("chr1")
    load(page)
    page.locator("#regulation-which").get_by_text("Known", exact=True).click()
    # what is no place is said in words
    page.fill("#regulation-jump", "chr9:1-2000")
    page.press("#regulation-jump", "Enter")
    expect(page.locator("#regulation-jump-said")).to_contain_text("no chromosome 'chr9'")
    page.fill("#regulation-jump", "Gene40")
    page.press("#regulation-jump", "Enter")
    expect(page).to_have_url(re.compile("target=Gene40"))
    # this one is a factor itself: on to its targets
    page.locator("#regulation-network-details").get_by_role("button", name="walk on").click()
    expect(page.locator("#regulation-title")).to_have_text("Targets of Gene40")
    expect(page).to_have_url(re.compile("tf=Gene40"))
    # the network is what its file says
    expect(page.locator("#regulation-network canvas").first).to_be_visible()
    with page.expect_download() as coming:
        page.get_by_role("link", name="GraphML").click()
    coming.value.save_as(tmp_path / "network.graphml")
    assert list(nx.read_graphml(tmp_path / "network.graphml").edges) == [("Gene40", "Gene41")]
    with page.expect_download() as coming:
        page.get_by_role("link", name="All targets").click()
    coming.value.save_as(tmp_path / "targets.csv")
    table = pd.read_csv(tmp_path / "targets.csv", comment="#")
    assert table.loc[table["known"], "target"].tolist() == ["Gene41"]
    expect(page.locator("#regulation-heat .heatmaplayer image").first).to_be_visible()
