"""Lists of markers: pasted or from a file, scored in all cells, and what they say of each cluster."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Any

from dash import Dash, Input, Output, State, ctx, html, no_update

from monae_app.engine.analysis.label_transfer.marker_lists import read_marker_lists
from monae_app.engine.analysis.numbered import by_number
from monae_app.engine.errors import InputError
from monae_app.web import ids
from monae_app.web.components.export_run import download_link
from monae_app.web.components.notice import alert, refused
from monae_app.web.pages.labels.keeping import saved_note
from monae_app.web.pages.labels.layout import (
    LISTS,
    LISTS_FILE,
    LISTS_SAID,
    MARKED,
    MARKED_SAVE,
    MARKED_SAVED,
    MARKED_TEXT,
    MARKERS,
    MOST_BYTES,
    TABLES,
)

if TYPE_CHECKING:
    from monae_app.jobs.kept_npz import Kept
    from monae_app.web.labels_view import LabelsView
    from monae_app.web.services import Services

NAME = "types by markers"
HEADS = ("Cluster", "Cells", "Type", "Score", "Second", "Its cells agree")
MOST_NAMED = 12


def register(app: Dash, services: Services, view: LabelsView) -> None:
    """Connect it."""

    def order(run: str | None, text: str | None) -> dict[str, Any]:
        opened = services.view(run or "")
        # What cannot be read is said at once.
        read_marker_lists(text or "")
        return {"folder": str(opened.folder), "text": text or ""}

    MARKERS.register(app, services, order, [State(ids.RUN, "value"), State(LISTS, "value")])
    _register_tables(app, services)

    @app.callback(
        Output(LISTS, "value"),
        Output(LISTS_SAID, "children"),
        Input(LISTS_FILE, "contents"),
        State(LISTS_FILE, "filename"),
        prevent_initial_call=True,
    )
    def read(contents: str | None, name: str | None) -> tuple[Any, Any]:
        try:
            data = base64.b64decode((contents or "").partition(",")[2], validate=True)
            text = data.decode("utf-8-sig")
        except (binascii.Error, UnicodeDecodeError):
            error = InputError(f"{str(name)[:80]} is no text.", "a text file (UTF-8).", "save it as plain text.")
            return no_update, refused(error)
        return (text, f"{str(name)[:80]} is read.") if len(data) <= MOST_BYTES else (no_update, None)

    @app.callback(
        Output(MARKED, "hidden"),
        Output(MARKED_TEXT, "children"),
        Input(MARKERS.outcome, "data"),
        Input(ids.RUN, "value"),
        prevent_initial_call=True,
    )
    def show(outcome: dict[str, Any] | None, run: str | None) -> tuple[bool, Any]:
        text = str(((outcome or {}).get("result") or {}).get("text", ""))
        known = view.marked(run, text) if run and text and view.view(run) is not None else None
        return known is None, known and [missing(known), table(known)]

    @app.callback(
        Output(MARKED_SAVED, "children"),
        Input(MARKED_SAVE, "n_clicks"),
        Input(MARKERS.outcome, "data"),
        State(ids.RUN, "value"),
        prevent_initial_call=True,
    )
    def keep(_clicks: Any, outcome: dict[str, Any] | None, run: str | None) -> Any:
        if ctx.triggered_id != MARKED_SAVE or run is None:
            return None
        try:
            made = view.keep_marked(run, str(((outcome or {}).get("result") or {}).get("text", "")), NAME)
        except InputError as error:
            return refused(error)
        return saved_note(run, made.name)


def _register_tables(app: Dash, services: Services) -> None:
    def order(run: str | None, outcome: dict[str, Any] | None) -> dict[str, Any]:
        # What is shown, whatever stands in the box by now.
        text = str(((outcome or {}).get("result") or {}).get("text", ""))
        return {"folder": str(services.view(run or "").folder), "text": text}

    states = [State(ids.RUN, "value"), State(MARKERS.outcome, "data")]
    for each, job in TABLES.items():
        job.register(app, services, lambda *values, each=each: {**order(*values), "each": each}, states, download_link)


def missing(known: Kept) -> Any:
    """Say which markers were not found."""
    lacking = {name: genes for name, genes in known.about["missing"].items() if genes}
    if not lacking:
        return html.P("All markers are in this run.", className="muted")
    lines = [
        f"{name}: {', '.join(genes[:MOST_NAMED])}{' …' if len(genes) > MOST_NAMED else ''}"
        for name, genes in lacking.items()
    ]
    number = sum(map(len, lacking.values()))
    return alert(f"{number:,} markers are not in this run", *lines, tone="info")


def table(known: Kept) -> html.Div:
    """Show a row for each cluster."""
    rows = [
        html.Tr(
            [
                html.Td(row["group"]),
                html.Td(f"{row['cells']:,}"),
                html.Td(html.Strong(row["label"])),
                html.Td(f"{row['score']:.2f}"),
                html.Td(f"{row['second']} ({row['score'] - row['margin']:.2f})"),
                html.Td(f"{row['agreeing']:.0%}"),
            ]
        )
        for row in sorted(known.about["groups"], key=lambda row: by_number(str(row["group"])))
    ]
    heads = html.Tr([html.Th(name, scope="col") for name in HEADS])
    return html.Div(
        html.Table([html.Thead(heads), html.Tbody(rows)], className="table labels-table"), className="table-scroll"
    )
