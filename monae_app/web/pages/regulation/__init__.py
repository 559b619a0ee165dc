"""What regulates what: targets of a factor, the peaks that go with them, and both over groups of cells."""

from __future__ import annotations

from typing import TYPE_CHECKING

from monae_app.web.pages.regulation import agreeing, choosing, heating, knowing, listing, moving, networking, peaking
from monae_app.web.pages.regulation import layout as page
from monae_app.web.regulation_view import RegulationView
from monae_app.web.selections import Selections

if TYPE_CHECKING:
    from dash import Dash, html

    from monae_app.web.services import Services

__all__ = ["PATH", "TITLE", "layout", "register"]

PATH = "/regulation"
TITLE = "Regulation"


def layout(**asked: str) -> html.Div:
    """Build the page in the state that its URL names."""
    return page.layout(asked, [networking.section(), heating.section()], agreeing.section())


def register(app: Dash, services: Services) -> None:
    """Connect the page."""
    view = RegulationView(services, Selections(services))
    choosing.register(app, services, view)
    knowing.register(app, view)
    agreeing.register(app, services)
    listing.register(app, view)
    moving.register(app, view)
    peaking.register(app, view)
    networking.register(app, view)
    heating.register(app, view)
