"""A link to what a map shows: made by one person, opened by another."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import HARMLESS, open_page
from tests.browser.map_page import MAP, legend, state
from tests.web.tiny_sample import CELLS, TYPES

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.browser

OF_A_TYPE = 2 * CELLS // len(TYPES)


@pytest.fixture
def other(browser: Browser, address: str) -> Iterator[Page]:
    yield from open_page(browser, address)


def test_a_link_shows_panels_colours_place_and_selection_to_others(page: Page, other: Page):
    page.goto("/?run=sample-tiny&panel=split&labels=off")
    legend(page)
    page.locator("#map canvas").focus()
    page.keyboard.press("n")
    page.keyboard.press("Enter")
    expect(page.locator("#selection-count")).to_contain_text(f"{OF_A_TYPE} of {2 * CELLS} cells")
    page.locator("#map canvas").focus()
    page.keyboard.press("+")
    page.locator("#map .cell-map-legend .entry", has_text="Endo").click()
    page.evaluate(f"{MAP}.cellMap.colours.paint(0, '#123456'); {MAP}.cellMap.repaint()")
    page.get_by_label("Share this run").click()
    expect(page.locator("#share-about")).to_contain_text("Only this machine can reach the app now")
    page.get_by_role("button", name="Make a link").click()
    expect(page.locator("#share-link")).not_to_have_value("")
    link = page.locator("#share-link").input_value()
    page.keyboard.press("Escape")

    other.goto(link)
    legend(other)
    other.wait_for_function(f"{MAP}.selection().count === {OF_A_TYPE}")
    expect(other.locator("#selection-count")).to_contain_text(f"{OF_A_TYPE} of {2 * CELLS} cells")
    assert other.evaluate(f"[...{MAP}.state().hidden]") == page.evaluate(f"[...{MAP}.state().hidden]") != []
    assert state(other, "colours") == state(page, "colours")
    assert state(other, "colours")[0] == "#123456"
    seen = f"(() => {{ const {{ x, y, zoom }} = {MAP}.state().camera; return [x, y, zoom]; }})()"
    assert other.evaluate(seen) == page.evaluate(seen)
    assert [panel["key"] for panel in state(other, "panels")] == [panel["key"] for panel in state(page, "panels")]
    # what somebody else chose is not remembered here
    other.goto("/?run=sample-tiny")
    legend(other)
    assert "#123456" not in state(other, "colours")


def test_a_link_that_was_ended_says_so(browser: Browser, address: str):
    # The browser says itself that what it asked for is not there; nobody else may.
    pages = open_page(browser, address, re.compile(f"{HARMLESS.pattern}|404", re.IGNORECASE))
    other = next(pages)
    other.goto(f"/?run=sample-tiny&view={'0' * 32}")
    legend(other)
    expect(other.locator("#selection-panel").get_by_role("alert")).to_contain_text("not there any more")
    next(pages, None)
