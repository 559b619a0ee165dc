"""The tables of the page Compare as files, and its program."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Response, request

from monae_app.engine.errors import InputError
from monae_app.web import compare_tables as tables
from monae_app.web.code_routes import place_of, program_answer
from monae_app.web.snippets.of_comparison import comparison_of_runs
from monae_app.web.two_runs import pair_of

if TYPE_CHECKING:
    import pandas as pd
    from flask import Flask

    from monae_app.web.services import Services

OF_TWO = {"settings": tables.settings_table, "scores": tables.scores_table, "types": tables.types_table}
OF_METHODS = {"integration": tables.integration_table, "imputation": tables.imputation_table}
RECOVERY = "recovery"


def register(server: Flask, services: Services) -> None:
    """Add the routes."""

    @server.get("/api/runs/<run>/compare/<what>.csv")
    def compared(run: str, what: str) -> Response:
        second, label = request.args.get("second", ""), request.args.get("label") or None
        answer = Response(_table(services, run, what, second, label).to_csv(index=False), mimetype="text/csv")
        answer.headers["Content-Disposition"] = f'attachment; filename="compare_{what}.csv"'
        answer.headers["Cache-Control"] = "no-store"
        return answer

    @server.get("/api/runs/<run>/code/compare.py")
    def code_of_compare(run: str) -> Response:
        second, label = request.args.get("second", ""), request.args.get("label") or None
        view, other = services.view(run), services.view(second)
        if label is not None and label not in view.groupings:
            raise InputError("This run has no such column.", "a label of its cells.", "choose another one.")
        folder, name = place_of(services, run, view)
        there, its = place_of(services, second, other)
        return program_answer(comparison_of_runs(folder, name, there, its, label), "compare")


def _table(services: Services, run: str, what: str, second: str, label: str | None) -> pd.DataFrame:
    if what in OF_METHODS:
        return OF_METHODS[what](tables.method_rows(services, run, second or None, label))
    if what == RECOVERY:
        table = tables.recovery_table(services, run)
        if table is None:
            raise InputError("This run was not checked yet.", "a run with a hold-out check.", "check it first.")
        return table
    if what in OF_TWO:
        return OF_TWO[what](pair_of(services, run, second, label))
    raise InputError(
        "There is no such table.", f"one of {', '.join([*OF_TWO, *OF_METHODS, RECOVERY])}.", "choose another."
    )
