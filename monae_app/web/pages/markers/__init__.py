"""Cells and features in one map: the nearest features of a group, the nearest groups of a feature."""

from __future__ import annotations

from typing import TYPE_CHECKING

from monae_app.web.pages.markers import choosing, feature, mapped, tabled
from monae_app.web.pages.markers.layout import layout
from monae_app.web.pages.markers.sight import Sight
from monae_app.web.selections import Selections

if TYPE_CHECKING:
    from dash import Dash

    from monae_app.web.services import Services

__all__ = ["PATH", "TITLE", "layout", "register"]

PATH = "/markers"
TITLE = "Markers"


def register(app: Dash, services: Services) -> None:
    """Connect the page."""
    sight = Sight(services, Selections(services))
    choosing.register(app, sight)
    tabled.register(app, sight)
    feature.register(app, sight)
    mapped.register(app, sight)
