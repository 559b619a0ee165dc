"""The Verdict page: an answer without a click, a way on to the next training, and a report that opens offline."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.map_page import legend
from tests.web.tiny_sample import CELLS, TYPES

pytestmark = pytest.mark.browser
# A fresh process loads what draws the figures.
LONG = 120_000


def test_the_answer_stands_there_and_leads_on_to_the_next_training(page: Page):
    page.goto("/verdict?run=sample-tiny")
    answer = page.locator("#verdict-head")
    # ten steps are no training
    expect(answer).to_contain_text("Not yet: the training is not finished.")
    cards = page.locator("#verdict-findings article")
    expect(cards.first).to_contain_text("hardly begun: 10 steps")
    expect(cards.first).to_have_class("card finding finding-bad")
    expect(page.locator("#verdict-picture .composition-row")).to_have_count(1 + len(TYPES))
    picture = page.locator("#verdict-picture img")
    assert picture.evaluate("image => image.naturalWidth") > 0
    expect(page.locator("#verdict-glossary tbody tr").filter(has_text="foscttm")).to_contain_text("0.100")
    # plotly is for pages that need it
    assert page.evaluate("typeof window.Plotly") == "undefined"
    with page.expect_download() as saved:
        page.click("#verdict-json")
    said = json.loads(Path(saved.value.path()).read_text())
    assert said["findings"][0]["topic"] == "training"
    light = picture.get_attribute("src")
    page.get_by_role("button", name="Switch light and dark").click()
    expect(picture).not_to_have_attribute("src", light)
    cards.first.get_by_text("Figures behind it").click()
    expect(cards.first).to_contain_text("loss at the end")

    cards.first.get_by_role("link", name="Set up a training with steps = 200").click()
    expect(page.locator("#training-from")).to_contain_text("Settings from Tiny sample")
    expect(page.locator("#training-from")).to_contain_text("Changed: steps 200")
    expect(page.get_by_label("Training steps", exact=True)).to_have_value("200")
    page.click("#training-reset")
    expect(page.get_by_label("Training steps", exact=True)).to_have_value("")


def test_scores_of_types_and_local_mixing_stand_beside_the_map(page: Page):
    page.goto("/?run=sample-tiny")
    legend(page)
    page.get_by_text("By cell_type").click()
    rows = page.locator(".type-scores tbody tr")
    expect(rows).to_have_count(len(TYPES))
    expect(rows.filter(has_text="Oligo")).to_contain_text("1.00")
    page.get_by_role("link", name="Colour the map by local mixing").click()
    expect(page.locator("#map-caption")).to_contain_text("local_mixing of every cell")
    expect(page.locator("#map-colour")).to_contain_text("local_mixing")
    page.get_by_role("link", name="Did it work? The verdict").click()
    expect(page.locator("#verdict-head")).to_contain_text("Not yet")


def test_a_report_is_made_and_opens_without_a_network(page: Page, browser: Browser):
    page.goto("/verdict?run=sample-tiny")
    page.get_by_role("button", name="Make the report").click()
    link = page.locator("#verdict-report-shown a")
    expect(link).to_be_visible(timeout=LONG)
    with page.expect_download() as saved:
        link.click()
    assert saved.value.suggested_filename.endswith("_report.html")
    kept = Path(saved.value.path()).with_suffix(".html")
    saved.value.save_as(kept)

    context = browser.new_context(offline=True, viewport={"width": 1280, "height": 900})
    alone = context.new_page()
    asked: list[str] = []
    said: list[str] = []
    alone.on("request", lambda request: asked.append(request.url))
    alone.on("console", lambda message: said.append(message.text))
    alone.on("pageerror", lambda error: said.append(str(error)))
    alone.goto(kept.as_uri())
    expect(alone.get_by_role("heading", name="Did it work?")).to_be_visible()
    expect(alone.locator("body")).to_contain_text(f"{2 * CELLS} cells")
    expect(alone.locator("blockquote")).to_contain_text("We integrated 120 cells by RNA and 120 cells by ATAC")
    images = alone.locator("img")
    assert images.count() >= 5
    assert all(images.evaluate_all("found => found.map(image => image.complete && image.naturalWidth > 0)"))
    assert alone.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert [url for url in asked if not url.startswith("data:")] == [kept.as_uri()]
    assert said == []
    context.close()
