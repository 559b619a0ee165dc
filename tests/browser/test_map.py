"""The Embedding page: what it shows at once, how it is coloured, and what its URL keeps."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.map_page import (
    MAP,
    canvas_box,
    choose_colour,
    colours,
    drawn,
    legend,
    near,
    painted,
    points,
    state,
    title,
)
from tests.web.tiny_sample import CELLS, TYPES

pytestmark = pytest.mark.browser


def test_the_first_screen_is_a_coloured_labelled_map(page: Page):
    page.goto("/")
    assert legend(page) == list(TYPES)
    for name in TYPES:
        expect(page.locator("#map .cell-map-labels span", has_text=name)).to_have_count(1)
    expect(page.locator("#map-scores")).to_contain_text("FOSCTTM")
    expect(page).to_have_url(re.compile(r"\?run=sample-tiny&colour=obs:cell_type$"))
    assert points(page) == 2 * CELLS
    for colour in colours(page).values():
        assert near(page, colour) > 100
    expect(page.locator("#map .cell-map-summary")).to_contain_text("Map of 240 cells in 4 groups of cell_type")


def test_a_gene_is_found_by_typing_and_kept_in_the_url(page: Page):
    page.goto("/")
    legend(page)
    choose_colour(page, "Gene7")
    expect(title(page)).to_contain_text(re.compile("Gene7.*imputed"))
    page.get_by_text("Measured", exact=True).click()
    expect(title(page)).to_contain_text(re.compile("Gene7.*measured"))
    expect(page.locator("#map .legend-none")).to_contain_text(f"no value: {CELLS}")
    assert near(page, "#dde2e8") > 100
    expect(page.locator("#map-caption")).to_contain_text("Cells of ATAC carry no measurement")
    page.get_by_text("Side by side", exact=True).click()
    expect(page.locator("#map .cell-map-titles")).to_contain_text("RNA · 120 cells")
    expect(page).to_have_url(re.compile(r"colour=rna:Gene7&values=measured&panel=split"))
    page.reload()
    expect(title(page)).to_contain_text(re.compile("Gene7.*measured"))
    expect(page.locator("#map .cell-map-titles")).to_contain_text("ATAC · 120 cells")


def test_the_ends_of_the_scale_are_set_and_kept(page: Page):
    page.goto("/?colour=rna:Gene7&values=measured")
    drawn(page)
    before = state(page, "colouring.high")
    page.get_by_label("Highest percentile").fill("60")
    page.get_by_label("Highest percentile").press("Enter")
    page.wait_for_function(f"{MAP}.state().colouring.high < {before}")
    page.get_by_label(re.compile("zeros apart")).check()
    page.wait_for_function(f"{MAP}.state().choice.nonzero === true")
    expect(page).to_have_url(re.compile("high=60&nonzero=1"))
    page.reload()
    drawn(page)
    expect(page.get_by_label("Highest percentile")).to_have_value("60")
    assert state(page, "choice.nonzero") is True


def test_the_colours_of_the_scale_are_chosen_and_remembered(page: Page):
    page.goto("/?colour=rna:Gene7")
    drawn(page)
    colours_of = f"{MAP}.state().ramp.join()"
    before = page.evaluate(colours_of), painted(page), page.evaluate(f"{MAP}.pixels().data.join()")
    page.get_by_label("Colours", exact=True).focus()
    page.get_by_label("Colours", exact=True).select_option("Viridis")
    assert page.evaluate(colours_of) != before[0]
    assert page.evaluate(f"{MAP}.pixels().data.join()") != before[2]
    assert painted(page) == before[1]
    expect(page.locator("#map .legend-bar")).to_have_css("background-image", re.compile(r"rgb\(253, 231, 37\)"))
    expect(page.get_by_label("Colours", exact=True)).to_be_focused()
    page.reload()
    drawn(page)
    expect(page.get_by_label("Colours", exact=True)).to_have_value("viridis")
    with page.expect_download() as saved:
        page.get_by_role("button", name="SVG").click()
    assert "#fde725" in saved.value.path().read_text()


def test_two_genes_are_blended(page: Page):
    page.goto("/?colour=rna:Gene7&with=rna:Gene20")
    expect(page.locator("#map .legend-axes")).to_contain_text("Gene20")
    assert state(page, "colouring.kind") == "blend"
    assert painted(page)["painted"] > 500
    expect(page.locator("#map-with")).to_contain_text("Gene20")


def test_a_pasted_gene_set_colours_the_cells_and_is_found_again(page: Page):
    page.goto("/")
    legend(page)
    page.get_by_text("Colour by a gene set").click()
    page.get_by_role("button", name="Colour by it").click()
    expect(page.locator("#geneset-said")).to_contain_text("The set holds 0 genes")
    page.fill("#geneset-name", "My genes")
    page.fill("#geneset-genes", "Gene1, Gene2\nNope")
    page.get_by_role("button", name="Colour by it").click()
    expect(page.locator("#geneset-said")).to_contain_text("2 found; not in this run: Nope")
    expect(title(page)).to_contain_text("My genes")
    assert painted(page)["painted"] > 500
    page.reload()
    expect(title(page)).to_contain_text("My genes")
    choose_colour(page, "leiden")
    assert legend(page) == ["0", "1", "2", "3"]
    choose_colour(page, "My genes")
    expect(title(page)).to_contain_text("My genes")


def test_rna_atac_and_all_cells_are_one_click(page: Page):
    page.goto("/")
    legend(page)
    alone = painted(page)["painted"]
    page.get_by_text("RNA | ATAC | Joint", exact=True).click()
    expect(page.locator("#map .cell-map-titles > div")).to_have_count(3)
    assert [panel["key"] for panel in state(page, "panels")] == ["rna", "atac", "joint"]
    page.wait_for_function("document.querySelectorAll('#map .cell-map-labels span:not([hidden])').length >= 9")
    assert painted(page)["painted"] != alone
    expect(page).to_have_url(re.compile("panel=all"))


def test_a_dark_page_stays_dark_and_so_does_its_map(page: Page):
    page.goto("/?colour=rna:Gene7")
    drawn(page)
    ends = "getComputedStyle(document.querySelector('#map .legend-bar')).backgroundImage"
    before = page.evaluate(ends)
    page.click("#theme-toggle")
    page.wait_for_function(f"{ends} !== {before!r}")
    page.reload()
    drawn(page)
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    assert page.evaluate(ends) != before
    assert state(page, "theme") == "dark"


def test_figure_and_source_data_can_be_saved(page: Page):
    page.goto("/")
    legend(page)
    begins = {"svg": b"<svg", "png": b"\x89PNG", "csv": b"cell,modality"}
    for button, suffix in (("#map-svg", "svg"), ("#map-png", "png"), ("#map-csv", "csv")):
        with page.expect_download() as saved:
            page.click(button)
        assert saved.value.suggested_filename == f"map_cell_type.{suffix}"
        body = saved.value.path().read_bytes()
        assert body.startswith(begins[suffix])
        assert len(body) > 1000
        if suffix == "svg":
            assert all(f">{name}<".encode() in body for name in TYPES)
    # the screen shows what it showed before
    assert near(page, colours(page)["Astro"]) > 100


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


def test_without_webgl_a_plainer_figure_is_shown_and_said(page: Page):
    page.goto("/?webgl=off")
    page.wait_for_selector("#map-figure .legendtext")
    assert page.locator("#map-figure .legendtext").all_text_contents() == list(TYPES)
    expect(page.locator("#map-caption")).to_contain_text("no WebGL 2: a plainer figure of all 240 cells")
    expect(page.locator("#map")).to_be_hidden()
    with page.expect_download() as saved:
        page.click("#map-svg")
    assert saved.value.suggested_filename == "map_cell_type.svg"


def test_the_page_is_left_and_entered_again(page: Page):
    page.goto("/")
    legend(page)
    page.get_by_role("link", name="Training").click()
    expect(page.locator("#training-check")).to_be_visible()
    page.get_by_role("link", name="Embedding").click()
    assert legend(page) == list(TYPES)
    assert near(page, colours(page)["Astro"]) > 100


def test_a_lost_context_is_made_anew(page: Page):
    page.goto("/")
    legend(page)
    before = near(page, colours(page)["Astro"])
    page.evaluate(f"window.lost = {MAP}.cellMap.gl.getExtension('WEBGL_lose_context'); window.lost.loseContext()")
    page.wait_for_timeout(200)
    page.evaluate("window.lost.restoreContext()")
    page.wait_for_function(f"!{MAP}.cellMap.gl.isContextLost()")
    page.wait_for_timeout(100)
    assert near(page, colours(page)["Astro"]) == before


def test_a_sharp_screen_gets_a_sharp_map(browser: Browser, address: str):
    context = browser.new_context(base_url=address, viewport={"width": 1280, "height": 900}, device_scale_factor=2)
    page = context.new_page()
    page.goto("/")
    legend(page)
    box, size = canvas_box(page), painted(page)
    assert (size["width"], size["height"]) == pytest.approx((2 * box["width"], 2 * box["height"]), abs=2)
    for colour in colours(page).values():
        assert near(page, colour) > 400
    context.close()


def test_the_map_follows_the_size_of_its_room(page: Page):
    page.goto("/")
    legend(page)
    before = painted(page)
    page.set_viewport_size({"width": 1700, "height": 1000})
    page.wait_for_function(f"{MAP}.pixels().width > {before['width'] + 200}")
    after = painted(page)
    assert after["painted"] > before["painted"]
    assert abs(after["u"] / after["width"] - before["u"] / before["width"]) < 0.06
