"""The features on the map as a file, and the programs that make the views of the page Markers anew."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Response, request

from monae_app.engine.errors import InputError
from monae_app.web.code_routes import CODE, place_of, program_answer
from monae_app.web.marker_groups import marker_groups, number_of
from monae_app.web.marker_map import shown_features
from monae_app.web.marker_view import MarkerView, Wanted
from monae_app.web.snippets.of_markers import Grouped, features_program, groups_program, map_program

if TYPE_CHECKING:
    import pandas as pd
    from flask import Flask

    from monae_app.web.explore import RunView
    from monae_app.web.marker_groups import MarkerGroups
    from monae_app.web.selections import Selections
    from monae_app.web.services import Services


def register(server: Flask, services: Services, selections: Selections) -> None:
    """Add the routes to the server."""

    def chosen(run: str) -> tuple[RunView, MarkerGroups, MarkerView]:
        view, said = services.view(run), request.args
        found = marker_groups(view, run, selections, said.get("column", ""), said.get("group"))
        return view, found, MarkerView.of(view, found.groups, f"{found.column}@{found.version}")

    @server.get("/api/runs/<run>/markers.csv")
    def csv_of_markers(run: str) -> Response:
        _, _, markers = chosen(run)
        table, _ = shown_features(markers, request.args.get("show", ""), _wanted(), _features(markers))
        return _csv(table, "markers_map")

    @server.get("/api/runs/<run>/nearest_groups.csv")
    def csv_of_groups(run: str) -> Response:
        _, _, markers = chosen(run)
        return _csv(markers.nearest_groups(request.args.get("feature", ""))[0], "nearest_groups")

    @server.get(f"{CODE}/markers.py")
    def code_of_markers(run: str) -> Response:
        view, found, markers = chosen(run)
        place = place_of(services, run, view)
        text = map_program(*place, _grouped(found), request.args.get("show", ""), _wanted(), _features(markers))
        return program_answer(text, "markers")

    @server.get(f"{CODE}/nearest_features.py")
    def code_of_nearest_features(run: str) -> Response:
        view, found, markers = chosen(run)
        group = number_of(found, request.args.get("group"))
        text = features_program(*place_of(services, run, view), _grouped(found), markers.names[group], _wanted())
        return program_answer(text, "nearest_features")

    @server.get(f"{CODE}/nearest_groups.py")
    def code_of_nearest_groups(run: str) -> Response:
        view, found, markers = chosen(run)
        key = request.args.get("feature", "")
        # what is not there is said here
        markers.feature(key)
        return program_answer(groups_program(*place_of(services, run, view), _grouped(found), key), "nearest_groups")


def _csv(table: pd.DataFrame, name: str) -> Response:
    answer = Response(table.to_csv(index=False, float_format="%.6g"), mimetype="text/csv")
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return answer


def _wanted() -> Wanted:
    said = request.args
    try:
        specific, share = (min(max(float(said.get(name) or 0), 0.0), 1.0) for name in ("specific", "share"))
    except ValueError as error:
        raise InputError("These are no shares.", "numbers from 0 to 1.", "choose others.") from error
    return Wanted(said.get("modality", ""), specific, share)


def _features(markers: MarkerView) -> list[str]:
    keys = request.args.getlist("feature")
    for key in keys:
        markers.feature(key)
    return keys


def _grouped(found: MarkerGroups) -> Grouped:
    return Grouped(found.column, list(found.groups.names), found.groups.codes, whole="+" not in found.version)
