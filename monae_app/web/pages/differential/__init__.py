"""What tells groups of cells apart: a test, its whole table and its volcano, and features over groups."""

from __future__ import annotations

from typing import TYPE_CHECKING

from monae_app.web.pages.differential import asking, over_groups, tabled
from monae_app.web.pages.differential.layout import layout
from monae_app.web.selections import Selections

if TYPE_CHECKING:
    from dash import Dash

    from monae_app.web.services import Services

__all__ = ["PATH", "TITLE", "layout", "register"]

PATH = "/differential"
TITLE = "Differential"


def register(app: Dash, services: Services) -> None:
    """Connect the page."""
    asking.register(app, services, Selections(services))
    tabled.register(app, services)
    over_groups.register(app, services)
