"""What regulates what: targets of a factor, the peaks that go with them, and both over groups of cells."""

from __future__ import annotations

from typing import TYPE_CHECKING

from monae_app.web.pages.regulation import choosing, knowing, listing
from monae_app.web.pages.regulation.layout import layout
from monae_app.web.regulation_view import RegulationView
from monae_app.web.selections import Selections

if TYPE_CHECKING:
    from dash import Dash

    from monae_app.web.services import Services

__all__ = ["PATH", "TITLE", "layout", "register"]

PATH = "/regulation"
TITLE = "Regulation"


def register(app: Dash, services: Services) -> None:
    """Connect the page."""
    view = RegulationView(services, Selections(services))
    choosing.register(app, services, view)
    knowing.register(app, view)
    listing.register(app, view)
