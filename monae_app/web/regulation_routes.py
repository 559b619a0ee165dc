"""The tables of the page Regulation as files: all targets of a factor, the shortlist, and links."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from flask import Response, request

from monae_app.engine.errors import InputError
from monae_app.web.network_data import network_for
from monae_app.web.network_files import KINDS, written
from monae_app.web.regulation_tables import COLUMNS, Filters, csv_of, said_of, shortlist
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

    @server.get(f"{ROUTE}/network.<kind>")
    def network(run: str, kind: str) -> Response:
        tables, _ = _asked(view, run)
        if kind not in KINDS:
            raise InputError(f"There is no {kind[:20]!r} of a network.", ", ".join(KINDS), "choose one of these.")
        said = request.args
        filters = Filters.read(
            said.get("which"), said.get("sign"), said.get("q", 1), said.get("backing"), said.get("top", 30)
        )
        known = view.known(run, tables, said.get("own"))
        found = network_for(view, run, tables, said.getlist("tf"), filters, known)
        lines = [f"Targets of {', '.join(said.getlist('tf'))[:200]}", *said_of(known)]
        return _file(written(found, kind, lines), f"network_{said.get('tf')}", kind)

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


def _file(text: str, name: str, kind: str = "csv") -> Response:
    safe = re.sub(r"[^A-Za-z0-9.-]+", "_", name)
    headers = {"Content-Disposition": f'attachment; filename="{safe}.{kind}"', "Cache-Control": "no-store"}
    return Response(text, mimetype=KINDS[kind], headers=headers)
