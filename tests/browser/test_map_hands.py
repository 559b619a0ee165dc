"""Hands on the map: pointer, legend and keyboard, by what can be seen of them."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.map_page import MAP, canvas_box, colours, drag, legend, near, painted, selected, state
from tests.web.tiny_sample import CELLS, TYPES

pytestmark = pytest.mark.browser

WHOLE = [(0.01, 0.01), (0.99, 0.01), (0.99, 0.99), (0.01, 0.99)]
OF_A_TYPE = 2 * CELLS // len(TYPES)
# A cell's place on the page: the first one of a type that stands apart from all other types.
CELL = """(code) => {
  const map = document.getElementById("map");
  const { codes, places, camera, layout } = map.state();
  const row = codes.indexOf(code);
  const [x, y] = camera.fromSheet(places[2 * row], places[2 * row + 1]);
  const box = map.querySelector("canvas").getBoundingClientRect();
  return [box.left + layout.panels[0].x + x, box.top + layout.panels[0].y + y, row];
}"""


@pytest.fixture
def shown(page: Page) -> Page:
    page.goto("/")
    legend(page)
    return page


def tool(page: Page, name: str) -> None:
    page.locator(f"#map [data-tool={name}]").click()
    expect(page.locator(f"#map [data-tool={name}]")).to_have_attribute("aria-pressed", "true")


def test_a_drag_moves_the_map_and_a_double_click_brings_it_back(shown: Page):
    before, (x, y, _) = painted(shown), shown.evaluate(CELL, 1)
    box = canvas_box(shown)
    drag(shown, [(0.5, 0.3), (0.6, 0.35)])
    assert shown.evaluate(CELL, 1)[:2] == pytest.approx([x + 0.1 * box["width"], y + 0.05 * box["height"]], abs=1)
    assert painted(shown) != before
    shown.mouse.dblclick(box["x"] + 5, box["y"] + 5)
    assert painted(shown) == before


def test_the_wheel_zooms_to_the_pointer(shown: Page):
    x, y, row = shown.evaluate(CELL, 1)
    shown.mouse.move(x, y)
    shown.mouse.wheel(0, -400)
    shown.wait_for_function(f"{MAP}.state().camera.zoom > 1.5")
    there = shown.evaluate(CELL, 1)
    assert there == [pytest.approx(x, abs=1), pytest.approx(y, abs=1), row]


def test_two_fingers_zoom_and_move(shown: Page):
    fingers = shown.context.new_cdp_session(shown)
    box = canvas_box(shown)
    middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2

    def touch(kind: str, *apart: float) -> None:
        points = [{"x": middle[0] + far, "y": middle[1], "id": number} for number, far in enumerate(apart)]
        fingers.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    touch("touchStart", -40)
    touch("touchStart", -40, 40)
    for far in range(50, 121, 10):
        touch("touchMove", -far, far)
    touch("touchEnd")
    assert state(shown, "camera.zoom") == pytest.approx(3, rel=0.05)
    assert selected(shown) == 0


def test_buttons_zoom_and_show_all(shown: Page):
    before = painted(shown)["painted"]
    shown.get_by_role("button", name="Zoom out").click()
    shown.get_by_role("button", name="Zoom out").click()
    assert painted(shown)["painted"] < before
    shown.get_by_role("button", name="Show all").click()
    assert painted(shown)["painted"] == before
    assert state(shown, "camera.zoom") == 1


def test_a_group_is_hidden_seen_alone_and_back(shown: Page):
    found = colours(shown)
    entry = shown.locator("#map .entry", has_text="Astro")
    entry.click()
    expect(entry).to_have_attribute("aria-pressed", "false")
    assert near(shown, found["Astro"]) == 0
    assert near(shown, found["Endo"]) > 100
    expect(shown.locator("#map .cell-map-labels span:not([hidden])", has_text="Astro")).to_have_count(0)
    entry.click()
    assert near(shown, found["Astro"]) > 100
    entry.dblclick()
    assert [name for name in TYPES if near(shown, found[name])] == ["Astro"]
    shown.get_by_role("button", name="Show all").last.click()
    assert all(near(shown, found[name]) for name in TYPES)
    entry.focus()
    shown.keyboard.press("Shift+Enter")
    assert [name for name in TYPES if near(shown, found[name])] == ["Astro"]


def test_a_colour_is_changed_and_remembered(shown: Page):
    swatch = shown.get_by_label("Colour of Endo")
    swatch.evaluate("(input) => { input.value = '#123456'; input.dispatchEvent(new Event('input', {bubbles: true})); }")
    assert near(shown, "#123456") > 100
    shown.reload()
    legend(shown)
    assert colours(shown)["Endo"] == "#123456"
    assert near(shown, "#123456") > 100
    shown.get_by_role("button", name="Reset colours").click()
    assert near(shown, "#123456") == 0


def test_a_lasso_selects_adds_and_takes_away(shown: Page):
    said = shown.locator("#map .cell-map-selected")
    tool(shown, "lasso")
    drag(shown, WHOLE)
    assert selected(shown) == 2 * CELLS
    expect(said).to_contain_text("240 of 240 cells selected")
    shown.keyboard.press("Escape")
    assert selected(shown) == 0
    expect(said).to_be_hidden()
    # What is hidden is not selected.
    shown.locator("#map .entry", has_text="Astro").click()
    drag(shown, WHOLE)
    assert selected(shown) == 2 * CELLS - OF_A_TYPE
    shown.locator("#map .entry", has_text="Astro").click()
    found = colours(shown)
    # What is not selected is dimmed.
    assert near(shown, found["Astro"]) == 0
    assert near(shown, found["Endo"]) > 100
    shown.keyboard.down("Shift")
    drag(shown, WHOLE)
    shown.keyboard.up("Shift")
    assert selected(shown) == 2 * CELLS
    shown.keyboard.down("Alt")
    drag(shown, [(0.01, 0.01), (0.5, 0.01), (0.5, 0.99), (0.01, 0.99)])
    shown.keyboard.up("Alt")
    assert 0 < selected(shown) < 2 * CELLS


def test_a_box_selects_what_lies_in_it_and_only_in_its_panel(shown: Page):
    shown.get_by_text("Side by side", exact=True).click()
    expect(shown.locator("#map .cell-map-titles > div")).to_have_count(2)
    tool(shown, "box")
    drag(shown, [(0.01, 0.06), (0.49, 0.99)])
    assert selected(shown) == CELLS
    bits = shown.evaluate(f"Array.from({MAP}.selection().bits)")
    rows = [row for row in range(2 * CELLS) if bits[row // 8] >> (row % 8) & 1]
    assert rows == list(range(CELLS))


def test_a_click_selects_a_cell_and_the_pointer_tells_what_it_is(shown: Page):
    x, y, row = shown.evaluate(CELL, 1)
    shown.mouse.move(x + 1, y)
    note = shown.locator("#map .cell-map-note")
    expect(note).to_contain_text("Endo")
    expect(note).to_contain_text(re.compile(r"cell\d+ · (RNA|ATAC)"))
    shown.mouse.click(x, y)
    assert selected(shown) == 1
    assert shown.evaluate(f"{MAP}.selection().bits[{row} >> 3]") == 1 << (row % 8)
    shown.mouse.move(canvas_box(shown)["x"] + 2, canvas_box(shown)["y"] + 2)
    expect(note).to_be_hidden()


def test_a_page_can_select_and_hear_of_selections(shown: Page):
    shown.evaluate(
        "window.heard = []; document.addEventListener('map:select', ({ detail }) => window.heard.push(detail.how))"
    )
    shown.evaluate(f"{MAP}.select(new Uint8Array(30).fill(1))")
    assert selected(shown) == 30
    assert shown.evaluate("window.heard") == []
    tool(shown, "box")
    drag(shown, [(0.01, 0.01), (0.99, 0.99)])
    assert shown.evaluate("window.heard") == ["box"]


def test_the_keyboard_does_everything(shown: Page):
    canvas = shown.locator("#map canvas")
    canvas.focus()
    before, (x, y, _) = painted(shown), shown.evaluate(CELL, 1)
    shown.keyboard.press("ArrowLeft")
    assert shown.evaluate(CELL, 1)[:2] == pytest.approx([x + 48, y], abs=1)
    assert painted(shown) != before
    shown.keyboard.press("+")
    assert state(shown, "camera.zoom") > 1.2
    shown.keyboard.press("0")
    assert painted(shown) == before
    for key, name in (("l", "lasso"), ("b", "box"), ("v", "pan")):
        shown.keyboard.press(key)
        expect(shown.locator(f"#map [data-tool={name}]")).to_have_attribute("aria-pressed", "true")
    live = shown.locator("#map .cell-map-live")
    shown.keyboard.press("n")
    expect(live).to_have_text("Astro, 60 cells, 1 of 4.")
    shown.keyboard.press("n")
    expect(live).to_have_text("Endo, 60 cells, 2 of 4.")
    found = colours(shown)
    assert near(shown, found["Endo"]) > 100
    assert near(shown, found["Astro"]) == 0
    shown.keyboard.press("Enter")
    assert selected(shown) == OF_A_TYPE
    expect(live).to_have_text("60 cells selected.")
    shown.keyboard.press("Escape")
    assert selected(shown) == 0
    assert near(shown, found["Astro"]) > 100
    expect(canvas).to_be_focused()
    shown.keyboard.press("?")
    card = shown.get_by_role("dialog", name="Hands and keys on the map")
    expect(card).to_contain_text("walk over the groups")
    shown.keyboard.press("Escape")
    expect(card).to_be_hidden()
    expect(canvas).to_be_focused()


def test_the_keyboard_reaches_everything(shown: Page):
    shown.keyboard.press("Tab")
    assert shown.evaluate("document.activeElement.className") == "skip-link"
    reached = set()
    for _ in range(45):
        shown.keyboard.press("Tab")
        reached.add(
            shown.evaluate(
                "(({ id, dataset, className, textContent }) => id || dataset.tool || className || textContent)"
                "(document.activeElement)"
            )
        )
    page_parts = {"nav-data", "nav-training", "run-picker", "theme-toggle", "map-colour", "map-svg", "map-csv"}
    assert page_parts | {"cell-map-canvas", "lasso", "box", "in", "entry"} <= reached
