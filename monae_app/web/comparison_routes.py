"""The table of a comparison as a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Response

from monae_app.jobs.comparisons import Comparisons

if TYPE_CHECKING:
    from flask import Flask

    from monae_app.web.services import Services


def register(server: Flask, services: Services) -> None:
    """Add the route."""

    @server.get("/api/comparisons/<key>.csv")
    def comparison(key: str) -> Response:
        kept = Comparisons(services.settings.store, services.users.current())
        answer = Response(kept.text(key), mimetype="text/csv")
        answer.headers["Content-Disposition"] = 'attachment; filename="differential.csv"'
        return answer
