"""The Trajectory page on the bundled sample of one modality: full at first sight, and followed anew from a cell."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Page, expect

from monae_app.web.app import create_app
from monae_app.web.settings import Settings
from tests.browser.conftest import served

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.browser

LONG = 180_000
HOST = "document.getElementById('trajectory-map')"
COLOURED = "(what) => {host}?.state?.().colouring?.key?.endsWith(what)".replace("{host}", HOST)


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with served(create_app(Settings(store=tmp_path_factory.mktemp("store")))) as address:
        yield address


def saved(page: Page, link: str, path: Path) -> list[list[str]]:
    with page.expect_download() as download:
        page.locator(link).click()
    download.value.save_as(path)
    return list(csv.reader(path.read_text(encoding="utf-8").splitlines()))


def test_a_trajectory_is_seen_and_followed_anew(page: Page, tmp_path: Path):
    page.goto("/trajectory?run=sample-myeloid")
    # without a click: pseudotime, the graph over it, branches, trends, features
    page.wait_for_function(COLOURED, arg=":pseudotime")
    expect(page.locator("#trajectory-note")).to_contain_text("branches end in")
    page.wait_for_function(f"{HOST}.graph.graph.edges.length >= 6")
    expect(page.locator("#trajectory-branches")).to_contain_text("stem")
    expect(page.locator("#trajectory-density .violinlayer path").first).to_be_visible()
    expect(page.locator("#trajectory-trends .scatterlayer path").first).to_be_visible()
    expect(page.locator("#trajectory-heat .heatmaplayer image").first).to_be_visible()
    expect(page.locator("#trajectory-tests")).to_contain_text("tested on a half of the counts")
    # without peaks there is nothing to be put in order
    expect(page.locator("#trajectory-linked")).to_be_hidden()
    # a row of the table becomes a trend, and stands in the address
    row = page.locator("#trajectory-table [row-index='0'] [col-id=feature]")
    name = row.inner_text()
    row.click()
    expect(page.locator("#trajectory-trends")).to_contain_text(name)
    page.wait_for_function("(name) => location.search.includes(`rna:${name}`)", arg=name)
    # branches as colours
    page.locator("#trajectory-colour").get_by_text("Branches").click()
    page.wait_for_function(COLOURED, arg=":branch")
    expect(page.locator(".cell-map-legend")).to_contain_text("stem")
    table = saved(page, "#trajectory-cells-csv", tmp_path / "cells.csv")
    assert table[0] == ["cell", "pseudotime", "branch"]
    assert len(table) == 2661
    features = saved(page, "#trajectory-features-csv", tmp_path / "features.csv")
    assert {"p", "q", "p_branches", "peak"} <= set(features[0])
    # from another group: said that nothing is there yet, then followed
    page.goto("/trajectory?run=sample-myeloid&column=cluster_slingshot&root=group:6")
    expect(page.locator("#trajectory-note")).to_contain_text("Nothing was followed yet")
    expect(page.locator("#trajectory-results")).to_be_hidden()
    page.locator("#trajectory-follow-start").click()
    expect(page.locator("#trajectory-note")).to_contain_text("2,660 cells were followed", timeout=LONG)
    page.wait_for_function(COLOURED, arg=":pseudotime")


def test_other_pages_take_a_run_of_one_modality(page: Page):
    page.goto("/?run=sample-myeloid")
    shown = page.locator("main")
    expect(shown).to_contain_text("nothing was integrated")
    # nothing stands above the fold, so that there is none
    expect(shown).to_contain_text("Mean average precision")
    page.goto("/markers?run=sample-myeloid")
    expect(page.locator("#markers-table .ag-row").first).to_be_visible()
    page.goto("/verdict?run=sample-myeloid")
    expect(shown).to_contain_text("There is one modality")
    # cells of one modality have no counterparts
    expect(shown).not_to_contain_text("pair_id")
    page.goto("/labels?run=sample-myeloid")
    expect(shown).to_contain_text("Nothing to transfer from")
    page.goto("/differential?run=sample-myeloid")
    expect(shown).to_contain_text("Compare cells")
