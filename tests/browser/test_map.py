from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.web.tiny_sample import CELLS, TYPES

pytestmark = pytest.mark.browser


def legend(page: Page) -> list[str]:
    page.wait_for_selector("#map .legendtext")
    return page.locator("#map .legendtext").all_text_contents()


def choose_colour(page: Page, name: str) -> None:
    page.click("#map-colour")
    # at once and fast, as people do who know what they look for: no letter may be lost while the menu opens
    page.keyboard.type(name, delay=40)
    page.get_by_role("option", name=re.compile(f"^{re.escape(name)} ")).first.click()


def test_the_first_screen_is_a_coloured_labelled_map(page: Page):
    page.goto("/")
    assert legend(page) == list(TYPES)
    for name in TYPES:
        expect(page.locator("#map .annotation-text", has_text=name)).to_have_count(1)
    expect(page.locator("#map-scores")).to_contain_text("FOSCTTM")
    expect(page).to_have_url(re.compile(r"\?run=sample-tiny&colour=obs:cell_type$"))
    drawn = page.evaluate("document.querySelector('#map .js-plotly-plot')._fullData.map(t => [t.type, t.x.length])")
    assert {kind for kind, _ in drawn} == {"scattergl"}
    assert sum(count for _, count in drawn) == 2 * CELLS


def test_a_gene_is_found_by_typing_and_kept_in_the_url(page: Page):
    page.goto("/")
    legend(page)
    choose_colour(page, "Gene7")
    expect(page.locator("#map .cbtitle")).to_contain_text(re.compile("Gene7.*imputed"))
    page.get_by_text("Measured", exact=True).click()
    expect(page.locator("#map .cbtitle")).to_contain_text(re.compile("Gene7.*measured"))
    expect(page.locator("#map-caption")).to_contain_text("Cells of ATAC carry no measurement")
    page.get_by_text("Side by side", exact=True).click()
    expect(page.locator("#map .annotation-text", has_text="RNA · ")).to_have_count(1)
    expect(page).to_have_url(re.compile(r"colour=rna:Gene7&values=measured&panel=split"))
    page.reload()
    expect(page.locator("#map .cbtitle")).to_contain_text(re.compile("Gene7.*measured"))
    expect(page.locator("#map .annotation-text", has_text="ATAC · ")).to_have_count(1)


def test_a_dark_page_stays_dark_and_so_do_its_figures(page: Page):
    page.goto("/")
    legend(page)
    ink = "document.querySelector('#map .js-plotly-plot')._fullLayout.font.color"
    before = page.evaluate(ink)
    page.click("#theme-toggle")
    page.wait_for_function(f"{ink} !== {before!r}")
    page.reload()
    legend(page)
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    assert page.evaluate(ink) != before


def test_figure_and_source_data_can_be_saved(page: Page):
    page.goto("/")
    legend(page)
    for button, suffix in (("#map-svg", "svg"), ("#map-png", "png"), ("#map-csv", "csv")):
        with page.expect_download() as saved:
            page.click(button)
        assert saved.value.suggested_filename == f"map_cell_type.{suffix}"
        assert saved.value.path().stat().st_size > 1000


def test_a_run_that_is_not_there_is_said(page: Page):
    page.goto("/?run=nothing")
    expect(page.get_by_role("alert")).to_contain_text("There is no run 'nothing'")


def test_a_colour_that_is_not_there_is_said_and_another_run_is_shown_in_its_own(page: Page):
    page.goto("/?colour=rna:Nope")
    expect(page.get_by_role("alert")).to_contain_text("nothing called 'Nope'")
    expect(page.locator("#map-colour")).to_contain_text("not in this run")
    choose_colour(page, "leiden")
    assert legend(page) == ["0", "1", "2", "3"]
    expect(page.get_by_role("alert")).to_have_count(0)


def test_the_keyboard_reaches_everything(page: Page):
    page.goto("/")
    legend(page)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip-link"
    reached = set()
    for _ in range(30):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.id || document.activeElement.textContent"))
    assert {"nav-data", "nav-training", "run-picker", "theme-toggle", "map-colour", "map-svg", "map-csv"} <= reached
