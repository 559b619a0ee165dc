"""From a group to a feature and on to another group, by hand: tables, map, filters, files, and the address."""

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
HOST = "document.getElementById('markers-map')"
# A feature far from the chosen one, and where it stands on the page.
FAR = """() => {
  const host = document.getElementById("markers-map");
  const [chosen, ...others] = host.features.shown;
  const apart = (one) => Math.hypot(one.x - chosen.x, one.y - chosen.y);
  const best = others.sort((a, b) => apart(b) - apart(a))[0];
  const box = host.querySelector("canvas").getBoundingClientRect();
  return [box.left + best.x, box.top + best.y];
}"""


def shown(page: Page) -> list[str]:
    """Keys of the features on the map."""
    return page.evaluate(f"{HOST}.features.features.map((each) => each.key)")


def drawn(page: Page, number: str = "> 0") -> None:
    page.wait_for_function(f"{HOST}?.features?.shown.length {number}")


def cell(page: Page, table: str, column: str, row: int = 0) -> str:
    return page.locator(f"#{table} [row-index='{row}'] [col-id={column}]").inner_text()


def test_a_walk_over_groups_and_features(page: Page, tmp_path: Path):
    page.goto("/markers?run=sample-tiny&group=in:Oligo")
    expect(page.locator("#markers-head")).to_have_text("Nearest features of Oligo")
    drawn(page)
    # named and described without a click
    expect(page.locator("#markers-map .cell-map-legend")).to_contain_text("cell_type")
    assert page.evaluate(f"{HOST}.features.names.length") > 2
    expect(page.locator("#markers-bars-told")).to_contain_text("lies nearest to Oligo, where it was measured highest")
    expect(page.locator("#markers-bars .barlayer path").first).to_be_visible()
    # a row of the table by the keyboard
    page.locator("#markers-table [row-index='2'] [col-id=feature]").click()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Space")
    feature = cell(page, "markers-table", "feature", 4)
    expect(page.locator("#markers-bars-head")).to_contain_text(f"Nearest groups of {feature} ")
    page.wait_for_function(f"{HOST}.features.chosen.endsWith({feature!r})")
    # a feature on the map: named under the pointer, chosen by a click
    page.evaluate("document.getElementById('markers-map').scrollIntoView()")
    place = page.evaluate(FAR)
    page.mouse.move(*place)
    note = page.locator(".feature-note")
    expect(note).to_contain_text("specificity")
    other = note.locator("strong").inner_text()
    page.mouse.click(*place)
    expect(page.locator("#markers-bars-head")).to_contain_text(f"Nearest groups of {other} ")
    assert page.evaluate(f"{HOST}.selection().count") == 0
    # its second group, and that one's features
    group = cell(page, "markers-groups", "group", 1)
    page.locator("#markers-groups [row-index='1'] [col-id=group]").click()
    expect(page.locator("#markers-head")).to_have_text(f"Nearest features of {group}")
    # the address brings it all back
    expect(page).to_have_url(re.compile(f"feature=.*{re.escape(other)}"))
    page.reload()
    expect(page.locator("#markers-head")).to_have_text(f"Nearest features of {group}")
    expect(page.locator("#markers-bars-head")).to_contain_text(f"Nearest groups of {other} ")
    page.wait_for_function(f"{HOST}?.features?.chosen?.endsWith({other!r})")


def test_features_of_a_modality_and_their_files(page: Page, tmp_path: Path):
    page.goto("/markers?run=sample-tiny&group=in:Astro&show=all")
    drawn(page, ">= 180")
    page.click("#markers-modality")
    page.get_by_role("option", name="ATAC").click()
    page.wait_for_function(f"{HOST}.features.features.length === 120")
    assert all(key.startswith("atac:") for key in shown(page))
    expect(page.locator("#markers-table [col-id=feature].ag-cell").first).to_contain_text("chr1:")
    # of one modality its name stands on no row
    expect(page.locator("#markers-table [col-id=kind]")).to_have_count(0)
    expect(page).to_have_url(re.compile("show=all.*modality=atac|modality=atac.*show=all"))
    # the map goes out with its features
    with page.expect_download() as coming:
        page.locator("#markers-map-svg").click()
    coming.value.save_as(tmp_path / "map.svg")
    assert (tmp_path / "map.svg").read_text().count("<polygon") == len(page.evaluate(f"{HOST}.features.shown"))
    # and the whole table
    page.get_by_role("button", name="Whole table").click()
    with page.expect_download() as coming:
        page.get_by_role("link", name="Download nearest_features.csv").click(timeout=LONG)
    coming.value.save_as(tmp_path / "table.csv")
    lines = (tmp_path / "table.csv").read_text().splitlines()
    assert "Astro" in lines[0]
    assert len(list(csv.DictReader(line for line in lines if not line.startswith("#")))) == 120


def test_without_a_run_it_says_what_to_do(page: Page):
    page.goto("/markers?run=none&webgl=off")
    expect(page.locator("#markers-message")).to_contain_text("There is no run")
    # a browser without WebGL 2 gets a plainer figure
    page.goto("/markers?run=sample-tiny&webgl=off&feature=rna:Gene3")
    expect(page.locator("#markers-plain-figure .annotation-text").first).to_be_visible()
    expect(page.locator("#markers-map")).to_be_hidden()
    expect(page.locator("#markers-bars-head")).to_contain_text("Nearest groups of Gene3")
