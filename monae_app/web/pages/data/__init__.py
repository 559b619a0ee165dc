"""Choose what to integrate: drop files, choose them on the server, or open a sample; see what was read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from monae_app.web.components import quality_panel, shared_structure
from monae_app.web.pages.data import choosing, reading
from monae_app.web.pages.data.layout import layout

if TYPE_CHECKING:
    from dash import Dash

    from monae_app.web.services import Services

__all__ = ["PATH", "TITLE", "layout", "register"]

PATH = "/data"
TITLE = "Data"


def register(app: Dash, services: Services) -> None:
    """Connect the page."""
    choosing.register(app, services)
    reading.register(app, services)
    quality_panel.register(app, services)
    shared_structure.register(app, services)
