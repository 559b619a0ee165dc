"""What the Markers page consists of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import dash_ag_grid as dag  # type: ignore[import-untyped]
from dash import dcc, html

from monae_app.web.components.aria import aria
from monae_app.web.components.code_link import code_link
from monae_app.web.components.figure_out import figure_out
from monae_app.web.components.graph_config import FIGURE_CONFIG
from monae_app.web.components.grid_theme import GRID_OPTIONS
from monae_app.web.components.short_job import ShortJob

if TYPE_CHECKING:
    import plotly.graph_objects as go

JOB = ShortJob("markers-file", "nearest", "Whole table (CSV)")
COLUMN, GROUP, MODALITY, FEATURES = "markers-column", "markers-group", "markers-modality", "markers-features"
SPECIFIC, SHARE, SHOW = "markers-specific", "markers-share", "markers-show"
MESSAGE, VIEW = "markers-message", "markers-view"
MAP, ORDER, SHOWN, CAPABLE, CLICKED = (
    "markers-map",
    "markers-order",
    "markers-shown",
    "markers-capable",
    "markers-clicked",
)
PLAIN, ROOM, FIGURE, CAPTION = "markers-plain", "markers-room", "markers-plain-figure", "markers-caption"
MAP_CSV, MAP_CODE = "markers-map-csv", "markers-map-code"
TABLE, TABLE_HEAD, TABLE_NOTE, TABLE_CODE = "markers-table", "markers-head", "markers-note", "markers-table-code"
BARS, BARS_HEAD, BARS_TOLD, BARS_CODE = "markers-bars", "markers-bars-head", "markers-bars-told", "markers-bars-code"
GROUPS, GROUPS_CSV, ON_MAP = "markers-groups", "markers-groups-csv", "markers-on-map"
GRAPH: Any = FIGURE_CONFIG
SHOWS = {"specific": "Most specific", "all": "All", "searched": "Searched for"}
EVERY = "all"
MARKS: Any = {0: "0", 0.5: ".5", 1: "1"}
PERCENT: Any = {0: "0", 0.25: "25", 0.5: "50 %"}
LEAST_SPECIFIC = (
    "Gini coefficient of the shares of all groups: 0 for a feature next to all groups alike, 1 for one next to one."
)

LEAST_CELLS = "Of the group's cells, the share in which a feature was measured above zero"


def layout(**asked: str) -> html.Div:
    """Build the page in the state that its URL names."""
    return html.Div(
        [
            html.H1("Markers", className="visually-hidden"),
            *(dcc.Store(id=name) for name in (ORDER, SHOWN, CAPABLE, CLICKED)),
            html.Div(id=MESSAGE),
            html.Div([_map(asked), html.Div([_table(asked), _feature(asked)], className="stack")], id=VIEW,
                     className="markers-page", hidden=True),
        ]
    )  # fmt: skip


def _map(asked: dict[str, str]) -> html.Section:
    toolbar = html.Div(
        [
            _control("Groups of", _chosen(COLUMN, asked.get("column"), clearable=False), "markers-wide"),
            _control("Modality", _chosen(MODALITY, asked.get("modality") or EVERY, clearable=False)),
            _control(
                "Features on the map",
                dcc.RadioItems(
                    [{"label": title, "value": key} for key, title in SHOWS.items()],
                    asked.get("show") if asked.get("show") in SHOWS else "specific",
                    id=SHOW, inline=True, className="segments",
                ),
            ),
            _control(
                "Specificity at least",
                dcc.Slider(0, 1, 0.05, value=_number(asked.get("specific")), id=SPECIFIC, marks=MARKS,
                           updatemode="mouseup"),
                "markers-slide", LEAST_SPECIFIC,
            ),
        ],
        className="toolbar",
    )  # fmt: skip
    table = html.A(
        "CSV", id=MAP_CSV, href="", className="link-button", title="The features shown, and where they stand"
    )
    downloads = figure_out(MAP, "markers_map", table, [code_link(MAP_CODE)], instead=FIGURE)
    plain = html.Div(html.Div(id=ROOM), id=PLAIN, className="map-plain", hidden=True)
    foot = html.Div([html.P(id=CAPTION, className="muted"), downloads], className="map-foot")
    return html.Section(
        [toolbar, html.Div(id=MAP, className="cell-map"), plain, foot], className="card map-card markers-map-card"
    )


def _table(asked: dict[str, str]) -> html.Section:
    return html.Section(
        [
            html.H2("Nearest features", id=TABLE_HEAD),
            html.Div(
                [
                    _control("Of the group", _chosen(GROUP, asked.get("group"), clearable=False), "markers-wide"),
                    _control(
                        "Least % of its cells",
                        dcc.Slider(0, 0.5, 0.05, value=_number(asked.get("share")), id=SHARE, marks=PERCENT,
                                   updatemode="mouseup"),
                        "markers-slide", LEAST_CELLS,
                    ),
                ],
                className="toolbar",
            ),
            dcc.Loading(_grid(TABLE, 330), delay_show=400, overlay_style={"visibility": "visible", "opacity": 0.55}),
            html.P(id=TABLE_NOTE, className="muted small", **aria(live="polite")),
            html.Div([JOB.layout(), code_link(TABLE_CODE)], className="markers-out"),
        ],
        className="card",
    )  # fmt: skip


def _feature(asked: dict[str, str]) -> html.Section:
    keys = [each for each in asked.get("feature", "").split("|") if ":" in each]
    table = html.A("CSV", id=GROUPS_CSV, href="", className="link-button", title="All groups, and what was measured")
    on_map = dcc.Link("On the map, measured", id=ON_MAP, href="/", className="link-button")
    return html.Section(
        [
            html.H2("Nearest groups", id=BARS_HEAD),
            dcc.Dropdown(
                id=FEATURES, multi=True, value=keys, options=keys, optionHeight=32,
                placeholder="search features: gene, peak, protein …",
                labels={"search": "Type a gene, a peak or a protein", "no_options_found": "Nothing begins like that"},
            ),
            html.P(id=BARS_TOLD, className="markers-told", **aria(live="polite")),
            html.Div([
                _grid(GROUPS, 300),
                html.Div(dcc.Graph(id=BARS, config=GRAPH, responsive=True, className="markers-bars"))],
                className="markers-pair",
            ),
            figure_out(BARS, "nearest_groups", table, [code_link(BARS_CODE), on_map]),
        ],
        className="card",
    )  # fmt: skip


def figure_box(figure: go.Figure) -> dcc.Graph:
    """Show a figure in place of the canvas."""
    return dcc.Graph(id=FIGURE, figure=figure, config=GRAPH, className="map-graph", responsive=True)


def _grid(name: str, height: int) -> dag.AgGrid:
    return dag.AgGrid(
        id=name, columnDefs=[], rowData=[], className="markers-grid", style={"height": f"{height}px"},
        defaultColDef={
            "sortable": True, "resizable": True, "minWidth": 42, "flex": 1, "suppressHeaderMenuButton": True,
        },
        dashGridOptions={
            "rowSelection": {"mode": "singleRow", "checkboxes": False, "enableClickSelection": True},
            **GRID_OPTIONS,
        },
    )  # fmt: skip


def _chosen(name: str, value: str | None, **more: Any) -> dcc.Dropdown:
    """Offer what the URL names, until it is known what there is."""
    return dcc.Dropdown(id=name, value=value, options=[value] if value else [], optionHeight=32, **more)


def _control(title: str, inner: Any, extra: str = "", told: str = "") -> html.Div:
    return html.Div(
        [html.Span(title, className="control-title", title=told or None), inner], className=f"control {extra}",
        role="group", **aria(label=title),
    )  # fmt: skip


def _number(said: str | None) -> float:
    try:
        return min(max(float(said or 0), 0.0), 1.0)
    except ValueError:
        return 0.0
