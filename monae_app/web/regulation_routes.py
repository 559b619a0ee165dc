"""The tables of the page Regulation as files: all targets of a factor, the shortlist, and links."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from flask import Response, request

from monae_app.engine.errors import InputError
from monae_app.web.regulation_tables import COLUMNS, csv_of, said_of, shortlist
from monae_app.web.regulation_view import RegulationView, with_known

if TYPE_CHECKING:
    from flask import Flask

    from monae_app.web.regulation_view import Tables
    from monae_app.web.selections import Selections
    from monae_app.web.services import Services

ROUTE = "/api/runs/<run>/regulation"


def register(server: Flask, services: Services, selections: Selections) -> None:
    """Add the routes."""
    view = RegulationView(services, selections)

    @server.get(f"{ROUTE}/targets.csv")
    def targets(run: str) -> Response:
        tables, tf = _asked(view, run)
        known = view.known(run, tables, request.args.get("own"))
        table = with_known(view.targets(run, tables, tf), known, tf)
        lines = [f"Genes ranked as targets of {tf}", *tables.evidence.notes, *said_of(known)]
        return _file(csv_of(table[list(COLUMNS)], lines), f"targets_{tf}")

    @server.get(f"{ROUTE}/shortlist.csv")
    def candidates(run: str) -> Response:
        tables, tf = _asked(view, run)
        known = view.known(run, tables, request.args.get("own"))
        found, told = shortlist(with_known(view.targets(run, tables, tf), known, tf), tables, tf)
        lines = [f"Unreported candidates among the targets of {tf}", told, *said_of(known)]
        return _file(csv_of(found, lines), f"candidates_{tf}")

    @server.get(f"{ROUTE}/links.csv")
    def links(run: str) -> Response:
        tables = _tables(view, run)
        gene = request.args.get("gene") or None
        table = tables.evidence.links_table(gene)
        lines = [f"Peaks that go with {gene or 'genes'}, and how surely", *tables.evidence.notes]
        return _file(csv_of(table, lines), f"links_{gene or 'all'}")


def _tables(view: RegulationView, run: str) -> Tables:
    tables = view.tables(run, request.args.get("groups") or None)
    if tables is None:
        raise InputError("This was not worked out yet.", "a run whose regulation was worked out.", "open the page.")
    return tables


def _asked(view: RegulationView, run: str) -> tuple[Tables, str]:
    tables = _tables(view, run)
    name = request.args.get("tf", "")
    tf = tables.factor(name)
    if tf is None:
        raise InputError(f"The run knows no factor {name[:80]!r}.", "a gene of the run.", "choose another one.")
    return tables, tf


def _file(text: str, name: str) -> Response:
    safe = re.sub(r"[^\w.-]+", "_", name)
    headers = {"Content-Disposition": f'attachment; filename="{safe}.csv"', "Cache-Control": "no-store"}
    return Response(text, mimetype="text/csv", headers=headers)
