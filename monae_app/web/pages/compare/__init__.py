"""Two runs of the same data beside each other, and a run beside other methods on the same input."""

from __future__ import annotations

from typing import TYPE_CHECKING

from monae_app.web.pages.compare import choosing, methods, showing
from monae_app.web.pages.compare.layout import layout

if TYPE_CHECKING:
    from dash import Dash

    from monae_app.web.services import Services

__all__ = ["PATH", "TITLE", "layout", "register"]

PATH = "/compare"
TITLE = "Compare"


def register(app: Dash, services: Services) -> None:
    """Connect the page."""
    choosing.register(app, services)
    showing.register(app, services)
    methods.register(app, services)
