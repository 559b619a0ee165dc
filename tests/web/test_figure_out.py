"""Every figure of the app can be taken home, and what makes a PDF comes only when somebody wants one."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from dash import dcc, html
from dash._utils import stringify_id

from monae_app.web import fonts
from monae_app.web.app import PAGES
from monae_app.web.components.figure_out import figure_out

WEB = Path(__file__).resolve().parents[2] / "monae_app" / "web"


def graphs_and_rows(tree: html.Div) -> tuple[list[str], list[str]]:
    """Return the ids of the graphs of a layout, and what its rows of buttons are for."""
    parts = [tree, *tree._traverse()]
    graphs = [str(stringify_id(part.id)) for part in parts if isinstance(part, dcc.Graph)]
    rows = [part for part in parts if "figure-out" in str(getattr(part, "className", None) or "").split()]
    return graphs, [part.to_plotly_json()["props"]["data-of"] for part in rows]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.TITLE)
def test_every_figure_of_a_page_has_its_buttons(page):
    graphs, rows = graphs_and_rows(html.Div(page.layout()))
    assert set(graphs) <= set(rows)


def test_pages_with_figures_are_among_them():
    found = [graphs_and_rows(html.Div(page.layout()))[0] for page in PAGES]
    assert sum(len(graphs) > 0 for graphs in found) >= 3


def calls(path: Path) -> list[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return [ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)]


def test_a_module_that_makes_figures_makes_their_buttons():
    made = {path.relative_to(WEB).as_posix(): calls(path) for path in WEB.rglob("*.py")}
    drawing = {name: found for name, found in made.items() if "dcc.Graph" in found}
    assert len(drawing) >= 6
    assert [name for name, found in drawing.items() if found.count("figure_out") < found.count("dcc.Graph")] == []


def test_the_row_says_what_it_is_for():
    table = html.A("CSV", href="/table.csv")
    row = figure_out("volcano", "volcano", table, [html.Button("Code")], title="Volcano", instead="other")
    names = [getattr(part, "children", "") for part in row.children]
    assert names[:6] == ["Download", "SVG", "PDF", "PNG", "CSV", "Code"]
    assert row.children[4] is table
    said = row.to_plotly_json()["props"]
    assert (said["data-of"], said["data-name"], said["data-title"], said["data-instead"]) == (
        "volcano", "volcano", "Volcano", "other",
    )  # fmt: skip
    assert "data-table" not in said


def test_a_table_elsewhere_on_the_page_is_pressed_in_its_place():
    row = figure_out({"type": "graph", "name": "rna"}, "quality", "whole-table").to_plotly_json()["props"]
    assert row["data-table"] == "whole-table"
    assert row["data-of"] == '{"name":"rna","type":"graph"}'
    assert row["children"][4].to_plotly_json()["props"]["data-figure"] == "csv"


def test_what_makes_a_pdf_is_not_loaded_with_a_page(client):
    page = client.get("/").get_data(as_text=True)
    assert "figure_out.js" in page
    assert "vendor" not in page
    with client.get("/assets/vendor/jspdf.umd.min.js") as library:
        assert library.status_code == 200


@pytest.mark.parametrize("name", fonts.NAMES)
def test_the_font_of_the_pdf_is_handed_out(client, name):
    with client.get(f"/api/fonts/{name}") as answer:
        assert answer.data[:4] == b"\x00\x01\x00\x00"
        assert "max-age" in answer.headers["Cache-Control"]


@pytest.mark.parametrize("name", ["DejaVuSerif.ttf", "other"])
def test_no_other_file_is(client, name):
    assert client.get(f"/api/fonts/{name}").status_code == 404
