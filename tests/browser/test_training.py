"""The main job, end to end: open the sample, train on it, watch the losses, look at the map."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.web.tiny_sample import TYPES

pytestmark = pytest.mark.browser

# Starting torch and compiling UMAP take most of it.
TRAINING = 180_000
SMALL = {"n_components": "10", "anchor_components": "5", "features_per_step": "64", "batch_size": "32"}


def setting(page: Page, name: str):
    return page.locator(f'input[id*=\'"name":"{name}"\']')


def open_sample(page: Page) -> None:
    page.goto("/data")
    expect(page.locator("#data-summary")).to_contain_text("120")
    page.get_by_role("button", name="Open the sample").click()
    page.get_by_role("link", name="Continue to training").click()
    expect(page.locator("#training-check")).to_contain_text("Expected time")


def start(page: Page, steps: str) -> None:
    page.get_by_text("Expert settings").click()
    for name, value in (SMALL | {"steps": steps}).items():
        setting(page, name).fill(value)
    expect(page.locator("#training-start")).to_be_enabled()
    page.click("#training-start")


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
    expect(page.locator("#training-live")).to_contain_text("Done", timeout=TRAINING)
    expect(page.locator("#training-history tbody tr")).to_have_count(2)
    page.locator("#training-ended").get_by_role("link", name="Open the map").click()
    page.wait_for_selector("#map .legendtext")
    assert page.locator("#map .legendtext").all_text_contents() == list(TYPES)
    expect(page.locator("#map-scores")).to_contain_text("FOSCTTM")


def test_a_training_can_be_cancelled_and_asks_no_more(page: Page):
    open_sample(page)
    start(page, "1,000,000")
    expect(page.locator("#training-live")).to_contain_text("of 1,000,000", timeout=TRAINING)
    # Only one at a time.
    page.click("#training-start")
    expect(page.locator("#training-start-message").get_by_role("alert")).to_contain_text("still computing")
    page.get_by_role("button", name="Cancel training").click()
    expect(page.locator("#training-ended")).to_contain_text("Cancelled", timeout=30_000)
    expect(page.locator("#training-cancel")).to_be_hidden()
    page.wait_for_timeout(2500)
    asked: list[str] = []
    page.on("request", lambda sent: asked.append(sent.url))
    page.wait_for_timeout(3000)
    assert asked == []
    page.get_by_role("link", name="Embedding").click()
    expect(page.get_by_role("heading", name="This run has no map yet")).to_be_visible()
