"""What a test sees of the map: its legend, its pixels, its counts, and the hands that a person has."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from playwright.sync_api import expect

if TYPE_CHECKING:
    from playwright.sync_api import Page

MAP = "document.getElementById('map')"
# Pixels by colour, light ones and edges left out: points are drawn at nine tenths of their colour.
PAINTED = """() => {
  const { data, width, height } = document.getElementById("map").pixels();
  let painted = 0, u = 0, v = 0;
  for (let i = 0; i < data.length; i += 4) if (data[i + 3] > 40) {
    painted++;
    u += (i / 4) % width;
    v += height - 1 - Math.floor(i / 4 / width);
  }
  return { painted, width, height, u: u / painted, v: v / painted };
}"""
NEAR = """(wanted) => {
  const { data } = document.getElementById("map").pixels();
  let near = 0;
  for (let i = 0; i < data.length; i += 4) {
    const alpha = data[i + 3] / 255;
    if (alpha < 0.8) continue;
    if ([0, 1, 2].every((part) => Math.abs(data[i + part] / alpha - wanted[part]) < 12)) near++;
  }
  return near;
}"""


def legend(page: Page) -> list[str]:
    """Return the names in the legend once the map is there."""
    page.wait_for_selector("#map .cell-map-legend .entry")
    return page.locator("#map .cell-map-legend .entry .name").all_text_contents()


def state(page: Page, what: str) -> Any:
    """Return what the map says of itself, e.g. ``about.cells``."""
    return page.evaluate(f"{MAP}.state().{what}")


def painted(page: Page) -> dict[str, float]:
    """Return how many pixels are painted, and their middle."""
    return page.evaluate(PAINTED)


def near(page: Page, colour: str) -> int:
    """Count the pixels of a colour ("#rrggbb")."""
    return page.evaluate(NEAR, [int(colour[i : i + 2], 16) for i in (1, 3, 5)])


def colours(page: Page) -> dict[str, str]:
    """Return the colour of every group that has cells."""
    groups, found = state(page, "groups"), state(page, "colours")
    return {group["name"]: colour for group, colour in zip(groups, found, strict=True) if group["count"]}


def points(page: Page) -> int:
    """Return the number of cells on the map."""
    return state(page, "about.cells")


def selected(page: Page) -> int:
    """Return the number of cells that are selected on the map."""
    return page.evaluate(f"{MAP}.selection().count")


def canvas_box(page: Page) -> dict[str, float]:
    """Return where the canvas lies on the page."""
    box = page.locator("#map canvas").bounding_box()
    assert box is not None
    return dict(box)


def drag(page: Page, places: list[tuple[float, float]]) -> None:
    """Draw along places, given as shares of the canvas."""
    box = canvas_box(page)
    spots = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in places]
    page.mouse.move(*spots[0])
    page.mouse.down()
    for spot in spots[1:]:
        page.mouse.move(*spot, steps=4)
    page.mouse.up()


def choose_colour(page: Page, name: str) -> None:
    """Choose what the cells are coloured by, as people do who know what they look for."""
    page.click("#map-colour")
    # At once and fast: no letter may be lost while the menu opens.
    page.keyboard.type(name, delay=40)
    page.get_by_role("option", name=re.compile(f"^{re.escape(name)} ")).first.click()


def title(page: Page) -> Any:
    """Return the heading of the legend."""
    return page.locator("#map .legend-title")


def drawn(page: Page) -> None:
    """Wait until the map is there."""
    expect(page.locator("#map .legend-title")).to_be_visible()
