"""The map's modules against numpy: cells inside a lasso, drawing order, nearest cell, medians, and the palette."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pytest

from monae_app.engine.analysis.palette import PALETTE
from monae_app.web.figures.style import DARK, LIGHT, PROJECTOR, group_colour

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser

N = 3000


@pytest.fixture
def modules(page: Page) -> Page:
    page.goto("/api/health")
    names = ["lasso", "order", "picking", "labels", "palettes", "panels", "points", "ramps"]
    load = (
        "async (names) => { for (const name of names) window[name] = await import(`/assets/embedding/${name}.mjs`); }"
    )
    page.evaluate(load, names)
    return page


@pytest.fixture
def sheet() -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(0)
    return generator.integers(0, 65536, (N, 2)), generator.integers(0, 5, N)


def winding(polygon: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Sum the angles under which each place sees the polygon's edges, in turns: (N,)."""
    apart = polygon[None] - places[:, None]
    angle = np.arctan2(apart[..., 1], apart[..., 0])
    turned = np.diff(np.concatenate([angle, angle[:, :1]], axis=1), axis=1)
    return np.rint(((turned + np.pi) % (2 * np.pi) - np.pi).sum(axis=1) / (2 * np.pi)).astype(int)


@pytest.mark.parametrize("kind", ["circle", "thin", "crossing", "random"])
def test_a_lasso_holds_what_it_winds_around(modules, sheet, kind):
    places, codes = sheet
    turn = np.linspace(0, 2 * np.pi, 90, endpoint=False)
    circle = 30000.5 + 20000.25 * np.stack([np.cos(turn), np.sin(turn)], axis=1)
    polygon = {
        "circle": circle,
        "thin": np.array([[100.5, 200.5], [65000.25, 65100.5], [65100.5, 65000.25], [300.5, 150.25]]),
        "crossing": np.concatenate([circle, circle[:, ::-1] * 0.7]),
        "random": np.random.default_rng(3).uniform(0, 65535, (12, 2)),
    }[kind]
    found = modules.evaluate(
        """([polygon, places, codes]) => {
          const visible = new Uint8Array(256).fill(1);
          visible[2] = 0;
          const rows = { first: 500, count: 2000 };
          const sheet = Uint16Array.from(places);
          const { bits, count } = lasso.cellsInside(polygon, sheet, rows, Uint8Array.from(codes), visible);
          return [Array.from(bits), count];
        }""",
        [polygon.tolist(), places.ravel().tolist(), codes.tolist()],
    )
    chosen = np.unpackbits(np.array(found[0], np.uint8), bitorder="little")[:N].astype(bool)
    wanted = (winding(polygon, places) != 0) & (codes != 2)
    wanted[:500] = wanted[2500:] = False
    assert (chosen == wanted).all()
    assert found[1] == wanted.sum() > 0


@pytest.mark.parametrize("kind", ["groups", "values"])
def test_every_cell_is_drawn_once_and_the_important_ones_last(modules, sheet, kind):
    codes = np.where(np.arange(N) % 7 == 0, 255, sheet[1] * 40)
    marks = (np.arange(N) % 11 == 0).astype(int)
    order = np.array(
        modules.evaluate(
            """([codes, marks, kind]) => {
              const given = [Uint8Array.from(codes), Uint8Array.from(marks)];
              return Array.from(order.drawingOrder(...given, kind, 100, 2500));
            }""",
            [codes.tolist(), marks.tolist(), kind],
        )
    )
    assert sorted(order) == list(range(100, 2600))
    assert (np.diff(marks[order]) >= 0).all()
    for mark in (0, 1):
        drawn = codes[order][marks[order] == mark].astype(int)
        assert (np.diff((drawn != 255).astype(int)) >= 0).all()
        known = drawn[drawn != 255]
        if kind == "values":
            assert (np.diff(known) >= 0).all()
        else:
            # In turns: every stretch holds every group.
            assert all(len(np.unique(part)) == 5 for part in np.array_split(known, 8 if mark == 0 else 2))


def test_the_nearest_cell_is_found(modules, sheet):
    places, codes = sheet
    asked = np.random.default_rng(1).uniform(0, 65535, (40, 2))
    found = modules.evaluate(
        """([places, codes, asked]) => {
          const grid = new picking.Grid(Uint16Array.from(places));
          return asked.map(([u, v]) => grid.nearest(u, v, [100, 50], 12, (row) => codes[row] !== 2));
        }""",
        [places.ravel().tolist(), codes.tolist(), asked.tolist()],
    )
    for (u, v), row in zip(asked, found, strict=True):
        far = np.hypot((places[:, 0] - u) / 100, (places[:, 1] - v) / 50)
        far[codes == 2] = np.inf
        assert row == (far.argmin() if far.min() <= 12 else -1)
    assert sum(row >= 0 for row in found) > 10


def test_labels_stand_at_medians_and_never_over_each_other(modules, sheet):
    places, codes = sheet
    found = modules.evaluate(
        """([places, codes]) => {
          const rows = { first: 0, count: codes.length };
          return labels.medians(Uint16Array.from(places), Uint8Array.from(codes), rows, 5, [0, 40000, 0, 65535]);
        }""",
        [places.ravel().tolist(), codes.tolist()],
    )
    assert [each["count"] for each in found] == sorted((each["count"] for each in found), reverse=True)
    for each in found:
        seen = places[(codes == each["code"]) & (places[:, 0] <= 40000)]
        assert len(seen) == each["count"]
        assert [each["u"], each["v"]] == pytest.approx(np.median(seen, axis=0), abs=200)
    wanted = [{"x": 50 + 3 * i, "y": 100, "width": 60} for i in range(20)]
    placed = modules.evaluate("(wanted) => labels.placed(wanted, 400, 300)", wanted)
    assert 3 <= len(placed) < 20
    boxes = [(each["x"], each["y"], each["half"]) for each in placed]
    for i, (x, y, half) in enumerate(boxes):
        for other in boxes[:i]:
            assert abs(other[0] - x) >= other[2] + half or abs(other[1] - y) >= 17


def _bytes(colours: list[str]) -> np.ndarray:
    return np.array([[int(colour[i : i + 2], 16) for i in (1, 3, 5)] for colour in colours])


def test_colours_are_those_of_every_other_figure(modules):
    assert modules.evaluate("palettes.GROUPS") == list(PALETTE)
    for theme, look in (("light", LIGHT), ("dark", DARK), ("projector", PROJECTOR)):
        ours = [group_colour(index, look) for index in range(60)]
        theirs = modules.evaluate(
            "(theme) => Array.from({ length: 60 }, (_, i) => palettes.groupColour(i, theme))", theme
        )
        # Halves are rounded differently.
        assert np.abs(_bytes(theirs) - _bytes(ours)).max() <= 1
        said = modules.evaluate("(theme) => palettes.LOOKS[theme]", theme)
        assert [said[name] for name in ("ink", "muted", "surface", "missing")] == [
            look.ink, look.muted, look.surface, look.missing,
        ]  # fmt: skip
        assert said["ramp"] == list(look.ramp)


@pytest.mark.parametrize("theme", ["light", "dark", "projector"])
def test_every_scale_is_told_by_lightness_alone(modules, theme):
    found = modules.evaluate("(theme) => Object.keys(ramps.RAMPS).map((name) => ramps.rampOf(name, theme))", theme)
    assert len(found) >= 5
    for ramp in found:
        steps = modules.evaluate("(ramp) => Array.from({ length: 65 }, (_, i) => palettes.along(ramp, i / 64))", ramp)
        linear = (_bytes(steps) / 255) ** 2.2
        light = np.cbrt(linear @ [0.2126, 0.7152, 0.0722])
        changes = np.diff(light)
        assert (changes > 0).all() or (changes < 0).all()
        assert abs(light[-1] - light[0]) > 0.35


def test_a_hidden_group_is_one_texel(modules):
    texels = modules.evaluate(
        """() => Array.from(palettes.texels({ kind: "groups" }, "light", ["#010203", "#040506"], new Set([1])))"""
    )
    assert texels[:8] == [1, 2, 3, 255, 4, 5, 6, 0]
    assert len(texels) == 4 * 256


def test_points_shrink_and_fade_with_their_number(modules):
    sizes = [
        modules.evaluate("(n) => points.density(800 * 600, n, 1)", n) for n in (100, 10_000, 1_000_000, 10_000_000)
    ]
    assert all(a["size"] >= b["size"] for a, b in pairwise(sizes))
    assert sizes[0]["opacity"] == 0.9 > sizes[-1]["opacity"]
    zoomed = modules.evaluate("points.density(800 * 600, 1_000_000, 20)")
    assert zoomed["size"] > sizes[2]["size"]


@pytest.mark.parametrize(("width", "height", "columns"), [(1000, 400, 3), (300, 900, 1)])
def test_panels_fit_their_room(modules, width, height, columns):
    found = modules.evaluate(
        """([width, height]) => {
          const modalities = [{ key: "rna", first: 0, count: 4 }, { key: "atac", first: 4, count: 6 }];
          return panels.laidOut(panels.panelsOf("all", { cells: 10, modalities }), width, height);
        }""",
        [width, height],
    )
    assert [panel["key"] for panel in found["panels"]] == ["rna", "atac", "joint"]
    assert len({panel["x"] for panel in found["panels"]}) == columns
    for panel in found["panels"]:
        assert 0 <= panel["x"] <= width - found["width"]
        assert 0 <= panel["y"] <= height - found["height"]
