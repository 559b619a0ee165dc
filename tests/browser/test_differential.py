"""Groups of cells compared by hand: the table, the volcano, the way to the map, features over groups."""

from __future__ import annotations

import csv
import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Page, expect

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.browser

LONG = 120_000


def test_a_group_is_compared_shown_and_taken_home(page: Page, tmp_path: Path):
    page.goto("/differential?run=sample-tiny")
    expect(page.locator("#differential-empty")).to_contain_text("Press Compare")
    expect(page.locator("#differential-first")).to_contain_text("cell_type")
    page.get_by_role("button", name="Compare", exact=True).click()
    sentence = page.locator("#differential-result")
    expect(sentence).to_contain_text(re.compile(r"\d+ cells\. all other cells: \d+ cells\. .*Wilcoxon"), timeout=LONG)
    table = page.locator("#differential-table")
    first = table.locator(".ag-row").first
    expect(first).to_be_visible()
    best = (
        first.locator("[col-id=feature]").inner_text() or table.locator("[col-id=feature].ag-cell").first.inner_text()
    )
    # the whole table as a file says first what was compared
    with page.expect_download() as coming:
        page.get_by_role("link", name="Download the whole table").click()
    coming.value.save_as(tmp_path / "table.csv")
    lines = (tmp_path / "table.csv").read_text().splitlines()
    assert lines[0].startswith("# ")
    assert "against all other cells" in lines[0]
    rows = list(csv.DictReader(line for line in lines if not line.startswith("#")))
    assert rows[0]["feature"] == best
    assert float(rows[0]["fdr"]) <= float(rows[len(rows) // 2]["fdr"])
    # the best features stand over the groups at once
    expect(page.locator("#over-figure .scatterlayer .point").first).to_be_visible()
    expect(page.locator("#over-features")).to_contain_text(best)
    page.get_by_text("Heatmap", exact=True).click()
    expect(page.locator("#over-figure .heatmaplayer image")).to_be_visible()
    page.get_by_text("Composition", exact=True).click()
    expect(page.locator("#over-figure .barlayer path").first).to_be_visible()
    with page.expect_download() as coming:
        page.click("#over-csv")
    coming.value.save_as(tmp_path / "parts.csv")
    shares = [
        list(map(float, row[1:])) for row in list(csv.reader((tmp_path / "parts.csv").read_text().splitlines()))[1:]
    ]
    assert all(abs(sum(row) - 1) < 1e-6 for row in shares)
    # and one of them on the map
    page.get_by_role("link", name="Show on the map").click()
    expect(page.locator("#map .cell-map-legend")).to_contain_text(best)
    expect(page).to_have_url(re.compile("values=measured"))


def test_the_same_cells_twice_are_refused_in_words(page: Page):
    page.goto("/differential?run=sample-tiny&second=obs:cell_type%3DAstro&first=obs:cell_type%3DAstro")
    expect(page.locator("#differential-second")).to_contain_text("Astro")
    page.get_by_role("button", name="Compare", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("cells are in both groups", timeout=LONG)
