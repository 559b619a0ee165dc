"""Figures that leave the page, opened by the readers of their formats; and the rule of what is a shape."""

from __future__ import annotations

import json
import re
import struct
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import matplotlib.image
import numpy as np
import pandas as pd
import pypdf
import pytest

from tests.browser.map_page import drawn, legend, state

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Locator, Page

pytestmark = pytest.mark.browser

SVG = "{http://www.w3.org/2000/svg}"
# A page that has nothing to do, to try modules on.
EMPTY = "/api/health"
LEGEND_PIXELS = 190


def saved(page: Page, button: Locator, folder: Path) -> Path:
    """Press a button and keep its file."""
    with page.expect_download() as coming:
        button.click()
    path = folder / coming.value.suggested_filename
    coming.value.save_as(path)
    return path


def out_of(page: Page, of: str, folder: Path) -> dict[str, Path]:
    """Save a figure in every format, by the buttons under it."""
    row = page.locator(f"#{of}-out")
    return {kind: saved(page, row.get_by_text(kind, exact=True), folder) for kind in ("SVG", "PDF", "PNG", "CSV")}


def words(svg: ET.Element) -> str:
    return "\n".join("".join(text.itertext()) for text in svg.iter(f"{SVG}text"))


def dots(svg: ET.Element) -> int:
    """Count lines without length, and plotly's points."""
    paths = [path.get("d", "") for path in svg.iter(f"{SVG}path") if path.get("class") != "scatterpts"]
    points = [path for path in svg.iter(f"{SVG}path") if "point" in (path.get("class") or "").split()]
    return len(points) + sum(len(re.findall("h0", path)) for path in paths)


def alike(files: dict[str, Path], names: list[str]) -> ET.Element:
    """Check that the three formats hold one figure of one size, with these words in it."""
    svg = ET.parse(files["SVG"]).getroot()
    size = np.array([float(svg.get(side) or 0) for side in ("width", "height")])
    pdf = pypdf.PdfReader(files["PDF"])
    assert len(pdf.pages) == 1
    assert [float(side) for side in pdf.pages[0].mediabox[2:]] == pytest.approx(0.75 * size, abs=0.01)
    png = matplotlib.image.imread(files["PNG"])
    assert png.shape[1::-1] == tuple(2 * size)
    assert png[..., :3].std() > 0.01
    text = pdf.pages[0].extract_text()
    for name in names:
        assert name in words(svg)
        assert name in text
    return svg


def test_the_map_and_a_figure_of_plotly_go_out_in_every_format(page: Page, tmp_path: Path):
    loaded: list[str] = []
    page.on("request", lambda asked: loaded.append(asked.url))
    page.goto("/?run=sample-tiny")
    names = legend(page)
    drawn(page)
    assert not [url for url in loaded if "vendor" in url or "/figures/pdf" in url]
    files = out_of(page, "map", tmp_path)
    assert {path.name for path in files.values()} == {f"map_cell_type.{kind}" for kind in ("svg", "pdf", "png", "csv")}
    svg = alike(files, names)
    assert dots(svg) == state(page, "about.cells") == len(pd.read_csv(files["CSV"]))
    assert not list(svg.iter(f"{SVG}image"))
    assert [url for url in loaded if "vendor" in url]
    # a group that is hidden is not in the file either
    page.evaluate("(name) => document.getElementById('map').setHidden([name])", names[0])
    fewer = ET.parse(saved(page, page.locator("#map-svg"), tmp_path)).getroot()
    hidden = next(group["count"] for group in state(page, "groups") if group["name"] == names[0])
    assert dots(fewer) == dots(svg) - hidden
    # the rest are the soft edges of discs
    assert looks_alike(page) > 0.75

    page.goto("/differential?run=sample-tiny")
    page.get_by_role("button", name="Compare", exact=True).click()
    page.wait_for_selector("#differential-volcano .legendtext")
    files = out_of(page, "differential-volcano", tmp_path)
    svg = alike(files, ["higher in the first", "FDR ≥ 0.05", "−log10 FDR", "log2 fold change"])
    table = pd.read_csv(files["CSV"], comment="#")
    assert dots(svg) == table["fdr"].notna().sum() > 10
    assert not list(svg.iter(f"{SVG}image"))
    # what the page itself has no table for is written by the browser
    page.goto("/training?run=sample-tiny")
    page.wait_for_selector("#training-losses .scatterlayer path")
    losses = pd.read_csv(saved(page, page.locator("#training-losses-out").get_by_text("CSV"), tmp_path))
    assert losses["series"].nunique() >= 2
    assert len(losses) == page.evaluate(
        "document.querySelector('#training-losses .js-plotly-plot')._fullData.reduce((n, { x }) => n + x.length, 0)"
    )


def looks_alike(page: Page) -> float:
    """Return the share of painted pixels that file and page have in common."""
    return page.evaluate("""async () => {
      const map = document.getElementById("map");
      const { rastered } = await import("/assets/figures/raster.mjs");
      const svg = map.figure().replace(/<text[^>]*paint-order.*?<\\/text>/g, "");
      const bitmap = await createImageBitmap(await rastered(svg, 1));
      const { data, width, height } = map.pixels();
      const brush = new OffscreenCanvas(width, height).getContext("2d");
      brush.drawImage(bitmap, 0, 0);
      const file = brush.getImageData(0, 0, width, height).data;
      let [both, either] = [0, 0];
      for (let y = 0; y < height; y++) {
        for (let x = 0; x < width; x++) {
          const [here, there] = [4 * ((height - 1 - y) * width + x), 4 * (y * width + x)];
          const page = data[here + 3] > 100;
          const paper = 765 - file[there] - file[there + 1] - file[there + 2] > 60;
          both += page && paper;
          either += page || paper;
        }
      }
      return both / either;
    }""")


def frame(header: dict[str, Any], codes: np.ndarray) -> bytes:
    told = json.dumps(header).encode()
    return struct.pack("<I", len(told)) + told + codes.astype(np.uint8).tobytes()


def test_cells_are_shapes_up_to_fifty_thousand_that_are_seen(page: Page):
    generator = np.random.default_rng(0)
    few, many = 1000, 50_000
    codes = np.repeat([0, 1], [few, many])
    about = {"cells": few + many, "bounds": [0, 1, 0, 1], "version": "1",
             "modalities": [{"key": "rna", "title": "RNA", "first": 0, "count": few + many}]}  # fmt: skip
    groups = [{"name": "A & B", "count": few}, {"name": "C", "count": many}]
    header = {"kind": "groups", "key": "obs:x", "title": "x", "unit": "", "groups": groups, "missing": 0}
    answers = {
        "map.json": json.dumps(about).encode(),
        "map.xy": generator.integers(0, 65536, (few + many, 2), dtype=np.uint16).tobytes(),
        "map.colour": frame(header, codes),
    }
    page.route(
        "**/api/runs/planted/*",
        lambda route: route.fulfill(body=answers[route.request.url.rpartition("/")[2].partition("?")[0]]),
    )
    page.goto(EMPTY)
    page.set_content('<div id="map" style="width: 600px; height: 400px; position: relative"></div>')
    svgs = page.evaluate("""async () => {
      const { mount } = await import("/assets/embedding/element.mjs");
      const map = mount(document.getElementById("map"));
      map.querySelector(".cell-map-stage").style.cssText = "width: 600px; height: 400px";
      await map.show({ run: "planted", colour: "obs:x" });
      const all = map.figure();
      map.setHidden(["A & B"]);
      return [all, map.figure()];
    }""")
    over, under = map(ET.fromstring, svgs)
    assert (dots(over), len(list(over.iter(f"{SVG}image")))) == (0, 1)
    assert (dots(under), len(list(under.iter(f"{SVG}image")))) == (many, 0)
    picture = next(over.iter(f"{SVG}image")).get("href") or ""
    size = page.evaluate("async (src) => { const image = new Image(); image.src = src; await image.decode();"
                         " return [image.width, image.height]; }", picture)  # fmt: skip
    assert size == [1200, 800]
    assert ["A & B" in words(svg) for svg in (over, under)] == [True, False]


@pytest.mark.parametrize(("points", "kind"), [(49_999, "scatter"), (50_000, "scatter"), (50_001, "scattergl")])
def test_points_of_plotly_go_by_the_same_rule(page: Page, points: int, kind: str):
    page.goto(EMPTY)
    types = page.evaluate("""async (points) => {
      const { byRule } = await import("/assets/figures/plotted.mjs");
      const of = (type, mode, count, visible = true) => ({ type, mode, visible, x: new Float32Array(count) });
      const full = [
        of("scattergl", "markers", points - 10), of("scatter", "lines+markers", 10), of("scatter", "lines", 90_000),
        of("scatter", "markers", 90_000, "legendonly"), { type: "heatmap", visible: true },
      ];
      return byRule(full.map(({ type }) => ({ type })), full).map(({ type }) => type);
    }""", points)  # fmt: skip
    assert types == [kind, kind, "scatter", kind, "heatmap"]


def test_the_table_holds_what_a_figure_draws(page: Page):
    page.goto(EMPTY)
    text = page.evaluate("""async () => {
      const { csv, tableOf } = await import("/assets/figures/source_table.mjs");
      const layout = { xaxis: { title: { text: "log<sub>2</sub> change" } }, yaxis: { title: { text: "cells" } },
        yaxis2: { title: { text: "share" } }, xaxis3: { title: { text: "Click to enter X axis title" } },
        yaxis3: { title: { text: "mean" } }, shapes: [
          { type: "line", name: "seen", x0: 0.5, x1: 0.5, y0: 0, y1: 1, xref: "x", yref: "paper" },
          { type: "line", x0: 0, x1: 1, y0: 9, y1: 9, xref: "paper", yref: "y2" }, { type: "rect", x0: 1, x1: 1 }] };
      const traces = [
        { type: "bar", name: 'a "b", c', x: ["p", "q"], y: Float64Array.of(1, 0.1), customdata: [7, 8] },
        { type: "scatter", mode: "markers", name: "trace 1", x: [1, null], y: [1e-300, 2], yaxis: "y2",
          marker: { size: [3, 4] } },
        { type: "scatter", mode: "text", hoverinfo: "skip", x: [1], y: [1] },
        { type: "violin", visible: "legendonly", y: [5] },
        { type: "violin", name: "v", y: [5, 6], xaxis: "x3", yaxis: "y2" },
        { type: "heatmap", name: "trace 4", x: ["g", "h"], y: ["i"], z: [Float32Array.of(0.5, 0.25)], xaxis: "x3",
          colorbar: { title: { text: "mean" } } },
        { type: "heatmap", name: "trace 5", x: ["k"], y: ["l"], z: [[3]], xaxis: "x3", yaxis: "y3",
          colorbar: { title: { text: "mean" } } },
      ];
      return csv(tableOf(traces, layout));
    }""")  # fmt: skip
    assert text.splitlines() == [
        "series,log2 change,cells,shown on hover,share,size,x,mean,mean (value)",
        '"a ""b"", c",p,1,7,,,,,',
        '"a ""b"", c",q,0.1,8,,,,,',
        ",1,,,1e-300,3,,,",
        ",,,,2,4,,,",
        "v,,,,5,,,,",
        "v,,,,6,,,,",
        ",,i,,,,g,0.5,",
        ",,i,,,,h,0.25,",
        # the title of its axis is that of its colours
        ",,,,,,k,l,3",
        "seen,0.5,,,,,,,",
        "line,,,,9,,,,",
    ]


def test_what_cannot_be_made_is_said(page: Page):
    page.goto("/?run=sample-tiny")
    legend(page)
    page.evaluate("document.getElementById('map').cellMap.data = null")
    page.click("#map-svg")
    said = page.locator("#map-out .figure-out-said")
    said.get_by_text("The SVG could not be made: there is no map yet.").wait_for()
    assert page.locator("#map-svg").inner_text() == "SVG"
