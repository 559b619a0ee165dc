"""Cells that are selected on the real map: what its pixels, its panel, its columns and its other pages make of them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import open_page
from tests.browser.map_page import MAP, colours, drag, legend, near, points, selected, state, title
from tests.browser.test_selection import alone as alone
from tests.web.tiny_sample import CELLS, TYPES

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.browser

WHOLE = [(0.01, 0.01), (0.99, 0.01), (0.99, 0.99), (0.01, 0.99)]
LEFT = [(0.01, 0.06), (0.49, 0.06), (0.49, 0.99), (0.01, 0.99)]
OF_A_TYPE = 2 * CELLS // len(TYPES)


@pytest.fixture
def shown(browser: Browser, alone: str) -> Iterator[Page]:
    """The page of a user of their own, whose selections no other test sees."""
    for page in open_page(browser, alone):
        page.goto("/")
        legend(page)
        # The panel has asked the server for what is saved.
        expect(page.locator("#saved-sets")).to_contain_text("None yet")
        yield page


def lasso(page: Page, places: list[tuple[float, float]]) -> None:
    page.locator("#map canvas").focus()
    page.keyboard.press("l")
    drag(page, places)


def group(page: Page, name: str) -> None:
    """Select a group by keyboard."""
    page.locator("#map canvas").focus()
    page.keyboard.press("Escape")
    for _ in range(list(TYPES).index(name) + 1):
        page.keyboard.press("n")
    page.keyboard.press("Enter")
    page.keyboard.press("v")
    expect(page.locator("#selection-count")).to_contain_text(f"{OF_A_TYPE} of {2 * CELLS} cells")


def put(page: Page, column: str, name: str) -> None:
    """Put what is selected into a group of a column."""
    if page.locator("#note-name").is_visible():
        page.fill("#note-name", column)
    page.fill("#note-group", name)
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.locator("#selection-panel .notice-good")).to_contain_text(f"“{name}” of “{column}”")


def test_a_lasso_is_counted_saved_hidden_and_shown_again(shown: Page):
    found = colours(shown)
    lasso(shown, WHOLE)
    expect(shown.locator("#selection-count")).to_contain_text(f"{2 * CELLS} of {2 * CELLS} cells")
    group(shown, "Endo")
    assert near(shown, found["Endo"]) > 100
    assert near(shown, found["Astro"]) == 0
    shown.fill("#selection-name", "Vessels")
    shown.keyboard.press("Enter")
    row = shown.locator(".saved-set", has_text="Vessels")
    expect(row).to_contain_text(str(OF_A_TYPE))
    shown.click("#selection-clear")
    assert selected(shown) == 0
    assert near(shown, found["Astro"]) > 100
    shown.get_by_role("button", name="Vessels", exact=True).click()
    shown.wait_for_function(f"{MAP}.selection().count === {OF_A_TYPE}")
    assert near(shown, found["Astro"]) == 0
    shown.click("[data-key=invert]")
    assert selected(shown) == 2 * CELLS - OF_A_TYPE
    assert near(shown, found["Endo"]) == 0
    shown.click("#selection-undo")
    assert selected(shown) == OF_A_TYPE


def test_the_selection_is_there_after_a_visit_to_another_page(shown: Page):
    group(shown, "Endo")
    shown.click("#nav-training")
    expect(shown.locator("#map")).to_have_count(0)
    shown.get_by_role("link", name="Embedding").click()
    legend(shown)
    shown.wait_for_function(f"{MAP}.selection().count === {OF_A_TYPE}")
    expect(shown.locator("#selection-count")).to_contain_text(f"{OF_A_TYPE} of")
    assert near(shown, colours(shown)["Astro"]) == 0
    shown.click("#selection-undo")
    shown.wait_for_function(f"{MAP}.selection().count === 0")


def test_an_annotation_column_colours_the_map_and_follows_what_is_done_to_it(shown: Page):
    group(shown, "Endo")
    put(shown, "mine", "vessel")
    shown.get_by_role("button", name="Colour by it", exact=True).first.click()
    expect(title(shown)).to_have_text("mine")
    assert legend(shown) == ["vessel", "no value"]
    expect(shown).to_have_url(re.compile("colour=note:"))
    expect(shown.locator("#map-colour")).to_contain_text("mine")
    expect(shown.locator("#map .entry", has_text="no value")).to_contain_text(str(2 * CELLS - OF_A_TYPE))
    # More cells go into it, and the map shows them; undo takes them out of it and of the map.
    shown.click("[data-key=invert]")
    put(shown, "mine", "rest")
    shown.wait_for_function(f"{MAP}.state().groups.length === 2")
    assert legend(shown) == ["vessel", "rest"]  # and no cell is without
    shown.click("#selection-clear")
    assert near(shown, colours(shown)["rest"]) > 100
    shown.click("#selection-undo")
    shown.wait_for_function(f"{MAP}.selection().count > 0")
    shown.click("#selection-undo")
    shown.wait_for_function(f"{MAP}.state().groups.length === 1")
    shown.reload()
    expect(title(shown)).to_have_text("mine")
    # It has another name.
    shown.locator("[data-key^=rename-]").first.click()
    shown.keyboard.type("theirs")
    shown.keyboard.press("Enter")
    expect(title(shown)).to_have_text("theirs")
    expect(shown.locator(".selection-kinds")).to_contain_text("By theirs")
    # A column that is deleted cannot colour anything any more.
    shown.locator("[data-key^=delete-]").first.click()
    expect(title(shown)).to_have_text("cell_type")
    expect(shown.locator("#map-colour")).to_contain_text("cell_type")
    expect(shown).to_have_url(re.compile("colour=obs:cell_type"))


def test_neighbours_light_up_in_the_other_panel(shown: Page):
    shown.get_by_text("Side by side", exact=True).click()
    expect(shown.locator("#map .cell-map-titles > div")).to_have_count(2)
    lasso(shown, LEFT)
    expect(shown.locator(".kinds").first).to_contain_text(f"RNA{CELLS}ATAC0")
    shown.locator("#map .entry", has_text="Endo").dblclick()
    shown.click("#selection-clear")
    lasso(shown, LEFT)
    expect(shown.locator("#selection-count")).to_contain_text(f"{OF_A_TYPE // 2} of")
    shown.click("#selection-neighbours")
    expect(shown.locator(".kinds").first).to_contain_text(re.compile(rf"RNA{OF_A_TYPE // 2}ATAC[1-9]\d*"))
    assert selected(shown) > OF_A_TYPE // 2
    shown.get_by_role("button", name="Show all", exact=True).last.click()
    # A brush that is followed needs no second click.
    shown.check("#selection-follow")
    shown.click("#selection-clear")
    lasso(shown, LEFT)
    expect(shown.locator(".kinds").first).to_contain_text(re.compile(rf"RNA{CELLS}ATAC[1-9]\d*"))


def test_the_crossfilter_is_seen_on_the_map(shown: Page):
    found = colours(shown)
    shown.get_by_text("Choose cells by columns").click()
    shown.locator("#crossfilter").get_by_text("Endo", exact=True).click()
    shown.wait_for_function(f"{MAP}.selection().count === {OF_A_TYPE}")
    assert near(shown, found["Endo"]) > 100
    assert near(shown, found["Astro"]) == 0


def test_a_saved_selection_is_mapped_alone_and_what_is_selected_there_is_that_of_the_whole_map(shown: Page):
    group(shown, "Endo")
    shown.fill("#selection-name", "mine")
    shown.keyboard.press("Enter")
    endo = [list(TYPES).index("Endo") == code for code in state(shown, "codes")]
    shown.get_by_text("Map and cluster some cells alone").click()
    shown.locator("#some-cells-chosen").click()
    shown.get_by_role("option", name=f"mine (selection, {OF_A_TYPE})").click()
    shown.keyboard.press("Escape")
    shown.locator("#some-cells-column").fill("within mine")
    shown.get_by_role("button", name="Map and cluster them").click()
    expect(shown.locator("#some-cells-note")).to_contain_text("Only mine", timeout=120_000)
    expect(shown.locator("#some-cells-shown")).to_contain_text("Kept as the column “within mine”")
    shown.wait_for_function(f"{MAP}.state().colouring.title === 'within mine'")
    shown.get_by_role("button", name="Undo the column").click()
    expect(shown.locator("#some-cells-shown")).to_contain_text("The column was taken back")
    expect(shown.locator("#selection-body")).not_to_contain_text("within mine")
    assert state(shown, "about")["cells"] == OF_A_TYPE
    lasso(shown, WHOLE)
    expect(shown.locator("#selection-count")).to_contain_text(f"{OF_A_TYPE} of {2 * CELLS} cells")
    expect(shown.locator(".selection-kinds div", has_text="By cell_type")).to_contain_text(f"Endo{OF_A_TYPE}")
    shown.get_by_role("button", name="Show all cells").click()
    shown.wait_for_function(f"{MAP}.state().about.cells === {2 * CELLS}")
    shown.wait_for_function(f"{MAP}.selection().count === {OF_A_TYPE}")
    assert points(shown) == 2 * CELLS
    bits = shown.evaluate(f"Array.from({MAP}.selection().bits)")
    assert [bool(bits[row // 8] >> (row % 8) & 1) for row in range(2 * CELLS)] == endo
