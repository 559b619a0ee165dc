"""Routes that keep what a map shows, for a link, and give it to whoever opens the link. N cells."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Response, jsonify, request

from monae_app.engine.errors import InputError
from monae_app.jobs import bitsets
from monae_app.jobs.views import MapView, Views
from monae_app.web.parts import Parts

if TYPE_CHECKING:
    from flask import Flask

    from monae_app.web.services import Services

# Names and colours of groups; the selection comes on top, four characters for three bytes.
MOST_BYTES = 256 << 10


def register(server: Flask, services: Services) -> None:
    """Add the routes to the server."""
    views, parts = Views(services.settings.store), Parts(services)

    @server.post("/api/runs/<run>/views")
    def keep(run: str) -> tuple[Response, int]:
        shown = services.view(run)
        if (request.content_length or 0) > MOST_BYTES + 2 * bitsets.bytes_for(shown.n_cells):
            raise InputError(
                "What the map shows is too much for a link.", "a view of a map.", "reload the page and try again."
            )
        view = MapView.of(request.get_json(silent=True), shown.n_cells)
        if view.part is not None:
            # what is not there cannot be kept
            parts.shown(run, view.part)
            parts.maps(run).keep_for_link(view.part)
        return jsonify(token=views.add(services.users.current(), shown.folder, view)), 201

    @server.get("/api/runs/<run>/views/<token>.json")
    def give(run: str, token: str) -> Response:
        answer = jsonify(views.read(token, services.view(run).folder).model_dump(mode="json"))
        answer.headers["Cache-Control"] = "no-store"
        return answer
