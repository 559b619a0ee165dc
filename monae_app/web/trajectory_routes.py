"""What is found on the Trajectory page as files: cells, features, and the program that finds it anew."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Response, request

from monae_app.engine.errors import InputError
from monae_app.web.code_routes import CODE, place_of, program_answer
from monae_app.web.snippets.of_trajectory import trajectory_program
from monae_app.web.trajectory_view import TrajectoryView

if TYPE_CHECKING:
    import pandas as pd
    from flask import Flask

    from monae_app.web.services import Services
    from monae_app.web.trajectory_view import Followed

ROUTE = "/api/runs/<run>/trajectory/<key>"


def register(server: Flask, services: Services) -> None:
    """Add the routes to the server."""

    def found(run: str, key: str) -> Followed:
        known = TrajectoryView(services, None).by_key(services.view(run), key)
        if known is None:
            raise InputError("This trajectory is not kept any more.", "one of this week.", "follow the cells again.")
        return known

    @server.get(f"{ROUTE}/cells.csv")
    def cells_of_trajectory(run: str, key: str) -> Response:
        return _csv(found(run, key).cells(), "pseudotime")

    @server.get(f"{ROUTE}/features.csv")
    def features_of_trajectory(run: str, key: str) -> Response:
        return _csv(found(run, key).features.drop(columns="key"), "features_along_pseudotime")

    @server.get(f"{ROUTE}/links.csv")
    def links_of_trajectory(run: str, key: str) -> Response:
        return _csv(found(run, key).links, "peaks_and_genes_along_pseudotime")

    @server.get(f"{CODE}/trajectory.py")
    def code_of_trajectory(run: str) -> Response:
        known = found(run, request.args.get("key", ""))
        return program_answer(trajectory_program(*place_of(services, run, known.view), known), "trajectory")


def _csv(table: pd.DataFrame, name: str) -> Response:
    answer = Response(table.to_csv(index=False, float_format="%.6g", na_rep="NaN"), mimetype="text/csv")
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return answer
