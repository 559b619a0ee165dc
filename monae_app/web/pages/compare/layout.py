"""What the Compare page consists of."""

from __future__ import annotations

from typing import Any

from dash import dcc, html

from monae_app.web.compare_tables import OFFERED
from monae_app.web.components.aria import aria
from monae_app.web.components.code_link import code_link
from monae_app.web.components.figure_out import figure_out
from monae_app.web.components.graph_config import FIGURE_CONFIG
from monae_app.web.components.long_job import LongJob
from monae_app.web.components.short_job import ShortJob

NEIGHBOURS = ShortJob("compare-neighbours", "two_runs", "Compare neighbourhoods")
METHOD_JOB = LongJob("compare-method-job", "Compute", slots=1 + len(OFFERED))
SECOND, LABEL, COLOUR, METHOD = "compare-second", "compare-label", "compare-colour", "compare-method"
MESSAGE, BODY, REFUSED, TWO, SENTENCE = (
    "compare-message", "compare-body", "compare-refused", "compare-two", "compare-sentence",
)  # fmt: skip
ORDER, FIRST_MAP, SECOND_MAP, FIRST_NAME, SECOND_NAME, SELECTED = (
    "compare-order", "compare-map-first", "compare-map-second", "compare-name-first", "compare-name-second",
    "compare-selected",
)  # fmt: skip
SETTINGS, SCORES, TYPES, CODE = "compare-settings", "compare-scores", "compare-types", "compare-code"
METHODS_NOTE, METHOD_FIELD, TABLES, INTEGRATION, IMPUTATION, RECOVERY, FIGURE, NOT_HERE = (
    "compare-methods-note", "compare-method-field", "compare-tables", "compare-integration", "compare-imputation",
    "compare-recovery",
    "compare-figure", "compare-not-here",
)  # fmt: skip
GRAPH: Any = FIGURE_CONFIG
LEAD = "Two runs of the same data, and this run beside other methods that see the same cells, features and links."
OF_INTEGRATION = (
    "Raw values. Biology is the mean of MAP, ASW of the label and neighbour conservation; mixing the mean of SAS, "
    "ASW-batch and graph connectivity; overall is 0.6 and 0.4 of them. What is called scaled runs from 0, the worst "
    "of the methods in this table, to 1, the best: it is relative, and changes when a method is added."
)
OF_IMPUTATION = (
    "Across modalities: correlation (Pearson, feature by feature over cells) of imputed with measured values of the "
    "features that most cells show. The truth is the other half of each pair, which no method saw as such."
)
OF_RECOVERY = (
    "Within a modality: how much of counts that were kept aside each method recovers, as a share of the highest "
    "correlation that noise allows, in the median of the features."
)


def layout(second: str = "", label: str = "", colour: str = "", **_: str) -> html.Div:
    """Build the page in the state that its URL names."""
    choice = html.Section(
        [
            _field("Beside", SECOND, dcc.Dropdown(id=SECOND, value=second or None, placeholder="a second run")),
            _field("Label", LABEL, dcc.Dropdown(id=LABEL, value=label or None, placeholder="no label")),
            html.P(id=SENTENCE, className="muted compare-sentence", **aria(live="polite")),
        ],
        className="card compare-choice",
    )
    maps = html.Section(
        [
            html.Div(
                [
                    html.H2("Both maps"),
                    _field("Colour by", COLOUR, dcc.Dropdown(id=COLOUR, value=colour or None, clearable=False)),
                ],
                className="card-head",
            ),
            html.Div(
                [
                    html.Div([html.H3(id=FIRST_NAME), html.Div(id=FIRST_MAP, className="cell-map")]),
                    html.Div([html.H3(id=SECOND_NAME), html.Div(id=SECOND_MAP, className="cell-map")]),
                ],
                className="compare-maps",
            ),
            html.P(
                "Select cells in one map by a lasso or a click: the same cells light up in the other.",
                id=SELECTED, className="muted small", role="status",
            ),
            html.Div(
                [
                    figure_out(FIRST_MAP, "first_run", _no_table()),
                    figure_out(SECOND_MAP, "second_run", _no_table(), [code_link(CODE)]),
                ],
                className="compare-maps",
            ),
        ],
        className="card",
    )  # fmt: skip
    two = html.Div(
        [
            maps,
            html.Div([_card("Settings that differ", SETTINGS), _card("Scores", SCORES)], className="compare-pair"),
            _card("Neighbourhoods and types", TYPES, NEIGHBOURS.layout()),
        ],
        id=TWO,
        hidden=True,
        className="stack",
    )
    figure = html.Div(
        [
            dcc.Graph(id=FIGURE, config=GRAPH, responsive=True, className="compare-figure"),
            figure_out(FIGURE, "methods", title="Biology conservation and omics mixing"),
        ],
        id=f"{FIGURE}-box",
        hidden=True,
    )
    methods = html.Section(
        [
            html.H2("Beside other methods"),
            html.Div(id=METHODS_NOTE),
            html.Div(
                [
                    _field("Method", METHOD, dcc.Dropdown(id=METHOD, clearable=False)),
                    METHOD_JOB.starter(),
                ],
                id=METHOD_FIELD,
                className="compare-compute",
            ),
            METHOD_JOB.standing(),
            html.Div(id=NOT_HERE, className="muted small"),
            html.Div(
                [
                    html.H3("Integration"),
                    html.P(OF_INTEGRATION, className="muted small"),
                    html.Div(id=INTEGRATION),
                    figure,
                    html.H3("Imputation"),
                    html.P(OF_IMPUTATION, className="muted small"),
                    html.Div(id=IMPUTATION),
                    html.P(OF_RECOVERY, className="muted small"),
                    html.Div(id=RECOVERY),
                ],
                id=TABLES,
            ),
        ],
        className="card compare-methods",
    )
    body = html.Div([choice, html.Div(id=REFUSED), two, methods], id=BODY, hidden=True, className="stack")
    return html.Div(
        [
            html.Div([html.H1("Compare"), html.P(LEAD, className="lead")], className="page-head"),
            dcc.Store(id=ORDER),
            html.Div(id=MESSAGE),
            body,
        ]
    )


def _card(title: str, name: str, *more: Any) -> html.Section:
    return html.Section([html.H2(title), *more, html.Div(id=name)], className="card")


def _no_table() -> html.Span:
    # the values of cells are downloaded on the page Embedding
    return html.Span(hidden=True)


def _field(title: str, name: str, control: Any) -> html.Div:
    return html.Div([html.Label(title, htmlFor=name), control], className="field")
