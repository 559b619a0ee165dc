"""Sets of cells in the browser: the algebra agrees with numpy's, text round-trips, the crossfilter counts right."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import numpy as np
import pytest

from monae_app.jobs import bitsets

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser

# Around whole bytes, whole words, and in between.
SIZES = (1, 7, 8, 9, 31, 32, 33, 64, 100, 2_005)

LOAD = """async () => {
  window.sets = await import("/assets/embedding/sets.mjs");
  window.crossfilter = await import("/assets/embedding/crossfilter.mjs");
  window.present = await import("/assets/embedding/present.mjs");
  window.bytes = (text) => Uint8Array.from(atob(text), (each) => each.charCodeAt(0));
  window.text = (bytes) => btoa(String.fromCharCode(...bytes));
  const loose = new Uint8Array(1_000_001);
  window.unaligned = (bytes) => { loose.set(bytes, 1); return loose.subarray(1, 1 + bytes.length); };
}"""


@pytest.fixture
def modules(page: Page) -> Page:
    page.goto("/api/health")
    page.evaluate(LOAD)
    return page


def sent(values: np.ndarray | bytes) -> str:
    return base64.b64encode(values if isinstance(values, bytes) else values.tobytes()).decode()


def masks(cells: int, seed: int) -> list[np.ndarray]:
    generator = np.random.default_rng(seed)
    ranges = (np.arange(cells) >= cells // 3) & (np.arange(cells) < 2 * cells // 3)
    return [generator.random(cells) < share for share in (0.5, 0.02, 0.98)] + [
        np.zeros(cells, bool),
        np.ones(cells, bool),
        ranges,
    ]


def test_the_algebra_is_that_of_numpy(modules: Page):
    for cells in SIZES:
        some = masks(cells, seed=cells)
        for a, b in zip(some, some[1:] + some[:1], strict=True):
            check_algebra(modules, a, b, cells)


def check_algebra(modules: Page, a: np.ndarray, b: np.ndarray, cells: int) -> None:
    expected = {"union": a | b, "intersection": a & b, "difference": a & ~b, "inverted": ~a}
    found = modules.evaluate(
        """([a, b, cells]) => {
          const [left, right] = [bytes(a), bytes(b)];
          const told = (left) => ({
            union: text(sets.union(left, right)), intersection: text(sets.intersection(left, right)),
            difference: text(sets.difference(left, right)), inverted: text(sets.inverted(left, cells)),
            count: sets.countOf(left), empty: sets.isEmpty(left), same: sets.same(left, right),
            kept: text(sets.fromText(sets.toText(left, cells), cells)),
          });
          return [told(left), told(unaligned(left))];
        }""",
        [sent(bitsets.pack(a)), sent(bitsets.pack(b)), cells],
    )
    assert found[0] == found[1]
    assert {name: base64.b64decode(found[0][name]) for name in expected} == {
        name: bitsets.pack(mask) for name, mask in expected.items()
    }
    assert (found[0]["count"], found[0]["empty"]) == (int(a.sum()), not a.any())
    assert found[0]["same"] == bool((a == b).all())
    assert base64.b64decode(found[0]["kept"]) == bitsets.pack(a)


def test_text_is_short_where_cells_stand_together_and_never_much_longer(modules: Page):
    lengths = modules.evaluate(
        """(random) => {
          const cells = 8 * bytes(random).length;
          return [sets.rangeOf(1000, 300000, cells), bytes(random)].map((bits) => sets.toText(bits, cells).length);
        }""",
        sent(np.random.default_rng(0).bytes(50_000)),
    )
    assert lengths[0] < 20
    assert lengths[1] < 50_000 * 4 / 3 + 10


NO_SETS = ("", "b", "x", "bAAA", "rAAAA", "r!!!", "b////", "r/////w8=", "r//8=")


def test_text_that_is_no_set_is_none(modules: Page):
    for text in NO_SETS:
        assert modules.evaluate("(text) => sets.fromText(text, 21)", text) is None, text


def test_ranges_and_codes_become_sets(modules: Page):
    cells = 101
    codes = np.random.default_rng(1).integers(0, 5, cells).astype(np.uint8)
    for first, end in ((0, 0), (0, 101), (3, 6), (8, 16), (7, 33), (96, 101)):
        bits = modules.evaluate("(args) => text(sets.rangeOf(...args))", [first, end, cells])
        where = np.flatnonzero(bitsets.unpack(base64.b64decode(bits), cells))
        assert where.tolist() == list(range(first, end))
    chosen = np.isin(codes, [1, 4])
    found = modules.evaluate(
        """(codes) => {
          const bits = sets.withCodes(bytes(codes), new Uint8Array(256).fill(1, 1, 2).fill(1, 4, 5));
          return [text(bits), [...sets.countsByCode(bits, bytes(codes))]];
        }""",
        sent(codes),
    )
    assert base64.b64decode(found[0]) == bitsets.pack(chosen)
    assert found[1] == np.bincount(codes[chosen], minlength=256).tolist()


def test_sets_of_some_cells_become_sets_of_all_and_back(modules: Page):
    generator = np.random.default_rng(3)
    for cells in SIZES:
        shown, chosen = generator.random(cells) < 0.4, generator.random(cells) < 0.5
        part = bitsets.pack(chosen[shown])
        found = modules.evaluate(
            """([part, all, shown]) => [
              text(sets.spread(bytes(part), bytes(shown))), text(sets.gathered(bytes(all), bytes(shown))),
            ]""",
            [sent(part), sent(bitsets.pack(chosen)), sent(bitsets.pack(shown))],
        )
        assert [base64.b64decode(each) for each in found] == [bitsets.pack(chosen & shown), part]


def test_the_crossfilter_joins_columns_by_and_and_codes_by_or(modules: Page):
    cells, generator = 1003, np.random.default_rng(2)
    columns = {name: generator.integers(0, 6, cells).astype(np.uint8) for name in "abc"}
    modules.evaluate(
        """([cells, columns]) => {
          window.filter = new crossfilter.Crossfilter(cells);
          for (const [name, codes] of Object.entries(columns)) filter.add(name, bytes(codes));
        }""",
        [cells, {name: sent(codes) for name, codes in columns.items()}],
    )
    wanted = {name: set(range(256)) for name in columns}
    for _ in range(25):
        name = generator.choice(list(columns))
        if generator.random() < 0.2:
            wanted[name] = set(range(256))
            modules.evaluate("(name) => filter.clear(name)", name)
        else:
            wanted[name] = set(generator.choice(6, generator.integers(0, 5), replace=False).tolist())
            modules.evaluate("([name, codes]) => filter.choose(name, codes)", [name, list(wanted[name])])
        passes = {key: np.isin(codes, list(wanted[key])) for key, codes in columns.items()}
        chosen = np.logical_and.reduce(list(passes.values()))
        bits, counts, active = modules.evaluate(
            """() => [text(filter.bits), ["a", "b", "c"].map((key) => {
              const { all, chosen, others } = filter.counts(key);
              return [[...all], [...chosen], [...others]];
            }), filter.active]"""
        )
        assert base64.b64decode(bits) == bitsets.pack(chosen)
        assert active == any(len(codes) < 256 for codes in wanted.values())
        for key, told in zip(columns, counts, strict=True):
            others = np.logical_and.reduce([passes[other] for other in columns if other != key])
            for mask, found in zip((np.ones(cells, bool), chosen, others), told, strict=True):
                assert found == np.bincount(columns[key][mask], minlength=256).tolist()


def test_the_present_selection_goes_back_and_forth_and_outlasts_its_page(modules: Page):
    told = modules.evaluate(
        """() => {
          const selection = new present.PresentSelection("run", 20);
          const seen = [];
          selection.addEventListener("change", (event) => seen.push([event.detail.text, selection.count]));
          selection.set(sets.rangeOf(0, 5, 20), "lasso");
          selection.set(sets.rangeOf(0, 5, 20), "the same again");
          selection.set(sets.inverted(selection.bits, 20), "invert");
          const offered = [selection.undoText, selection.redoText];
          const moves = [selection.undo(), selection.undo(), selection.undo(), selection.redo()];
          return [seen, offered, moves, selection.count, new present.PresentSelection("run", 20).count];
        }"""
    )
    assert told[0] == [["lasso", 5], ["invert", 15], ["invert", 5], ["lasso", 0], ["lasso", 5]]
    assert told[1] == ["invert", None]
    assert told[2] == [True, True, False, True]
    assert told[3:] == [5, 5]
    modules.goto("/api/health?again")
    modules.evaluate(LOAD)
    counts = modules.evaluate(
        """() => [["run", 20], ["run", 21], ["other", 20]].map((of) => new present.PresentSelection(...of).count)"""
    )
    assert counts == [5, 0, 0]
