"""What the Imputation page consists of."""

from __future__ import annotations

from typing import Any

import dash_ag_grid as dag  # type: ignore[import-untyped]
from dash import dcc, html

from monae_app.web.components.aria import aria
from monae_app.web.components.figure_out import figure_out
from monae_app.web.components.graph_config import FIGURE_CONFIG
from monae_app.web.components.grid_theme import GRID_OPTIONS

COLUMN, TARGET, SOURCES = "imputation-column", "imputation-target", "imputation-sources"
FROM, GROUP, FEATURES, PASTED, SET, FACTOR = (
    "imputation-from",
    "imputation-group",
    "imputation-features",
    "imputation-pasted",
    "imputation-set",
    "imputation-factor",
)
SCALE, SHOW = "imputation-scale", "imputation-show"
MESSAGE, VIEW, SAID = "imputation-message", "imputation-view", "imputation-said"
HEAT, TABLE, NOTE = "imputation-heat", "imputation-table", "imputation-note"
FEATURE, DETAIL, DETAIL_HEAD, DETAIL_TOLD, ON_MAP = (
    "imputation-feature",
    "imputation-detail",
    "imputation-detail-head",
    "imputation-detail-told",
    "imputation-on-map",
)
SPREAD = "imputation-agreement"
ZEROS, ZEROS_TOLD = "imputation-zeros", "imputation-zeros-told"
PART = {name: f"imputation-part-{name}" for name in ("chosen", "pasted", "set", "group", "factor")}
GRAPH: Any = FIGURE_CONFIG
ORIGINS = {"group": "Markers of a group", "chosen": "Searched for", "pasted": "Pasted", "set": "Saved set",
           "factor": "Targets of a factor"}  # fmt: skip
SCALES = {"z": "Per feature (z)", "absolute": "Absolute"}
SHOWS = {"groups": "Groups", "cells": "Cells"}
NOT_YET = {"display": "none"}
NO_WAIT = {"visibility": "visible", "opacity": 0.55}


def layout(**asked: str) -> html.Div:
    """Build the page in the state that its URL names."""
    from monae_app.web.pages.imputation import before, checking, saving

    return html.Div(
        [
            html.H1("Imputation", className="visually-hidden"),
            dcc.Store(id=FEATURE, data=asked.get("feature")),
            html.Div(id=MESSAGE),
            html.Div(
                [
                    _heat(asked),
                    html.Div([_agreement(), html.Div([_detail(), _zeros()], className="imputation-stack")],
                             className="imputation-pair"),
                    html.Div([checking.section(),
                              html.Div([before.section(), saving.section()], className="imputation-stack")],
                             className="imputation-pair"),
                ],
                id=VIEW, className="imputation-page", hidden=True,
            ),
        ]
    )  # fmt: skip


def _heat(asked: dict[str, str]) -> html.Section:
    origin = asked.get("from") if asked.get("from") in ORIGINS else "group"
    keys = [each for each in asked.get("chosen", "").split("|") if each]
    toolbar = html.Div(
        [
            control("Features of", chosen(TARGET, asked.get("target"), clearable=False)),
            control("Imputed from", chosen(SOURCES, None, multi=True)),
            control("In groups of", chosen(COLUMN, asked.get("column"), clearable=False), "imputation-wide"),
            control("Show", _segments(SHOW, SHOWS, asked.get("show"))),
            control("Colours", _segments(SCALE, SCALES, asked.get("scale")), told=SCALE_TOLD),
        ],
        className="toolbar",
    )
    which = html.Div(
        [
            control("Which features", dcc.Dropdown(
                options=[{"value": key, "label": title} for key, title in ORIGINS.items()], value=origin, id=FROM,
                clearable=False), "imputation-wide"),
            html.Div(control("Group", chosen(GROUP, asked.get("group"), clearable=False), "imputation-wide"),
                     id=PART["group"]),
            html.Div(control("Features", dcc.Dropdown(
                id=FEATURES, multi=True, value=keys, options=keys, optionHeight=32, placeholder="search …",
                labels={"search": "Type the beginning of a name", "no_options_found": "Nothing begins like that"}),
                "imputation-widest"), id=PART["chosen"], hidden=True),
            html.Div(control("Names, by comma or line", dcc.Textarea(
                id=PASTED, value=asked.get("pasted", ""), rows=2, className="imputation-pasted"),
                "imputation-widest"), id=PART["pasted"], hidden=True),
            html.Div(control("Set", chosen(SET, asked.get("set"), clearable=False), "imputation-wide"),
                     id=PART["set"], hidden=True),
            html.Div(control("Factor", chosen(FACTOR, asked.get("factor"), clearable=False), "imputation-wide"),
                     id=PART["factor"], hidden=True),
        ],
        className="toolbar",
    )  # fmt: skip
    graph = dcc.Loading(
        dcc.Graph(id=HEAT, config=GRAPH, responsive=True, style=NOT_YET), delay_show=400, overlay_style=NO_WAIT
    )
    return html.Section(
        [
            html.H2("Measured beside imputed"), toolbar, which,
            html.P(id=SAID, className="muted small", **aria(live="polite")), graph,
            html.Div([figure_out(HEAT, "imputation_heatmap"), html.P(HEAT_TOLD, className="muted small")],
                     className="map-foot"),
        ],
        className="card",
    )  # fmt: skip


def _agreement() -> html.Section:
    return html.Section(
        [
            html.H2("Agreement of each feature, worst first"),
            html.P(AGREEMENT_TOLD, className="muted small"),
            html.Div(
                [
                    _grid(TABLE, 380),
                    dcc.Graph(id=SPREAD, config=GRAPH, responsive=True, style=NOT_YET),
                ],
                className="imputation-two",
            ),
            html.P(id=NOTE, className="muted small", **aria(live="polite")),
            figure_out(SPREAD, "imputation_agreement"),
        ],
        className="card",
    )  # fmt: skip


def _detail() -> html.Section:
    on_map = dcc.Link("On the map", id=ON_MAP, href="/", className="link-button")
    return html.Section(
        [
            html.H2("One feature", id=DETAIL_HEAD),
            html.P(id=DETAIL_TOLD, className="small", **aria(live="polite")),
            dcc.Graph(id=DETAIL, config=GRAPH, responsive=True, style=NOT_YET),
            figure_out(DETAIL, "imputation_feature", more=[on_map]),
        ],
        className="card",
    )


def _zeros() -> html.Section:
    return html.Section(
        [
            html.H2("Which zeros are filled"),
            html.P(id=ZEROS_TOLD, className="small", **aria(live="polite")),
            dcc.Graph(id=ZEROS, config=GRAPH, responsive=True, style=NOT_YET),
            figure_out(ZEROS, "imputation_zeros"),
        ],
        className="card",
    )


def control(title: str, inner: Any, extra: str = "", told: str = "") -> html.Div:
    """Put a title over a field."""
    return html.Div(
        [html.Span(title, className="control-title", title=told or None), inner], className=f"control {extra}",
        role="group", **aria(label=title),
    )  # fmt: skip


def chosen(name: str, value: str | None, **more: Any) -> dcc.Dropdown:
    """Offer what the URL names, until it is known what there is."""
    return dcc.Dropdown(id=name, value=value, options=[value] if value else [], optionHeight=32, **more)


def _segments(name: str, offered: dict[str, str], said: str | None) -> dcc.RadioItems:
    return dcc.RadioItems(
        [{"label": title, "value": key} for key, title in offered.items()],
        said if said in offered else next(iter(offered)), id=name, inline=True, className="segments",
    )  # fmt: skip


def _grid(name: str, height: int) -> dag.AgGrid:
    return dag.AgGrid(
        id=name, columnDefs=[], rowData=[], className="markers-grid", style={"height": f"{height}px"},
        defaultColDef={
            "sortable": True, "resizable": True, "minWidth": 42, "flex": 1, "suppressHeaderMenuButton": True,
            "wrapHeaderText": True, "autoHeaderHeight": True,
        },
        dashGridOptions={
            "rowSelection": {"mode": "singleRow", "checkboxes": False, "enableClickSelection": True},
            **GRID_OPTIONS,
        },
    )  # fmt: skip


SCALE_TOLD = "Per feature: z over all panels together, so that one colour means one level in each of them"
HEAT_TOLD = (
    "Rows are clustered over all panels and stand in one order in each. Every group weighs the same: of single "
    "cells, as many are drawn of a rare type as of a frequent one. Click a row to see its feature below."
)
AGREEMENT_TOLD = (
    "Correlation of imputed with measured levels over the groups, each feature centred, each group weighing the same. "
    "The ceiling is what the true levels could reach, from two halves of the cells."
)
