"""Work of seconds to minutes on the Embedding page: export, the map of some cells, imputed values as a file."""

from __future__ import annotations

import re
import time
import zipfile
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import anndata as ad
import h5py
import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.map_page import colours, legend, points
from tests.web.tiny_sample import CELLS, TYPES

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.browser

# A fresh process loads scanpy and compiles UMAP.
LONG = 120_000


def leftovers(store: Path) -> list[Path]:
    return [path for path in (store / "short_work" / "jobs").rglob("*") if path.is_file()]


def part_of(url: str) -> str:
    return parse_qs(urlsplit(url).query)["part"][0]


def choose_groups(page: Page, *names: str) -> None:
    page.get_by_text("Map and cluster some cells alone").click()
    for name in names:
        page.click("#some-cells-chosen")
        page.keyboard.type(name, delay=30)
        page.get_by_role("option", name=f"{name} · cell_type", exact=True).click()
        page.keyboard.press("Escape")


def test_a_run_is_exported_and_downloaded(page: Page, folders: dict[str, Path]):
    page.goto("/")
    legend(page)
    page.click("#export-start")
    link = page.locator("#export-shown a")
    expect(link).to_be_visible(timeout=LONG)
    expect(page.locator("#export-progress")).to_be_hidden()
    expect(page.locator("#export-start")).to_be_enabled()
    with page.expect_download() as saved:
        link.click()
    assert saved.value.suggested_filename.endswith(".monae.zip")
    with zipfile.ZipFile(saved.value.path()) as archive:
        assert {"config.json", "report.json", "cells.h5ad", "features.h5ad"} <= set(archive.namelist())
        assert archive.testzip() is None
    assert leftovers(folders["store"]) == []


def test_groups_are_mapped_and_clustered_alone_and_left_again(page: Page):
    page.goto("/")
    legend(page)
    before = colours(page)
    choose_groups(page, "Astro", "Oligo")
    page.click("#some-cells-start")
    expect(page.locator("#some-cells-progress")).to_be_visible()
    expect(page.locator("#some-cells-start")).to_be_disabled()
    expect(page.locator("#some-cells-note")).to_contain_text("Only Astro · cell_type, Oligo · cell_type", timeout=LONG)
    # Planted: each type is one cluster, and they stand on the map at once.
    expect(page.locator("#some-cells-shown")).to_contain_text(f"{CELLS} cells in 2 clusters")
    page.wait_for_function("document.getElementById('map')?.state?.().colouring?.title.startsWith('clusters of Astro')")
    assert legend(page) == ["0", "1"]
    expect(page.locator("#selection-body")).to_contain_text("clusters of Astro · cell_type, Oligo · cell_type")
    # the address holds it
    page.reload()
    expect(page.locator("#some-cells-note")).to_contain_text("Only Astro · cell_type, Oligo · cell_type")
    page.wait_for_function(f"document.getElementById('map')?.state?.().about?.cells === {CELLS}")
    page.goto(f"{page.url.split('?')[0]}?run=sample-tiny&colour=obs:cell_type&part={part_of(page.url)}")
    page.wait_for_function("document.querySelectorAll('#map .cell-map-legend .entry').length === 2")
    # a group keeps its colour
    assert colours(page) == {name: before[name] for name in ("Astro", "Oligo")}
    with page.expect_download() as saved:
        page.click("#map-csv")
    assert len(saved.value.path().read_text().splitlines()) == CELLS + 1
    assert points(page) == CELLS
    page.get_by_role("button", name="Show all cells").click()
    page.wait_for_function(f"document.querySelectorAll('#map .cell-map-legend .entry').length === {len(TYPES)}")
    assert points(page) == 2 * CELLS


def test_a_map_of_groups_is_cancelled_and_leaves_nothing(page: Page, folders: dict[str, Path]):
    page.goto("/")
    legend(page)
    choose_groups(page, "Endo", "Astro", "L2/3")
    page.click("#some-cells-start")
    # While its process loads what it needs, which takes seconds anywhere; the work itself may be done in one.
    expect(page.locator("#some-cells-progress")).to_be_visible()
    page.click("#some-cells-cancel")
    expect(page.locator("#some-cells-shown")).to_contain_text("Cancelled")
    expect(page.locator("#some-cells-progress")).to_be_hidden()
    expect(page.locator("#some-cells-start")).to_be_enabled()
    until = time.monotonic() + 10
    while leftovers(folders["store"]):
        assert time.monotonic() < until
        time.sleep(0.1)
    # and it can be ordered again
    page.click("#some-cells-start")
    expect(page.locator("#some-cells-note")).to_contain_text(
        "Only Endo · cell_type, Astro · cell_type, L2/3 · cell_type", timeout=LONG
    )


def test_an_order_that_cannot_be_is_said_at_once(page: Page):
    page.goto("/")
    legend(page)
    page.get_by_text("Map and cluster some cells alone").click()
    page.click("#some-cells-start")
    expect(page.locator("#some-cells-shown").get_by_role("alert")).to_contain_text("No cells are chosen")
    page.get_by_text("Imputed values as a file").click()
    page.fill("#imputed-features", "Gene1, Nope")
    page.click("#imputed-start")
    expect(page.locator("#imputed-shown").get_by_role("alert")).to_contain_text("'Nope'")


def test_imputed_values_are_made_into_a_file(page: Page):
    page.goto("/")
    legend(page)
    page.get_by_text("Imputed values as a file").click()
    page.fill("#imputed-features", "Gene1\nGene7")
    page.click("#imputed-start")
    link = page.locator("#imputed-shown a")
    expect(link).to_be_visible(timeout=LONG)
    with page.expect_download() as saved:
        link.click()
    table = ad.read_h5ad(saved.value.path())
    assert table.shape == (CELLS, 2)
    assert list(table.var_names) == ["Gene1", "Gene7"]


def test_cells_are_taken_home_for_other_programs(page: Page):
    page.goto("/?run=sample-tiny")
    legend(page)
    page.get_by_text("All data for other programs").click()
    expect(page.locator("#whole-modality")).to_contain_text(".h5mu")
    page.click("#whole-start")
    link = page.locator("#whole-shown a")
    expect(link).to_be_visible(timeout=LONG)
    with page.expect_download() as saved:
        link.click()
    assert saved.value.suggested_filename == "monae.h5mu"
    with h5py.File(saved.value.path()) as file:
        assert set(file["mod"]) == {"rna", "atac"}
        assert {"X_umap", "X_monae"} <= set(file["mod/rna/obsm"])


def test_two_tabs_do_not_share_their_work(page: Page):
    page.goto("/")
    legend(page)
    other = page.context.new_page()
    other.goto(page.url)
    legend(other)
    for tab in (page, other):
        tab.click("#export-start")
    links = []
    for tab in (page, other):
        expect(tab.locator("#export-shown a")).to_be_visible(timeout=LONG)
        links.append(tab.locator("#export-shown a").get_attribute("href"))
    assert links[0] != links[1]


def test_work_that_is_cancelled_at_once_does_not_go_on_unseen(page: Page, folders: dict[str, Path]):
    page.goto("/")
    legend(page)
    choose_groups(page, "Endo", "Oligo")

    def hold(route: Route) -> None:
        # The answer that tells the page which work to cancel comes late.
        if '"some-cells-outcome.data' in (route.request.post_data or "") and "cancelJob" not in route.request.url:
            page.wait_for_timeout(1500)
        route.continue_()

    page.route("**/_dash-update-component*", hold)
    page.click("#some-cells-start")
    expect(page.locator("#some-cells-progress")).to_be_visible()
    page.click("#some-cells-cancel")
    expect(page.locator("#some-cells-shown")).to_contain_text("Cancelled")
    expect(page.locator("#some-cells-progress")).to_be_hidden()
    page.wait_for_timeout(3000)
    expect(page.locator("#some-cells-shown")).to_contain_text("Cancelled")
    expect(page.locator("#some-cells-note")).not_to_contain_text("Only")
    assert leftovers(folders["store"]) == []


def test_a_page_that_is_left_while_work_goes_on(page: Page):
    page.goto("/")
    legend(page)
    choose_groups(page, "Endo", "Oligo")
    page.click("#some-cells-start")
    expect(page.locator("#some-cells-text")).to_contain_text(
        re.compile("Reading|Finding|Clustering|Drawing"), timeout=LONG
    )
    page.get_by_role("link", name="Training").click()
    expect(page.locator("#training-check")).to_be_visible()
    page.wait_for_timeout(6_000)
    page.get_by_role("link", name="Embedding").click()
    legend(page)
    expect(page.locator("#some-cells-start")).to_be_enabled()
