"""The panel of the present selection: what it counts, saves, combines, takes back and hands out."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Browser, Page, expect

from monae_app.web.app import create_app
from monae_app.web.settings import Settings
from tests.browser import selection_page
from tests.browser.conftest import open_page, served
from tests.web.tiny_sample import CELLS, TYPES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.browser

N = 2 * CELLS


@pytest.fixture
def alone(tmp_path: Path, folders: dict[str, Path]) -> Iterator[str]:
    """A server with an empty store and the panel on a page of its own."""
    app = create_app(Settings(store=tmp_path / "store"), folders["samples"])
    selection_page.register(app.server)
    with served(app) as address:
        yield address


@pytest.fixture
def page(browser: Browser, alone: str) -> Iterator[Page]:
    for page in open_page(browser, alone):
        page.goto(selection_page.PATH)
        chosen(page, 0)
        yield page


def draw(page: Page, *rows: int, how: str = "lasso") -> None:
    page.evaluate("([rows, how]) => document.getElementById('map').draw(rows, how)", [list(rows), how])


def lit(page: Page) -> int:
    return page.evaluate("document.getElementById('map').selection().count")


def chosen(page: Page, count: int) -> None:
    """Panel and map agree on how many cells are selected."""
    if count:
        expect(page.locator("#selection-count")).to_contain_text(f"{count} of {N} cells")
    else:
        expect(page.locator("#selection-count")).to_contain_text("Draw around cells with the lasso (L)")
    assert lit(page) == count


def save(page: Page, name: str) -> None:
    page.fill("#selection-name", name)
    page.keyboard.press("Enter")
    expect(page.locator("#saved-sets .set-name", has_text=name)).to_be_visible()


def saved(page: Page) -> list[str]:
    return page.locator("#saved-sets .set-name").all_text_contents()


def test_a_selection_on_the_map_is_counted_by_kind(page: Page):
    chosen(page, 0)
    draw(page, 0, 4, 8, CELLS)
    chosen(page, 4)
    expect(page.locator(".kinds").first).to_contain_text("RNA3ATAC1")
    by_type = page.locator(".selection-kinds div", has_text="By cell_type")
    expect(by_type.locator("li")).to_have_count(1)
    expect(by_type).to_contain_text(f"{TYPES[0]}4")
    expect(page.locator("#selection-spoken")).to_have_text("4 cells selected: lasso")
    page.click("#selection-clear")
    chosen(page, 0)


def test_selections_are_saved_shown_and_combined(page: Page):
    draw(page, *range(10))
    save(page, "first")
    draw(page, *range(5, 20))
    save(page, "second")
    row = page.locator(".saved-set", has_text="first")
    for sign, count in (("Take its cells out", 10), ("Add its cells", 20), ("Keep only its cells", 10)):
        row.get_by_role("button", name=sign).click()
        chosen(page, count)
    page.get_by_role("button", name="second", exact=True).click()
    chosen(page, 15)
    expect(page.get_by_role("button", name="second", exact=True)).to_have_attribute("aria-pressed", "true")
    page.get_by_role("button", name="second", exact=True).click()
    chosen(page, 0)
    row.get_by_role("button", name="Add its cells").click()
    page.click("[data-key=invert]")
    chosen(page, N - 10)


def test_the_selection_comes_back_after_a_reload(page: Page):
    draw(page, 1, 2, 3)
    save(page, "mine")
    page.reload()
    chosen(page, 3)
    assert saved(page) == ["mine"]


def test_steps_are_taken_back_in_order_by_keys_and_buttons(page: Page):
    draw(page, 1)
    draw(page, 1, 2)
    save(page, "pair")
    draw(page, how="clear")
    chosen(page, 0)
    page.focus("#map")
    for text, count, names in (
        ("Undo: save the selection “pair”", 2, ["pair"]),
        ("Undo: lasso", 2, []),
        ("Undo: lasso", 1, []),
        ("Nothing to undo", 0, []),
    ):
        page.keyboard.press("Control+z")
        expect(page.locator("#selection-undo")).to_have_attribute("aria-label", text)
        chosen(page, count)
        expect(page.locator("#saved-sets .set-name")).to_have_count(len(names))
    for count in (1, 2):
        page.click("#selection-redo")
        chosen(page, count)
    expect(page.locator("#selection-redo")).to_have_attribute("aria-label", "Redo: save the selection “pair”")
    page.keyboard.press("Control+Shift+z")
    expect(page.locator("#saved-sets .set-name")).to_have_text(["pair"])
    page.keyboard.press("Control+y")
    chosen(page, 0)


def test_writing_a_name_keeps_its_own_undo(page: Page):
    draw(page, 1)
    page.fill("#selection-name", "abc")
    page.focus("#selection-name")
    page.keyboard.press("Control+z")
    chosen(page, 1)


def test_a_selection_is_renamed_deleted_and_brought_back(page: Page):
    draw(page, 1, 2)
    save(page, "wrong")
    page.locator(".set-more summary").click()
    page.get_by_role("button", name="Rename", exact=True).click()
    page.keyboard.type("right")
    page.keyboard.press("Enter")
    expect(page.locator("#saved-sets .set-name")).to_have_text(["right"])
    page.locator(".set-more summary").click()
    page.get_by_role("button", name="Delete", exact=True).click()
    expect(page.locator("#saved-sets")).to_contain_text("None yet")
    page.locator(".selection-alert").get_by_role("button", name="Undo").click()
    expect(page.locator("#saved-sets .set-name")).to_have_text(["right"])


def test_cells_go_into_groups_of_a_column(page: Page):
    draw(page, *range(4))
    page.fill("#note-name", "My types")
    page.fill("#note-group", "B")
    page.locator("#note-form").get_by_role("button", name="Add").click()
    groups = page.locator("#note-columns .note-group")
    expect(groups).to_contain_text(["B4"])
    draw(page, *range(2, 8))
    page.fill("#note-group", "T")
    page.locator("#note-form").get_by_role("button", name="Add").click()
    expect(groups).to_contain_text(["B2", "T6"])
    page.get_by_role("button", name="Rename T").click()
    page.keyboard.type("T cells")
    page.keyboard.press("Enter")
    expect(groups).to_contain_text(["B2", "T cells6"])
    page.get_by_role("button", name="B", exact=True).click()
    chosen(page, 2)
    page.click("#note-out")
    expect(groups).to_contain_text(["B0", "T cells6"])
    page.get_by_role("button", name="Remove the group T cells").click()
    expect(groups).to_have_count(1)
    page.focus("#map")
    page.keyboard.press("Control+z")
    expect(groups).to_contain_text(["B0", "T cells6"])


def test_tables_are_downloaded(page: Page):
    draw(page, 0, N - 1)
    save(page, "ends")
    with page.expect_download() as found:
        page.click("#selection-csv")
    rows = list(csv.DictReader(io.StringIO(found.value.path().read_text())))
    assert [(row["cell"], row["modality"]) for row in rows] == [("cell0", "rna"), (f"cell{CELLS - 1}", "atac")]
    with page.expect_download() as found:
        page.click("#saved-csv")
    rows = list(csv.DictReader(io.StringIO(found.value.path().read_text())))
    assert [row["ends"] for row in rows].count("yes") == 2
    assert len(rows) == N


def test_what_is_refused_is_said_in_words(browser: Browser, alone: str):
    context = browser.new_context(base_url=alone)
    page = context.new_page()
    page.goto(selection_page.PATH)
    chosen(page, 0)
    draw(page, 1)
    save(page, "mine")
    page.fill("#selection-name", "mine")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("There is already a selection “mine”")
    assert saved(page) == ["mine"]
    context.close()


def test_another_tab_sees_what_is_saved_at_once(page: Page):
    other = page.context.new_page()
    other.goto(selection_page.PATH)
    expect(other.locator("#saved-sets")).to_contain_text("None yet")
    draw(page, 1)
    save(page, "mine")
    expect(other.locator("#saved-sets .set-name")).to_have_text(["mine"])
    chosen(other, 0)


def test_the_crossfilter_chooses_by_groups_and_ranges_with_live_counts(page: Page):
    page.locator("#crossfilter summary").first.click()
    facet = page.locator("[data-facet='obs:cell_type']")
    expect(facet.locator("li")).to_have_count(len(TYPES))
    facet.get_by_label(TYPES[0]).check()
    chosen(page, N // 4)
    facet.get_by_label(TYPES[1]).check()
    chosen(page, N // 2)
    page.select_option("#facet-choice", label="modality")
    other = page.locator("[data-facet='obs:modality']")
    expect(other).to_contain_text(f"RNA{N // 4} / {CELLS}")
    other.get_by_label("RNA").check()
    chosen(page, N // 4)
    expect(facet).to_contain_text(f"{TYPES[2]}{N // 8} / {N // 4}")
    page.select_option("#facet-choice", label="library_size")
    numbers = page.locator("[data-facet='obs:library_size']")
    low = numbers.get_by_label("library_size, from, as a number")
    low.fill("1e9")
    low.press("Enter")
    expect(page.locator("#facet-told")).not_to_be_empty()
    few = int(page.locator("#selection-count strong").text_content() or 0) if lit(page) else 0
    assert few < N // 4
    numbers.get_by_role("button", name="Remove the column").click()
    chosen(page, N // 4)
    other.get_by_role("button", name="Untick all").click()
    facet.get_by_role("button", name="Untick all").click()
    chosen(page, 0)


def test_the_keyboard_reaches_everything(page: Page):
    draw(page, 1, 2)
    save(page, "mine")
    page.focus("#map")
    reached = set()
    for _ in range(40):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.id || document.activeElement.textContent"))
    wanted = {"selection-undo", "selection-clear", "selection-csv", "selection-name", "mine", "∪", "∩", "−", "⋯"}
    assert wanted <= reached
    assert {"selection-neighbours", "note-choice", "note-group", "saved-csv", "Choose cells by columns"} <= reached


def test_the_crossfilter_counts_what_was_selected_elsewhere_and_says_when_it_is_not_its_own(page: Page):
    draw(page, 0, 4, 1)
    page.locator("#crossfilter summary").first.click()
    facet = page.locator("[data-facet='obs:cell_type']")
    expect(facet).to_contain_text(f"{TYPES[0]}2 / {N // 4}")
    facet.get_by_label(TYPES[1]).check()
    chosen(page, N // 4)
    draw(page, 0)
    expect(page.locator("#facet-told")).to_contain_text("Something else is selected now")
    page.get_by_role("button", name="Select what passes").click()
    chosen(page, N // 4)
    expect(page.locator("#facet-told")).to_have_text(f"{N // 4} cells pass.")


def test_neighbours_in_the_other_modality_light_up(page: Page):
    draw(page, 1)
    page.fill("#selection-k", str(N // 8))
    page.click("#selection-neighbours")
    chosen(page, 1 + N // 8)
    expect(page.locator(".selection-across [role=status]")).to_have_text("1 cell of RNA have 30 neighbours in ATAC.")
    expect(page.locator(".selection-kinds div", has_text="By cell_type")).to_contain_text(f"{TYPES[1]}{1 + N // 8}")
    page.check("#selection-follow")
    draw(page, 2)
    chosen(page, 1 + N // 8)
    page.click("#selection-undo")
    chosen(page, 1)
