"""The parts of the Data page and their ids."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dash import dcc, html

from monae_app.web.components import quality_panel, shared_structure, words
from monae_app.web.components.aria import aria, with_label
from monae_app.web.components.file_browser import CHOSEN, file_browser
from monae_app.web.components.upload_box import upload_box

if TYPE_CHECKING:
    from collections.abc import Sequence

    from monae_app.web.bundled import Sample
    from monae_app.web.data_root import DataRoot
    from monae_app.web.services import Services

DOORS, SAMPLES, OPEN_SAMPLE = "data-doors", "data-samples", "data-open-sample"
BASKET_CARD, TABLE, REMOVED, UNDO, COUNTED = (
    "data-basket", "data-basket-table", "data-removed", "data-undo", "data-counted",
)  # fmt: skip
PLACES, JOIN, AS_BATCH, READ, MESSAGE = "data-places", "data-join", "data-as-batch", "data-read", "data-message"
SUMMARY, HEADING, ONWARD, QUALITY = "data-summary", "data-heading", "data-onward", "data-quality"
PLACES_NOTE, SEVERAL = "data-places-note", "data-several"
EARLIER, EARLIER_BOX = "data-earlier", "data-earlier-box"

INTRODUCTION = (
    "Files of one tissue: gene expression, open chromatin, protein, methylation. Cells need not be the same ones: no "
    "pairing is needed, and none is used to train unless you say so."
)


def layout(**_: str) -> html.Div:
    """Build the page."""
    left = html.Div([html.Div(id=DOORS, className="stack"), html.Div(id=SAMPLES, className="stack")], className="stack")
    quality = html.Div(quality_panel.panel(), id=QUALITY)
    right = html.Div([_basket(), _found(), shared_structure.panel(), quality], className="stack")
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
            _choice("Genes that only some samples have", JOIN, JOINS),
            _choice("Samples", AS_BATCH, BATCHES_OR_NOT),
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


JOINS = {"intersection": "Leave them out", "union": "Keep them, 0 where missing"}
BATCHES_OR_NOT = {"yes": "Are batches: differences are technical", "no": "Are no batches"}


def _choice(title: str, name: str, options: dict[str, str]) -> html.Div:
    """Offer some answers, the first of which is the standard."""
    shown = [{"label": label, "value": value} for value, label in options.items()]
    control = dcc.Dropdown(shown, next(iter(options)), id=name, clearable=False, searchable=False)
    return html.Div([html.Label(title, htmlFor=name), control], className="field")


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


def upload_card(services: Services) -> html.Section:
    """Show the door for files of one's own."""
    earlier = dcc.Dropdown(id=EARLIER, options=[], placeholder="Take an earlier upload …", searchable=False)
    return html.Section(
        [
            html.P("Your own", className="eyebrow"),
            html.H2("Add files"),
            upload_box(services.settings.limits, FORMATS),
            html.Div(with_label(earlier, "Earlier uploads"), id=EARLIER_BOX, hidden=True),
        ],
        className="card",
    )


FORMATS = "h5ad, h5mu, 10x h5, 10x matrix, loom, csv or tsv, zarr, fragments; zipped or not. GTF and BED for genomes."


def server_card(root: DataRoot | None, chosen: Sequence[str]) -> html.Section | html.Details:
    """Show the door for files that lie on the server; nothing to open where the server offers none."""
    if root is None:
        hidden = dcc.Store(id=CHOSEN, data=list(chosen))
        how = [html.P(NO_ROOT, className="muted small"), html.Pre("monae app --data-root FOLDER"), hidden]
        return html.Details([html.Summary("Files on this machine"), *how], className="card fold-card")
    return html.Section([html.H2("Files on the server"), file_browser(root, chosen)], className="card")


NO_ROOT = "Big files need no upload where the app can reach them: start it with the folder that they lie in."


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
