"""Choose what to integrate, and see what was read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dash import ALL, Dash, Input, Output, State, ctx, dcc, html, no_update

from monae_app.engine.errors import InputError
from monae_app.web import ids
from monae_app.web.components import words
from monae_app.web.components.aria import aria
from monae_app.web.components.file_browser import file_browser
from monae_app.web.components.notice import empty, refused
from monae_app.web.components.summary_table import summary_table
from monae_app.web.components.upload_box import upload_box
from monae_app.web.datasets import GENOMES, ROOT, Source

if TYPE_CHECKING:
    from monae_app.web.bundled import Sample
    from monae_app.web.services import Services

PATH = "/data"
TITLE = "Data"

CHOICES, OPEN_SAMPLE, UPLOADS = "data-choices", "data-open-sample", "data-uploads"
RNA, ATAC, GENOME, READ = "data-rna", "data-atac", "data-genome", "data-read"
MESSAGE, SUMMARY, HEADING, ONWARD = "data-message", "data-summary", "data-heading", "data-onward"


def layout(**_: str) -> html.Div:
    """Build the page."""
    found = html.Section(
        [
            html.Div(
                [html.H2(id=HEADING), dcc.Link("Continue to training", href="/training", className="button primary")],
                id=ONWARD,
                className="card-head",
                hidden=True,
            ),
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
    door = html.Section(id=UPLOADS, className="card")
    return html.Div(
        [
            html.Div([html.H1("Data"), html.P(INTRODUCTION, className="lead")], className="page-head"),
            html.Div(
                [html.Div([html.Div(id=CHOICES, className="stack"), door], className="stack"), found],
                className="two-columns data-page",
            ),
        ]
    )


INTRODUCTION = (
    "Two modalities measured in different cells of the same tissue. No pairing is needed, and none is used to train."
)


def register(app: Dash, services: Services) -> None:
    """Connect the page."""

    @app.callback(Output(CHOICES, "children"), Input(CHOICES, "id"), Input(ids.UPLOADS, "data"))
    def offer(_: str, _uploads: Any) -> list[Any]:
        cards = [_sample_card(sample) for sample in services.catalogue.samples]
        return [*cards, _files_card(services)]

    @app.callback(Output(UPLOADS, "children"), Input(UPLOADS, "id"))
    def open_door(_: str) -> list[Any]:
        return [html.H2("Upload"), upload_box(services.settings.limits)]

    @app.callback(
        Output(ids.SOURCE, "data"),
        Output(MESSAGE, "children"),
        Input({"type": OPEN_SAMPLE, "name": ALL}, "n_clicks"),
        Input(READ, "n_clicks"),
        State(RNA, "value"),
        State(ATAC, "value"),
        State(GENOME, "value"),
        prevent_initial_call=True,
        running=[(Output(READ, "disabled"), True, False), (Output(READ, "children"), "Reading …", "Read files")],
    )
    def choose(
        _samples: list[int | None], _read: int | None, rna: str | None, atac: str | None, genome: str | None
    ) -> tuple[Any, Any]:
        if not any(trigger["value"] for trigger in ctx.triggered):
            return no_update, no_update
        pressed: Any = ctx.triggered_id
        if pressed != READ:
            return Source(sample=pressed["name"]).to_json(), None
        chosen = tuple((name, (path,)) for name, path in (("atac", atac), ("rna", rna)) if path)
        return _read_files(services, Source(inputs=chosen, genome=genome or ""))

    @app.callback(
        Output(SUMMARY, "children"),
        Output(HEADING, "children"),
        Output(ONWARD, "hidden"),
        Input(ids.SOURCE, "data"),
    )
    def show(chosen: dict[str, Any] | None) -> tuple[Any, str, bool]:
        return _summary(services, chosen)


def _read_files(services: Services, source: Source) -> tuple[Any, Any]:
    try:
        services.summary(source)
    except InputError as error:
        return no_update, refused(error)
    return source.to_json(), None


def _summary(services: Services, chosen: dict[str, Any] | None) -> tuple[Any, str, bool]:
    source = Source.from_json(chosen) or services.catalogue.default()
    if source is None:
        return empty("Nothing read yet", html.P("Choose files on the left to see what they hold.")), "", True
    try:
        return summary_table(services.summary(source)), services.catalogue.title(source), False
    except InputError as error:
        return refused(error), "", True


def _sample_card(sample: Sample) -> html.Section:
    about = sample.about
    known = (("organism", about.get("organism")), ("genome", about.get("genome")), ("cells", about.get("cells")))
    facts = [
        html.Span(f"{words.number(value)} {key}" if key == "cells" else str(value), className="chip")
        for key, value in known
        if value
    ]
    button = html.Button("Open the sample", id={"type": OPEN_SAMPLE, "name": sample.name}, className="button")
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


def _files_card(services: Services) -> html.Section:
    catalogue = services.catalogue
    root = catalogue.root
    entries = root.list().entries if root else ()
    names = catalogue.named() + catalogue.uploaded() + [f"{ROOT}{entry.path}" for entry in entries]
    options = [{"label": catalogue.label(name), "value": name} for name in names]
    places = [*GENOMES, *(each for each in options if ".bed" in each["label"] or ".gtf" in each["label"])]
    browser = [file_browser(root)] if root else []
    fields = html.Div(
        [
            _field("RNA", dcc.Dropdown(options, id=RNA, placeholder="counts, cells x genes (.h5ad)")),
            _field("ATAC", dcc.Dropdown(options, id=ATAC, placeholder="counts, cells x peaks (.h5ad)")),
            _field(
                "Genome, or gene coordinates (BED)",
                dcc.Dropdown(places, "hg38", id=GENOME, clearable=False, searchable=False),
            ),
        ],
        className="fields one-column",
    )
    button = html.Button("Read files", id=READ, className="button")
    return html.Section([*_files_head(), *browser, fields, button, html.Div(id=MESSAGE)], className="card")


def _files_head() -> list[Any]:
    return [html.P("Your own", className="eyebrow"), html.H2("Files on this machine")]


def _field(title: str, control: Any) -> html.Div:
    return html.Div([html.Label(title, htmlFor=control.id), control], className="field")
