"""The parts of the Data page and their ids."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dash import dcc, html

from monae_app.web.components import words
from monae_app.web.components.aria import aria

if TYPE_CHECKING:
    from monae_app.web.bundled import Sample

DOORS, SAMPLES, OPEN_SAMPLE = "data-doors", "data-samples", "data-open-sample"
BASKET_CARD, TABLE, REMOVED, UNDO, COUNTED = (
    "data-basket", "data-basket-table", "data-removed", "data-undo", "data-counted",
)  # fmt: skip
PLACES, JOIN, AS_BATCH, READ, MESSAGE = "data-places", "data-join", "data-as-batch", "data-read", "data-message"
SUMMARY, HEADING, ONWARD, QUALITY = "data-summary", "data-heading", "data-onward", "data-quality"
PLACES_NOTE, SEVERAL = "data-places-note", "data-several"

INTRODUCTION = (
    "Files of one tissue: gene expression, open chromatin, protein. Cells need not be the same ones: no pairing is "
    "needed, and none is used to train."
)


def layout(**_: str) -> html.Div:
    """Build the page."""
    left = html.Div([html.Div(id=DOORS), html.Div(id=SAMPLES, className="stack")], className="stack")
    right = html.Div([_basket(), _found(), html.Div(id=QUALITY)], className="stack")
    return html.Div(
        [
            html.Div([html.H1("Data"), html.P(INTRODUCTION, className="lead")], className="page-head"),
            html.Div([left, right], className="two-columns data-page"),
        ]
    )


def _basket() -> html.Section:
    places = html.Div(
        [
            html.Label("Genome, or a file that says where genes lie", htmlFor=PLACES),
            dcc.Dropdown(id=PLACES, clearable=False, searchable=False),
            html.P(id=PLACES_NOTE),
        ],
        className="field",
    )
    several = html.Div(
        [
            html.Div(
                [
                    html.Label("Genes that only some samples have", htmlFor=JOIN),
                    dcc.Dropdown(
                        [
                            {"label": "Leave them out", "value": "intersection"},
                            {"label": "Keep them, 0 where missing", "value": "union"},
                        ],
                        "intersection",
                        id=JOIN,
                        clearable=False,
                        searchable=False,
                    ),
                ],
                className="field",
            ),
            html.Div(
                [
                    html.Label("Samples", htmlFor=AS_BATCH),
                    dcc.Dropdown(
                        [
                            {"label": "Are batches: differences are technical", "value": "yes"},
                            {"label": "Are no batches", "value": "no"},
                        ],
                        "yes",
                        id=AS_BATCH,
                        clearable=False,
                        searchable=False,
                    ),
                ],
                className="field",
            ),
        ],
        id=SEVERAL,
        className="fields",
        hidden=True,
    )
    return html.Section(
        [
            html.H2("Chosen files"),
            html.Div(id=TABLE, **aria(live="polite")),
            html.Div(id=REMOVED),
            html.Div([places], className="fields one-column"),
            several,
            html.Div(
                [html.Button("Read these files", id=READ, className="button primary"), html.Span(id=COUNTED)],
                className="buttons read-bar",
            ),
            html.Div(id=MESSAGE),
        ],
        id=BASKET_CARD,
        className="card",
        hidden=True,
    )


def _found() -> html.Section:
    onward = dcc.Link("Continue to training", href="/training", className="button primary")
    return html.Section(
        [
            html.Div([html.H2(id=HEADING), onward], id=ONWARD, className="card-head", hidden=True),
            dcc.Loading(
                html.Div(id=SUMMARY),
                delay_show=300,
                overlay_style={"visibility": "visible", "opacity": 0.5},
                custom_spinner=html.P("Reading the files …", className="spinner-note", role="status"),
            ),
        ],
        className="card",
        **aria(live="polite"),
    )


def sample_card(sample: Sample) -> html.Section:
    """Show a bundled sample."""
    about = sample.about
    known = (("organism", about.get("organism")), ("genome", about.get("genome")), ("cells", about.get("cells")))
    facts = [
        html.Span(f"{words.number(value)} {key}" if key == "cells" else str(value), className="chip")
        for key, value in known
        if value
    ]
    button: Any = html.Button("Open the sample", id={"type": OPEN_SAMPLE, "name": sample.name}, className="button")
    return html.Section(
        [
            html.P("Bundled sample", className="eyebrow"),
            html.H2(sample.title),
            html.P(about.get("description", "")),
            html.Div(facts, className="chips"),
            html.P(about.get("citation", ""), className="muted small"),
            html.Div(
                [button, dcc.Link("Open its map", href=f"/?run={sample.run_id}", className="button quiet")],
                className="buttons",
            ),
        ],
        className="card",
    )
