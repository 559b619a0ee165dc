"""The Compare page: two runs with one selection, and a method that is computed while the page is left."""

from __future__ import annotations

import io
import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import pytest
from playwright.sync_api import Page, expect

from tests.web.tiny_sample import CELLS, TYPES

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.browser
# A fresh process loads what it needs.
LONG = 120_000
SELECTED = "id => document.getElementById(id).selection()"


@pytest.fixture(scope="module")
def second_run(folders: dict[str, Path]) -> Iterator[None]:
    """Put a run beside the one of the sample: another seed, and a worse score."""
    sample = folders["samples"] / "tiny"
    other = sample / "run_other"
    shutil.copytree(sample / "run", other)
    config = json.loads((other / "config.json").read_text())
    (other / "config.json").write_text(json.dumps(config | {"seed": 7}))
    report = json.loads((other / "report.json").read_text())
    report["metrics"]["foscttm"] += 0.3
    (other / "report.json").write_text(json.dumps(report))
    (other / "about.json").write_text(json.dumps({"name": "Another seed"}))
    yield
    shutil.rmtree(other)


@pytest.mark.usefixtures("second_run")
def test_two_runs_have_one_selection(page: Page):
    page.goto("/compare?run=sample-tiny")
    expect(page.locator("#compare-sentence")).to_contain_text(f"RNA: all {CELLS}; ATAC: all {CELLS}")
    expect(page.locator("#compare-settings tbody tr")).to_have_count(1)
    expect(page.locator("#compare-settings tbody tr")).to_contain_text("seed")
    row = page.locator("#compare-scores tbody tr").filter(has_text="FOSCTTM")
    expect(row).to_contain_text("this run")
    expect(row).to_contain_text("0.300")

    page.get_by_role("button", name="Compare neighbourhoods").click()
    types = page.locator("#compare-types tbody tr")
    expect(types).to_have_count(len(TYPES), timeout=LONG)
    expect(page.locator("#compare-types")).to_contain_text("shares 100% of its 30 nearest cells")

    page.wait_for_selector("#compare-map-first .legend-title")
    page.wait_for_selector("#compare-map-second .legend-title")
    # a map that is scrolled to from below lies under the bar of the pages
    page.evaluate("window.scrollTo(0, 0)")
    page.locator("#compare-map-second").get_by_role("button", name="Lasso").click()
    box = page.locator("#compare-map-second .cell-map-canvas").bounding_box()
    assert box is not None
    corners = [(0.02, 0.02), (0.98, 0.02), (0.98, 0.6), (0.02, 0.6)]
    spots = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in corners]
    page.mouse.move(*spots[0])
    page.mouse.down()
    for spot in [*spots[1:], spots[0]]:
        page.mouse.move(*spot, steps=4)
    page.mouse.up()
    expect(page.locator("#compare-selected")).to_contain_text("the same ones in both maps")
    ours, theirs = (page.evaluate(SELECTED, f"compare-map-{side}") for side in ("first", "second"))
    assert 0 < ours["count"] < 2 * CELLS
    assert ours == theirs
    assert "second=sample-tiny-other" in page.url
    program = page.request.get(page.locator("#compare-code").get_attribute("href")).text()
    assert "two_runs(RUN, SECOND" in program


def test_a_method_is_computed_while_its_page_is_left(page: Page):
    page.goto("/compare?run=sample-tiny&label=cell_type")
    # what is above the field still grows: a list that was opened before would be carried out of sight
    page.wait_for_load_state("networkidle")
    page.locator("#compare-method").scroll_into_view_if_needed()
    page.click("#compare-method")
    page.get_by_role("option", name="PCA").click()
    page.get_by_role("button", name="Compute", exact=True).click()
    expect(page.locator("#compare-method-job-may-leave")).to_be_visible()
    # it goes on while another page is shown, and stands there when one comes back
    page.goto("/data")
    page.goto("/compare?run=sample-tiny&label=cell_type")
    table = page.locator("#compare-integration tbody tr")
    expect(table.filter(has_text="PCA")).to_be_visible(timeout=LONG)
    with page.expect_download() as saved:
        page.locator("#compare-integration").get_by_role("link", name="Download").click()
    frame = pd.read_csv(io.StringIO(Path(saved.value.path()).read_text()))
    assert frame["method"].tolist() == ["PCA"]
    assert 0 <= frame["foscttm"][0] <= 1
    expect(page.locator("#compare-method-job-may-leave")).to_be_hidden()
    # within a modality the hold-out check is the judge
    link = page.locator("#compare-recovery").get_by_role("link")
    expect(link).to_have_attribute("href", "/imputation?run=sample-tiny")
