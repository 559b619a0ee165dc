"""The main job, end to end: open the sample, train on it, watch the losses, look at the map; and what stops it."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.map_page import legend
from tests.browser.training import TRAINING, open_sample, setting, start, state
from tests.web.tiny_sample import TYPES

pytestmark = pytest.mark.browser


def test_from_the_sample_to_the_map(page: Page):
    open_sample(page)
    setting(page, "steps").fill("zero")
    expect(page.locator("#training-check").get_by_role("alert")).to_contain_text("steps = 'zero'")
    expect(page.locator("#training-start")).to_be_disabled()
    start(page, "40")
    # The live loss comes while it trains, one plot a term.
    expect(page.locator("#training-live")).to_contain_text("of 40", timeout=TRAINING)
    expect(page.locator("#training-losses .annotation-text", has_text="Total")).to_have_count(1)
    expect(page.locator("#training-losses .annotation-text").nth(4)).to_be_visible()
    address = page.url
    assert re.search(r"/training\?run=\d{8}-\d{6}-\w+$", address)
    # A page that is loaded anew finds the run again by its URL.
    page.reload()
    expect(page.locator("#training-live")).to_contain_text("Tiny sample")
    state(page, "Done", timeout=TRAINING)
    expect(page.locator("#training-history tbody tr.current")).to_contain_text("40")
    page.locator("#training-ended").get_by_role("link", name="Open the map").click()
    assert legend(page) == list(TYPES)
    expect(page.locator("#map-scores")).to_contain_text("FOSCTTM")
