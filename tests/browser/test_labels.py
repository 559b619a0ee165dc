"""The Labels page: shown without a click, compared, kept on the map and taken back; markers; a table."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pandas as pd
import pytest
from playwright.sync_api import Page, expect

from tests.browser.map_page import legend
from tests.web.tiny_sample import CELLS, TYPES

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.browser

# A fresh process loads what it needs.
LONG = 120_000


def test_labels_come_by_themselves_and_go_to_the_map(page: Page, folders: dict[str, Path]):
    page.goto("/labels?run=sample-tiny&from=atac&label=cell_type&to=rna&least=0.6")
    table = page.locator("#labels-result .labels-table")
    expect(table).to_be_visible(timeout=LONG)
    assert [row.split("\t")[0] for row in table.locator("tbody").inner_text().splitlines()] == [*TYPES, "unassigned"]
    expect(page.locator("#labels-tiles")).to_contain_text("100%")
    expect(page.locator("#labels-figures .js-plotly-plot")).to_have_count(2)
    assert "least=0.6" in page.url
    assert "from=atac" in page.url
    page.click("#labels-file-start")
    link = page.locator("#labels-file-shown a")
    expect(link).to_be_visible(timeout=LONG)
    with page.expect_download() as saved:
        link.click()
    assert saved.value.suggested_filename == "labels_cell_type_atac_to_rna.csv"
    assert pd.read_csv(saved.value.path()).shape == (CELLS, 6 + len(TYPES))
    page.click("#labels-save")
    expect(page.locator("#labels-saved")).to_contain_text("Saved as “cell_type from ATAC”")
    page.click("#labels-undo")
    expect(page.locator("#labels-saved")).to_contain_text("taken back")
    page.click("#labels-save")
    page.locator("#labels-saved a").click()
    expect(page).to_have_url(re.compile("note:cell_type"))
    assert legend(page)[: len(TYPES)] == list(TYPES)


def test_markers_are_scored_and_what_is_wrong_is_said(page: Page):
    page.goto("/labels?run=sample-tiny")
    expect(page.locator("#labels-form")).to_be_visible()
    page.fill("#labels-lists", "Astro")
    page.click("#labels-markers-start")
    expect(page.locator("#labels-markers-shown").get_by_role("alert")).to_contain_text("names no type with its genes")
    markers = b"Astro,Gene0\nAstro,Gene1\nEndo,Gene15\nOligo,Nope\nOligo,Gene46\n"
    page.locator("#labels-lists-file input").set_input_files(
        {"name": "markers.csv", "mimeType": "text/csv", "buffer": markers}
    )
    expect(page.locator("#labels-lists")).to_have_value(re.compile("Gene46"))
    page.click("#labels-markers-start")
    expect(page.locator("#labels-marked table")).to_be_visible(timeout=LONG)
    expect(page.locator("#labels-marked")).to_contain_text("Oligo: Nope")
    page.click("#labels-marked-cluster-start")
    link = page.locator("#labels-marked-cluster-shown a")
    expect(link).to_be_visible(timeout=LONG)
    with page.expect_download() as saved:
        link.click()
    assert saved.value.suggested_filename == "marker_scores_by_cluster.csv"
    assert len(pd.read_csv(saved.value.path())) == len(TYPES)
    page.click("#labels-marked-save")
    expect(page.locator("#labels-marked-saved")).to_contain_text("types by markers")
