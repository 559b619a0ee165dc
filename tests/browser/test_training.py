"""The main job, end to end: open the sample, train on it, watch the losses, look at the map; and what stops it."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

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
    page.wait_for_selector("#map .legendtext")
    assert page.locator("#map .legendtext").all_text_contents() == list(TYPES)
    expect(page.locator("#map-scores")).to_contain_text("FOSCTTM")


def test_a_second_training_waits_in_line_and_both_can_be_cancelled(page: Page):
    open_sample(page)
    start(page, "1,000,000", name="endless")
    expect(page.locator("#training-live")).to_contain_text("of 1,000,000", timeout=TRAINING)
    endless = page.url
    expect(page.locator("#training-check")).to_contain_text("in line")
    start(page, "40", name="patient")
    state(page, "Waiting")
    expect(page.locator("#training-watch")).to_contain_text("Waiting: 1st of 1 in line, its turn in")
    expect(page.locator("#training-history tbody tr.current")).to_contain_text("1st of 1 in line")
    page.get_by_role("button", name="Cancel training").click()
    state(page, "Cancelled")
    expect(page.locator("#training-ended")).to_contain_text("Cancelled before it began")
    expect(page.locator("#training-resume")).to_have_text("Start again")
    page.goto(endless)
    state(page, "Running")
    page.get_by_role("button", name="Cancel training").click()
    state(page, "Cancelled", timeout=30_000)
    expect(page.locator("#training-cancel")).to_be_hidden()
    page.wait_for_timeout(2500)
    asked: list[str] = []
    page.on("request", lambda sent: asked.append(sent.url))
    page.wait_for_timeout(3000)
    assert asked == []
    page.get_by_role("link", name="Embedding").click()
    expect(page.get_by_role("heading", name="This run has no map yet")).to_be_visible()


def test_a_cancelled_training_goes_on_and_another_one_is_tried_from_it(page: Page):
    open_sample(page)
    start(page, "2,000", name="in two parts")
    expect(page.locator("#training-live")).to_contain_text("of 2,000", timeout=TRAINING)
    page.wait_for_timeout(1500)
    page.get_by_role("button", name="Cancel training").click()
    state(page, "Cancelled", timeout=30_000)
    expect(page.locator("#training-resume")).to_contain_text("Go on from step")
    # Other settings, from those of this run.
    setting(page, "steps").fill("7")
    page.get_by_role("button", name="Change settings and try again").click()
    expect(page.locator("#training-from")).to_contain_text("Settings from in two parts")
    expect(setting(page, "steps")).to_have_value("2000")
    expect(setting(page, "features_per_step")).to_have_value("64")
    expect(page.locator("#training-name")).to_be_focused()
    page.fill("#training-name", "tried again")
    setting(page, "steps").fill("30")
    page.click("#training-start")
    expect(page.locator("#training-title")).to_have_text("tried again")
    state(page, "Done", timeout=TRAINING)
    expect(page.locator("#training-live")).to_contain_text("30 of 30")
    page.get_by_role("button", name="Reset").click()
    expect(page.locator("#training-from")).to_be_hidden()
    expect(setting(page, "steps")).to_have_value("")
    # The first one goes on to its end.
    page.locator("#training-history tbody tr", has_text="in two parts").get_by_role("link", name="Details").click()
    page.locator("#training-resume").click()
    state(page, "Done", timeout=TRAINING)
    expect(page.locator("#training-live")).to_contain_text("2,000 of 2,000")


def test_a_finished_training_is_extended_by_a_new_run(page: Page):
    open_sample(page)
    page.get_by_role("button", name="Train further").click()
    # The bundled one keeps no checkpoint.
    expect(page.locator("#training-message").get_by_role("alert")).to_contain_text("train it anew first")
    start(page, "40", name="short")
    state(page, "Done", timeout=TRAINING)
    page.locator("#training-further").click()
    expect(page.locator("#training-more")).to_have_value("20")
    page.fill("#training-more", "25")
    page.press("#training-more", "Enter")
    expect(page.locator("#training-history tbody tr.current")).to_contain_text("extends short")
    state(page, "Done", timeout=TRAINING)
    expect(page.locator("#training-live")).to_contain_text("65 of 65")
    expect(page.locator("#training-history tbody tr", has_text="short")).to_have_count(2)
