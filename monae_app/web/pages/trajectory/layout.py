"""What the Trajectory page consists of."""

from __future__ import annotations

from typing import Any

import dash_ag_grid as dag  # type: ignore[import-untyped]
from dash import dcc, html

from monae_app.web.components.aria import aria
from monae_app.web.components.code_link import code_link
from monae_app.web.components.figure_out import figure_out
from monae_app.web.components.graph_config import FIGURE_CONFIG
from monae_app.web.components.grid_theme import GRID_OPTIONS
from monae_app.web.components.short_job import ShortJob

JOB = ShortJob("trajectory-follow", "trajectory", "Follow the cells", primary=True)
COLUMN, ROOT, CELLS, COLOUR = "trajectory-column", "trajectory-root", "trajectory-cells", "trajectory-colour"
SPACE = "trajectory-space"
MESSAGE, VIEW, READY, NOTE = "trajectory-message", "trajectory-view", "trajectory-ready", "trajectory-note"
MAP, ORDER, SHOWN, CAPABLE, CLICKED = (
    "trajectory-map", "trajectory-order", "trajectory-shown", "trajectory-capable", "trajectory-clicked",
)  # fmt: skip
PICK, CAPTION, CELLS_CSV, MAP_CODE = (
    "trajectory-pick", "trajectory-caption", "trajectory-cells-csv", "trajectory-map-code",
)  # fmt: skip
DENSITY, BRANCHES = "trajectory-density", "trajectory-branches"
FEATURES, TRENDS = "trajectory-features", "trajectory-trends"
HEAT, MODALITY = "trajectory-heat", "trajectory-modality"
TABLE, TESTS, FEATURES_CSV = "trajectory-table", "trajectory-tests", "trajectory-features-csv"
RESULTS, STANDING = "trajectory-results", "trajectory-standing"
GRAPH: Any = FIGURE_CONFIG
COLOURS = {"pseudotime": "Pseudotime", "branch": "Branches", "groups": "Groups"}
PICKED = "pick"


def layout(more: Any, **asked: str) -> html.Div:
    """Build the page in the state that its URL names; ``more`` is the last card."""
    return html.Div(
        [
            html.H1("Trajectory", className="visually-hidden"),
            *(dcc.Store(id=name) for name in (ORDER, SHOWN, CAPABLE, CLICKED, READY)),
            html.Div(id=MESSAGE),
            html.Div(
                [
                    html.Div([_map(asked), _standing()], className="trajectory-top"),
                    html.Div([_trends(asked), html.Div([_heat(asked), _table()], className="trajectory-pair"), more],
                             id=RESULTS, hidden=True),
                ],
                id=VIEW, className="trajectory-page", hidden=True,
            ),
        ]
    )  # fmt: skip


def _map(asked: dict[str, str]) -> html.Section:
    colour = asked.get("colour", "pseudotime")
    toolbar = html.Div(
        [
            _control("Groups of", _chosen(COLUMN, asked.get("column"), clearable=False)),
            _control(
                "Begin at",
                _chosen(
                    ROOT, asked.get("root"), clearable=False, placeholder="a group, or type a marker",
                    labels={"search": "Type a gene to begin where it is highest"},
                ),
                "trajectory-wide",
            ),
            _control(
                "Cells", dcc.Dropdown(
                    id=CELLS, multi=True, value=[each for each in asked.get("cells", "").split("|") if each],
                    options=[each for each in asked.get("cells", "").split("|") if each],
                    placeholder="all cells", optionHeight=32,
                ),
                "trajectory-wide",
            ),
            _control("Along", _chosen(SPACE, asked.get("space", "shared"), clearable=False)),
            JOB.layout(),
        ],
        className="toolbar",
    )  # fmt: skip
    second = html.Div(
        [
            dcc.RadioItems(
                [{"label": title, "value": key} for key, title in COLOURS.items()],
                colour if colour in COLOURS else "pseudotime", id=COLOUR, inline=True, className="segments",
            ),
            dcc.Checklist(
                [{"label": "A click on a cell begins there", "value": PICKED}], [], id=PICK, inline=True,
                className="small",
            ),
        ],
        className="toolbar",
    )  # fmt: skip
    cells = html.A("CSV", id=CELLS_CSV, href="", className="link-button", title="Pseudotime and branch of every cell")
    foot = html.Div(
        [html.P(id=CAPTION, className="muted"), figure_out(MAP, "trajectory_map", cells, [code_link(MAP_CODE)])],
        className="map-foot",
    )
    return html.Section(
        [toolbar, second, html.Div(id=MAP, className="cell-map"), foot], className="card map-card trajectory-map-card"
    )


def _standing() -> html.Section:
    return html.Section(
        [
            html.Div(id=NOTE, **aria(live="polite")),
            html.Div(
                [
                    html.H2("Branches"),
                    html.Div(id=BRANCHES),
                    html.H2("Groups along pseudotime"),
                    dcc.Graph(id=DENSITY, config=GRAPH, responsive=True, className="trajectory-density"),
                    figure_out(DENSITY, "groups_along_pseudotime"),
                ],
                id=STANDING, hidden=True,
            ),
        ],
        className="card",
    )  # fmt: skip


def _trends(asked: dict[str, str]) -> html.Section:
    keys = [each for each in asked.get("feature", "").split("|") if ":" in each]
    return html.Section(
        [
            html.H2("Trends"),
            dcc.Dropdown(
                id=FEATURES, multi=True, value=keys, options=keys, optionHeight=32,
                placeholder="search features: gene, peak, protein …",
                labels={"search": "Type a gene, a peak or a protein", "no_options_found": "Nothing begins like that"},
            ),
            html.Div(
                dcc.Graph(id=TRENDS, config=GRAPH, responsive=True, style={"height": "320px"}),
                className="trajectory-trends",
            ),
            html.P("Points: measured cells. Line and band: smoothing spline of these, 95 %. Dotted: imputed.",
                   className="muted small"),
            figure_out(TRENDS, "trends"),
        ],
        className="card",
    )  # fmt: skip


def _heat(asked: dict[str, str]) -> html.Section:
    kind = asked.get("modality")
    return html.Section(
        [
            html.H2("In the order of their peaks"),
            _control("Modality", _chosen(MODALITY, kind, clearable=False)),
            dcc.Graph(id=HEAT, config=GRAPH, responsive=True, className="trajectory-heat"),
            figure_out(HEAT, "features_by_peak"),
        ],
        className="card",
    )


def _table() -> html.Section:
    table = html.A("All features (CSV)", id=FEATURES_CSV, href="", className="link-button")
    return html.Section(
        [
            html.H2("What changes along pseudotime, and between branches"),
            dag.AgGrid(
                id=TABLE, columnDefs=[], rowData=[], className="markers-grid", style={"height": "520px"},
                defaultColDef={"sortable": True, "resizable": True, "minWidth": 52, "flex": 1,
                               "suppressHeaderMenuButton": True, "wrapHeaderText": True, "autoHeaderHeight": True},
                dashGridOptions={
                    "rowSelection": {"mode": "singleRow", "checkboxes": False, "enableClickSelection": True},
                    **GRID_OPTIONS,
                },
            ),
            html.Div(id=TESTS, className="muted small"),
            html.Div([table], className="markers-out"),
        ],
        className="card",
    )  # fmt: skip


def _chosen(name: str, value: str | None, **more: Any) -> dcc.Dropdown:
    """Offer what the URL names, until it is known what there is."""
    return dcc.Dropdown(id=name, value=value, options=[value] if value else [], optionHeight=32, **more)


def _control(title: str, inner: Any, extra: str = "") -> html.Div:
    return html.Div(
        [html.Span(title, className="control-title"), inner], className=f"control {extra}", role="group",
        **aria(label=title),
    )  # fmt: skip
