"""The Data page: files come in through each door, are named for what they hold, and are read together."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Page, expect

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.browser

# Files are looked into by a process that takes seconds to start.
READING = 150_000


def upload(page: Page, *paths: Path) -> None:
    page.goto("/data")
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Choose files").click()
    chooser.value.set_files([str(path) for path in paths])


def row(page: Page, name: str):
    return page.locator("#data-basket-table tr", has_text=name)


def chosen(page: Page, name: str, what: str):
    return expect(row(page, name).get_by_role("button", name=what).first)


def test_uploaded_files_are_recognised_and_read_together(page: Page, folders: dict[str, Path]):
    data = folders["data"]
    upload(page, data / "rna.h5ad", data / "atac.h5ad", data / "genes.bed", data / "broken.h5ad")
    refusal = row(page, "broken.h5ad").get_by_role("alert")
    expect(refusal).to_contain_text("Expected:", timeout=READING)
    expect(refusal).to_contain_text("To do:")
    for name, what in (("rna.h5ad", "genes"), ("atac.h5ad", "peaks")):
        expect(row(page, name)).to_contain_text(re.compile(rf"120 cells × [\d,]+ {what}"), timeout=READING)
        expect(row(page, name)).to_contain_text("X: counts")
    expect(page.locator("#data-places")).to_contain_text("genes.bed (found)")
    # As long as one file cannot be read, none is; what was read before stays.
    page.get_by_role("button", name="Read these files").click()
    expect(page.locator("#data-message").get_by_role("alert")).to_contain_text("broken.h5ad cannot be read")
    page.get_by_role("button", name="Take broken.h5ad out of the list").click()
    expect(row(page, "broken.h5ad")).to_have_count(0)
    page.get_by_role("button", name="Put it back").click()
    expect(row(page, "broken.h5ad")).to_have_count(1)
    page.get_by_role("button", name="Take broken.h5ad out of the list").click()
    expect(row(page, "broken.h5ad")).to_have_count(0)
    page.get_by_role("button", name="Read these files").click()
    expect(page.locator("#data-heading")).to_have_text("atac + rna", timeout=READING)
    expect(page.locator("#data-summary")).to_contain_text("gene-peak links on your coordinates")
    expect(page.locator("#data-message").get_by_role("alert")).to_have_count(0)
    # Of files of one's own it is asked at once whether they share structure.
    expect(page.locator("#shared-structure .notice-title")).to_contain_text("RNA and ATAC share", timeout=2 * READING)
    expect(page.locator("#shared-structure figcaption")).to_contain_text("999 maps")
    expect(page.locator(".shared-cells")).to_contain_text("All 120 cells were measured in several of RNA and ATAC")
    page.get_by_role("radio", name="Train with that").check()
    # Another page and back: nothing is lost.
    page.get_by_role("link", name="Continue to training").click()
    expect(page.locator("#training-check")).to_contain_text("Expected: ")
    expect(page.locator(".chip", has_text="paired")).to_have_text("paired yes")
    page.get_by_role("link", name="Data", exact=True).click()
    expect(row(page, "rna.h5ad")).to_contain_text("120 cells")
    expect(page.locator("#data-heading")).to_have_text("atac + rna")


def test_a_file_on_the_server_is_chosen_and_put_back(page: Page):
    page.goto("/data")
    page.get_by_role("button", name="Choose rna.h5ad").click()
    expect(row(page, "rna.h5ad")).to_contain_text("120 cells", timeout=READING)
    page.get_by_role("button", name="Take rna.h5ad out of the list").click()
    expect(row(page, "rna.h5ad")).to_have_count(0)
    expect(page.get_by_role("button", name="Choose rna.h5ad")).to_have_attribute("aria-pressed", "false")


def test_a_text_table_is_turned_by_one_click(page: Page, tmp_path: Path):
    names = [f"cell{number}" for number in range(8)]
    lines = [",".join(["", *names]), *(",".join([f"thing{row}", *"12345678"]) for row in range(6))]
    (tmp_path / "table.csv").write_text("\n".join(lines))
    upload(page, tmp_path / "table.csv")
    expect(row(page, "table.csv")).to_contain_text(re.compile(r"\d cells × \d"), timeout=READING)
    before = row(page, "table.csv").inner_text()
    turned = "8 cells × 6" if "6 cells × 8" in before else "6 cells × 8"
    page.get_by_role("button", name="Turn the table").click()
    expect(row(page, "table.csv")).to_contain_text(turned, timeout=READING)


def test_cutoffs_show_what_would_remain_and_are_undone(page: Page):
    page.goto("/data")
    rna = page.locator("section", has=page.get_by_role("heading", name="RNA", exact=True, level=3)).last
    expect(rna).to_contain_text("120 of 120 cells stay", timeout=READING)
    least = rna.get_by_role("group", name="Counts of a cell").get_by_label("At least")
    least.fill("100000")
    expect(rna).to_contain_text("None of 120 cells stays")
    least.fill("1")
    expect(rna).to_contain_text("120 of 120 cells stay")
    page.get_by_role("button", name="Undo").click()
    expect(rna).to_contain_text("None of 120 cells stays")
    page.get_by_role("button", name="Undo").click()
    expect(rna).to_contain_text("120 of 120 cells stay")
    expect(least).to_have_value("")
    least.fill("many")
    expect(page.locator("#quality-message").get_by_role("alert")).to_contain_text("is no cut-off")
