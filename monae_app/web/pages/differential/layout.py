"""What the Differential page consists of."""

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

JOB = ShortJob("differential", "compare", "Compare", primary=True)
FIRST, SECOND, MODALITY, SAMPLES = (
    "differential-first",
    "differential-second",
    "differential-modality",
    "differential-samples",
)
ASKED, RESULT, EMPTY, SENTENCE = (
    "differential-asked",
    "differential-result",
    "differential-empty",
    "differential-sentence",
)
TABLE, VOLCANO, CSV, SHOW_ON_MAP = (
    "differential-table",
    "differential-volcano",
    "differential-csv",
    "differential-on-map",
)
FEATURES, COLUMN, PART, KIND = "over-features", "over-column", "over-part", "over-kind"
FIGURE, FIGURE_CSV, FIGURE_DOWNLOAD, FIGURE_NOTE = "over-figure", "over-csv", "over-download", "over-note"
CODE, FIGURE_CODE = "differential-code", "over-code"
KINDS = {"dot": "Dots", "violin": "Violin", "heat": "Heatmap", "composition": "Composition"}
GRAPH: Any = FIGURE_CONFIG
TOLD = (
    "Choose cells and what to compare them with. What was measured is compared, never what was imputed: a group of the "
    "map always differs in values that the map itself made up."
)


def layout(first: str = "", second: str = "", **_: str) -> html.Div:
    """Build the page in the state that its URL names."""
    form = html.Section(
        [
            html.H2("Compare cells"),
            html.P(TOLD, className="muted small"),
            _field("These cells", FIRST, _groups(FIRST, first, "a group or a saved selection")),
            _field("with", SECOND, _groups(SECOND, second, "all other cells")),
            _field("in what was measured of", MODALITY, dcc.Dropdown(id=MODALITY, clearable=False)),
            _field(
                "Samples as repeats (pseudobulk)", SAMPLES,
                dcc.Dropdown(id=SAMPLES, placeholder="no: every cell is a repeat (Wilcoxon)"),
            ),
            JOB.layout(),
        ],
        className="card differential-form",
    )  # fmt: skip
    empty = html.Section(
        [
            html.H2("What tells cells apart"),
            html.P("Press Compare: the table of all features and its volcano appear here.", className="muted"),
        ],
        id=EMPTY,
        className="card differential-empty",
    )
    result = html.Section(
        [
            html.Div(
                [
                    html.H2("What tells them apart"),
                    html.Div(
                        [
                            dcc.Link("Show on the map", id=SHOW_ON_MAP, href="/", className="link-button"),
                            html.A("Download the whole table (CSV)", id=CSV, href="", className="link-button"),
                        ],
                        className="downloads",
                    ),
                ],
                className="card-head",
            ),
            html.P(id=SENTENCE, className="muted", **aria(live="polite")),
            html.Div(
                [
                    dag.AgGrid(
                        id=TABLE, columnDefs=[], rowData=[], className="differential-table",
                        defaultColDef={"sortable": True, "filter": True, "resizable": True, "minWidth": 90, "flex": 1},
                        dashGridOptions={
                            "rowSelection": {"mode": "multiRow", "checkboxes": False, "headerCheckbox": False,
                                             "enableClickSelection": True},
                            "pagination": True, "paginationPageSize": 100, **GRID_OPTIONS,
                        },
                    ),
                    html.Div(
                        [
                            dcc.Graph(id=VOLCANO, config=GRAPH, responsive=True, className="differential-volcano"),
                            figure_out(VOLCANO, "volcano", CSV, [code_link(CODE)]),
                        ],
                        className="differential-plot",
                    ),
                ],
                className="differential-pair",
            ),
        ],
        id=RESULT,
        className="card",
        hidden=True,
    )  # fmt: skip
    table = html.Button(
        "CSV", id=FIGURE_CSV, className="link-button", type="button", title="The values of the groups behind the figure"
    )
    over = html.Section(
        [
            html.H2("Features over groups"),
            html.Div(
                [
                    _field("Features", FEATURES, dcc.Dropdown(id=FEATURES, multi=True, placeholder="gene, peak …")),
                    _field("Groups of", COLUMN, dcc.Dropdown(id=COLUMN, clearable=False)),
                    html.Div(_field("Parts of", PART, dcc.Dropdown(id=PART, clearable=False)), id=f"{PART}-field"),
                    dcc.RadioItems(
                        [{"label": title, "value": key} for key, title in KINDS.items()], "dot",
                        id=KIND, inline=True, className="segments",
                    ),
                ],
                className="over-choice",
            ),
            html.Div(id=FIGURE_NOTE),
            dcc.Graph(id=FIGURE, config=GRAPH, responsive=True, className="over-figure"),
            figure_out(FIGURE, "features_over_groups", table, [code_link(FIGURE_CODE)]),
            dcc.Download(id=FIGURE_DOWNLOAD),
        ],
        className="card",
    )  # fmt: skip
    return html.Div(
        [
            html.H1("Differential", className="visually-hidden"),
            dcc.Store(id=ASKED),
            html.Div([form, html.Div([empty, result, over], className="stack")], className="differential"),
        ]
    )


def _groups(name: str, chosen: str, empty: str) -> dcc.Dropdown:
    values = [each for each in chosen.split("|") if each]
    return dcc.Dropdown(id=name, multi=True, value=values, options=values, placeholder=empty, optionHeight=32)


def _field(title: str, name: str, control: Any) -> html.Div:
    return html.Div([html.Label(title, htmlFor=name), control], className="field")
