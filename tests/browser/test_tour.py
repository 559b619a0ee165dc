"""The tour from start to end, what a demo shows first, the theme for projectors, and starting over."""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Browser, Page, expect

from monae_app.web.app import create_app
from monae_app.web.settings import Settings
from tests.browser.conftest import open_page, served
from tests.browser.map_page import MAP, drawn, painted

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Route

pytestmark = pytest.mark.browser

SAMPLE = "run=sample-tiny"
# Where each step leads, what it is called, and what it tells of.
STEPS = [
    ("/", "One map of all cells", "#map"),
    ("/", "Do the two kinds of cells mix?", "#map"),
    ("/", "One gene in every cell", ".map-card"),
    ("/", "Choose cells", "#selection-panel"),
    ("/", "Scores beside the map", "#map-scores"),
    ("/verdict", "Did it work?", "#verdict-head"),
    ("/differential", "What tells cells apart", ".differential-pair"),
    ("/labels", "What are these cells?", "#labels-tiles"),
    ("/data", "Your own files", "#data-doors .card"),
    ("/training", "Train, and take it home", "#training-form .start-bar"),
]
# What sticks out of the page to the right, and is not cut off or scrolled by what it lies in.
WIDER = """() => document.documentElement.scrollWidth <= innerWidth ? [] : [...document.querySelectorAll("body *")]
  .filter((each) => each.getBoundingClientRect().right > innerWidth + 1)
  .map((each) => `${each.tagName} ${each.id} ${each.className} ${each.getBoundingClientRect().right}`)"""
# A comparison is made in a process of its own.
LONG = 120_000


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory, folders: dict[str, Path]) -> Path:
    """A store with a finished run of one's own, newer than the bundled one."""
    store = tmp_path_factory.mktemp("tour")
    shutil.copytree(folders["samples"] / "tiny" / "run", store / "users" / "local" / "runs" / "mine")
    return store


@pytest.fixture(scope="module")
def demo(store: Path, folders: dict[str, Path]) -> Iterator[str]:
    app = create_app(Settings(store=store, demo="first"), folders["samples"])
    with served(app) as address:
        yield address


@pytest.fixture
def page(browser: Browser, demo: str) -> Iterator[Page]:
    """Open the demo without a network."""
    for page in open_page(browser, demo):
        page.set_viewport_size({"width": 1280, "height": 720})
        page.route(lambda url: not url.startswith((demo, "data:", "blob:")), lambda route: route.abort())
        yield page


def at_step(page: Page, number: int) -> None:
    """See that a step is told, beside what it tells of, and that this is in sight."""
    path, title, element = STEPS[number - 1]
    bubble = page.locator(f".tour-bubble[data-step='{number}']")
    expect(bubble.locator(".driver-popover-title")).to_have_text(title)
    expect(bubble).to_contain_text(f"{number} of 10")
    expect(page).to_have_url(re.compile(rf"//[^/]+{path}\?.*{SAMPLE}"))
    framed = page.locator(element).and_(page.locator(".driver-active-element"))
    expect(framed).to_be_in_viewport(timeout=LONG)
    expect(bubble).to_be_in_viewport(ratio=0.95)
    assert len(bubble.locator(".driver-popover-description").inner_text().split()) <= 45
    expect(bubble.get_by_role("button", name=re.compile("Next|Finish"))).to_be_focused()
    # figures fit themselves into their place a moment after they are drawn
    page.wait_for_function("document.documentElement.scrollWidth <= 1280")


def tour_button(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def begin(page: Page) -> None:
    """Begin on another page and another run, and go to the fourth step by keys, buttons and the browser's own."""
    page.goto("/verdict?run=mine")
    expect(page.locator("#run-picker")).to_contain_text("mine")
    expect(page.locator("#verdict-head h2")).to_be_visible()
    tour_button(page, "Tour of the app")
    at_step(page, 1)
    bubble = page.get_by_role("dialog")
    expect(bubble).to_contain_text("Tiny sample: every point is a cell, measured for RNA and ATAC.")
    expect(bubble.get_by_role("button", name="Back")).to_have_count(0)
    page.keyboard.press("ArrowRight")
    at_step(page, 2)
    expect(page.locator("#map .legend-title")).to_have_text("modality")
    page.keyboard.press("ArrowRight")
    at_step(page, 3)
    expect(bubble).to_contain_text("Gene0 side by side")
    page.wait_for_function(f"{MAP}.state?.().colouring?.key === 'rna:Gene0' && {MAP}.state().panels.length === 2")
    page.go_back()
    at_step(page, 2)
    page.keyboard.press("ArrowRight")
    at_step(page, 3)
    bubble.get_by_role("button", name="Next").click()


def test_the_tour_goes_through_the_bundled_run_and_back_to_ones_own(page: Page):
    begin(page)
    at_step(page, 4)
    bubble = page.get_by_role("dialog")
    expect(bubble).to_contain_text("The tour chose the largest group, Astro, 60 cells.")
    page.wait_for_function(f"{MAP}.selection?.().count === 60")
    # nothing behind the bubble can be reached by the keyboard
    for _ in range(4):
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.closest('.tour-bubble') !== null")
    # a reload goes on, and what was chosen is let go with the step
    page.reload()
    at_step(page, 4)
    expect(bubble).to_contain_text("Astro, 60 cells")
    page.keyboard.press("ArrowRight")
    at_step(page, 5)
    page.wait_for_function(f"{MAP}.selection?.().count === 0")
    page.keyboard.press("ArrowRight")
    at_step(page, 6)
    headline = page.locator("#verdict-head h2").inner_text()
    expect(bubble).to_contain_text(f"Here: “{headline}”")
    for number in (7, 8, 9):
        page.keyboard.press("ArrowRight")
        at_step(page, number)
    # whoever leaves stays on the page, with the run of their own, and can go on
    page.keyboard.press("Escape")
    expect(bubble).to_have_count(0)
    expect(page).to_have_url(re.compile(r"/data\?run=mine"))
    expect(page.locator("#run-picker")).to_contain_text("mine")
    tour_button(page, "Go on with the tour")
    at_step(page, 9)
    page.keyboard.press("ArrowRight")
    at_step(page, 10)
    bubble.get_by_role("button", name="Finish").click()
    expect(bubble).to_have_count(0)
    expect(page).to_have_url(re.compile(r"/data\?run=mine"))
    expect(page.get_by_role("button", name="Tour of the app", exact=True)).to_be_focused()
    assert page.locator(".driver-overlay, .driver-active").count() == 0


def hurried(route: Route) -> None:
    answer = route.fetch()
    assert "10_000" in answer.text()
    route.fulfill(response=answer, body=answer.text().replace("10_000", "700"))


def test_what_is_missing_is_said_and_colours_are_put_back(page: Page):
    page.route("**/tour/tour.mjs", hurried)
    page.goto("/?tour=1&run=sample-tiny&colour=atac:chr1:100000-100500")
    page.add_style_tag(content="#map-scores { display: none }")
    at_step(page, 1)
    for number in (2, 3, 4):
        page.keyboard.press("ArrowRight")
        at_step(page, number)
    page.keyboard.press("ArrowRight")
    bubble = page.get_by_role("dialog")
    expect(bubble).to_contain_text("Scores beside the map")
    expect(bubble.get_by_role("status")).to_have_text(re.compile("has not appeared"))
    page.keyboard.press("ArrowRight")
    at_step(page, 6)
    # back before the tour began: it is left, and nothing stays over the page
    page.keyboard.press("ArrowLeft")
    expect(bubble).to_contain_text("5 of 10")
    bubble.get_by_role("button", name="Leave the tour").click()
    expect(bubble).to_have_count(0)
    expect(page).to_have_url(re.compile(r"/\?run=sample-tiny&colour=atac:chr1:100000-100500$"))
    expect(page.locator("#map .legend-title")).to_contain_text("chr1:100000-100500")
    page.wait_for_function(f"{MAP}.selection?.().count === 0")


def on_a_projector(page: Page) -> None:
    """Choose the theme, and see that letters, points and labels have grown."""
    drawn(page)
    before = painted(page)["painted"]
    desk = page.evaluate("parseFloat(getComputedStyle(document.body).fontSize)")
    page.get_by_label("Settings", exact=True).click()
    page.get_by_text("Projector", exact=True).click()
    page.keyboard.press("Escape")
    expect(page.locator("html")).to_have_attribute("data-theme", "projector")
    assert 1.25 <= page.evaluate("parseFloat(getComputedStyle(document.body).fontSize)") / desk <= 1.4
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    page.wait_for_function("document.getElementById('map')?.state?.().theme === 'projector'")
    page.wait_for_function("document.getElementById('map').pixels().data.length > 0")
    assert painted(page)["painted"] > 1.3 * before
    label = page.locator("#map .cell-map-labels span").first
    assert label.evaluate("(span) => parseFloat(getComputedStyle(span).fontSize)") >= 16


def test_a_demo_shows_itself_on_a_projector_and_starts_over(page: Page, store: Path):
    # what the browser kept of an app that was no demo is out of the way, and comes back with it
    page.goto("/api/health")
    page.evaluate("localStorage.setItem('map-scale', 'viridis')")
    page.goto("/?run=mine")
    assert page.evaluate("localStorage.getItem('map-scale')") is None
    hint = page.locator(".tour-hint")
    expect(hint).to_contain_text("ten steps")
    hint.get_by_role("button", name="Not now").click()
    on_a_projector(page)
    # it stays, on every page, and nothing is wider than the screen
    page.reload()
    for name in ("Data", "Guidance", "Training", "Verdict", "Labels", "Differential"):
        page.get_by_role("link", name=name, exact=True).click()
        expect(page.locator(f".nav-link.active:text-is('{name}')")).to_be_visible()
        expect(page.locator("#_pages_content .card").first).to_be_visible()
        assert page.evaluate("document.documentElement.dataset.theme") == "projector"
        assert page.evaluate(WIDER) == [], name
    toggle = page.locator("#theme-toggle").bounding_box()
    assert toggle
    assert toggle["x"] + toggle["width"] <= 1280
    page.click("#run-picker")
    expect(page.get_by_role("option", name="Tiny sample")).to_be_in_viewport()
    page.keyboard.press("Escape")
    # starting over asks, then forgets: runs on the server, and what the browser kept
    page.get_by_label("Settings", exact=True).click()
    page.get_by_role("button", name="Start over", exact=True).click()
    page.get_by_role("button", name="Leave it").click()
    assert (store / "users" / "local" / "runs" / "mine").is_dir()
    page.get_by_role("button", name="Start over", exact=True).click()
    page.get_by_role("button", name="Remove it and start over").click()
    expect(hint).to_be_visible()
    expect(page.locator("#run-picker")).to_contain_text("Tiny sample")
    expect(page.locator("html")).to_have_attribute("data-theme", "light")
    assert not (store / "users" / "local" / "runs" / "mine").exists()
    assert page.evaluate("sessionStorage.getItem('monae-tour')") is None
    page.route("**/data", no_demo)
    page.goto("/data")
    assert page.evaluate("localStorage.getItem('map-scale')") == "viridis"
    assert page.evaluate("localStorage.getItem('monae-demo')") is None


def no_demo(route: Route) -> None:
    answer = route.fetch()
    route.fulfill(response=answer, body=re.sub(r'const demo = "\w+"', 'const demo = ""', answer.text()))
