"""The font of figures that go out as PDF: DejaVu, which travels with matplotlib and knows the signs of axes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from flask import Response, abort, send_file

if TYPE_CHECKING:
    from flask import Flask

NAMES = ("DejaVuSans.ttf", "DejaVuSans-Bold.ttf")
# A week: it changes with matplotlib alone.
KEPT_SECONDS = 7 * 24 * 3600


def path_of(name: str) -> Path:
    """Find a font of :data:`NAMES`."""
    # only who makes a PDF needs it
    import matplotlib as mpl

    return Path(mpl.get_data_path()) / "fonts" / "ttf" / name


def register(server: Flask) -> None:
    """Add the route to the server."""

    @server.get("/api/fonts/<name>")
    def font(name: str) -> Response:
        if name not in NAMES:
            abort(404)
        return send_file(path_of(name), mimetype="font/ttf", max_age=KEPT_SECONDS, conditional=True)
