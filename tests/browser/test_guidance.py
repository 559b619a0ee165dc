"""The Guidance page: a wider window links more, at once, and the next training is told."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser


def edges(page: Page) -> int:
    return int(page.locator("#guidance-tiles dd").first.inner_text().replace(",", ""))


def open_page(page: Page) -> None:
    page.goto("/guidance")
    expect(page.locator("#guidance-tiles dl")).to_be_visible(timeout=60_000)


def test_a_wider_window_links_more_and_is_kept(page: Page):
    open_page(page)
    expect(page.locator("#guidance-window")).to_have_value("0")
    # what the run that is open made of its links
    expect(page.locator("#refined-links")).to_contain_text("Borne out")
    page.locator("#refined-links summary").first.click()
    expect(page.locator("#refined-links details[open] tbody tr").first).to_be_visible()
    with page.expect_download() as download:
        page.locator("#refined-links-csv").click()
    with Path(download.value.path()).open() as file:
        assert {pair["change"] for pair in csv.DictReader(file)} >= {"kept"}
    before = edges(page)
    window = page.get_by_label("Window")
    window.fill("200 kb")
    expect(page.locator("#guidance-tiles")).to_contain_text("Against the standard settings")
    after = edges(page)
    assert after > before
    expect(page.locator("#guidance-distances .xtitle")).to_contain_text("distance")
    kept = json.loads(page.evaluate("sessionStorage.getItem('source')"))
    assert kept["settings"] == {"promoter": 2000, "window": 200_000}
    # it is found again after other pages
    page.get_by_role("link", name="Embedding").click()
    expect(page.locator("#guidance-tiles")).to_have_count(0)
    page.get_by_role("link", name="Guidance").click()
    expect(page.locator("#guidance-window")).to_have_value("200000")
    expect(page.locator("#guidance-tiles dd").first).to_have_text(f"{after:,}")
    page.get_by_role("button", name="0", exact=True).click()
    expect(page.locator("#guidance-tiles dd").first).to_have_text(f"{before:,}")


def test_a_length_that_is_none_is_explained(page: Page):
    open_page(page)
    page.get_by_label("Promoter").fill("far")
    expect(page.get_by_role("alert")).to_contain_text("'far' is no length")
    page.get_by_label("Promoter").fill("5 kb")
    expect(page.get_by_role("alert")).to_have_count(0)
    expect(page.locator("#guidance-tiles dl")).to_be_visible()


def test_another_genome_and_the_table_of_lone_features(page: Page):
    open_page(page)
    page.click("#guidance-genome")
    page.get_by_role("option", name="mm10", exact=True).click()
    expect(page.locator("#guidance-tiles")).to_contain_text("of the genes are in these gene coordinates")
    page.get_by_text("genes without an edge").click()
    expect(page.locator("#guidance-lone")).to_contain_text("not in the annotation")
    with page.expect_download() as download:
        page.get_by_role("button", name="Download features without an edge").click()
    rows = list(csv.DictReader(Path(download.value.path()).read_text().splitlines()))
    assert {row["modality"] for row in rows} == {"rna", "atac"}
    assert rows[0] == {"modality": "rna", "name": "Gene0", "reason": "not in the annotation"}
