"""A gene set to colour by: pasted or from a file, kept under a name; cells show the mean of its genes."""

from __future__ import annotations

import base64
import binascii
import re
from typing import TYPE_CHECKING, Any

from dash import Dash, Input, Output, State, dcc, html, no_update

from monae_app.engine.errors import InputError
from monae_app.jobs.gene_sets import GeneSet
from monae_app.web import ids
from monae_app.web.components import words
from monae_app.web.components.notice import refused

if TYPE_CHECKING:
    from monae_app.web.map_colours import MapColours
    from monae_app.web.services import Services

NAME, GENES, FILE, START, SAID = "geneset-name", "geneset-genes", "geneset-file", "geneset-start", "geneset-said"
# The key of a set that was made just now, see monae_app.web.map_colours.
MADE = "geneset-made"
TOLD = "Cells show the mean of the genes (or peaks, or proteins) of a set. It is found again under 'Colour by'."
MOST_BYTES = 200_000
MOST_NAMED = 8


def gene_set_box() -> html.Details:
    """Build the fold with name and genes."""
    return html.Details(
        [
            html.Summary("Colour by a gene set"),
            dcc.Store(id=MADE),
            html.P(TOLD, className="muted small"),
            html.Label("Name", htmlFor=NAME),
            dcc.Input(id=NAME, value="", placeholder="e.g. T cell activation"),
            html.Label("Genes", htmlFor=GENES),
            dcc.Textarea(
                id=GENES, value="", className="imputed-features", placeholder="symbols or Ensembl ids", rows=3
            ),
            html.Div(
                [
                    html.Button("Colour by it", id=START, className="button", type="button"),
                    # A list of names, at most 200 kB.
                    dcc.Upload(  # noqa: TID251
                        html.Button("From a file", className="link-button", type="button"), id=FILE,
                        max_size=MOST_BYTES, accept=".txt,.csv,.tsv,.gmt,.grp",
                    ),
                ],
                className="buttons",
            ),
            html.Div(id=SAID, role="status", className="small"),
        ],
        className="fold geneset-fold",
    )  # fmt: skip


def register(app: Dash, services: Services, colours: MapColours) -> None:
    """Connect the fold."""

    @app.callback(
        Output(GENES, "value"),
        Output(NAME, "value"),
        Input(FILE, "contents"),
        State(FILE, "filename"),
        State(NAME, "value"),
        prevent_initial_call=True,
    )
    def read(contents: str | None, filename: str | None, name: str | None) -> tuple[Any, Any]:
        genes = genes_of(text_of(contents))
        return "\n".join(genes), name or (filename or "").rpartition(".")[0]

    @app.callback(
        Output(MADE, "data"),
        Output(SAID, "children"),
        Input(START, "n_clicks"),
        State(ids.RUN, "value"),
        State(NAME, "value"),
        State(GENES, "value"),
        prevent_initial_call=True,
    )
    def make(clicks: int | None, run: str | None, name: str | None, genes: str | None) -> tuple[Any, Any]:
        if not clicks:
            return no_update, no_update
        try:
            view, made = services.view(run or ""), GeneSet.of(name, genes_of(genes or ""))
            # what is nowhere in this run is refused before it is kept
            view.members(made)
            colours.sets.add(made)
        except InputError as error:
            return no_update, refused(error)
        found, missing = view.look_up(made.genes)
        return {"key": f"set:{made.id}", "clicks": clicks}, _said(len(found), missing)


def genes_of(text: str) -> list[str]:
    """Split pasted names, by line, comma, semicolon or tab; a GMT line begins with its name and its source."""
    lines = text.splitlines()
    if len(lines) == 1 and (fields := lines[0].split("\t"))[3:] and re.match(r"https?://|na$|$", fields[1], re.I):
        lines = fields[2:]
    return [name for line in lines for part in re.split(r"[,;\t]", line) if (name := part.strip().strip("\"'"))]


def text_of(contents: str | None) -> str:
    """Decode what dcc.Upload hands over; empty if it is no text."""
    try:
        return base64.b64decode((contents or "").partition(",")[2]).decode("utf-8-sig")
    except (binascii.Error, UnicodeDecodeError):
        return ""


def _said(found: int, missing: list[str]) -> str:
    if not missing:
        return f"All {found:,} are there."
    named = missing[:MOST_NAMED]
    if len(missing) > MOST_NAMED:
        named.append(f"{len(missing) - MOST_NAMED:,} more")
    return f"{found:,} found; not in this run: {words.listed(named)}."
