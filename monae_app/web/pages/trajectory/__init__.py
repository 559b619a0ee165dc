"""Cells along a way: pseudotime from a root, branches, and what changes along them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from monae_app.web.pages.trajectory import choosing, drawing, featuring, linked
from monae_app.web.pages.trajectory import layout as page
from monae_app.web.selections import Selections
from monae_app.web.trajectory_view import TrajectoryView

if TYPE_CHECKING:
    from dash import Dash, html

    from monae_app.web.services import Services

__all__ = ["PATH", "TITLE", "layout", "register"]

PATH = "/trajectory"
TITLE = "Trajectory"


def layout(**asked: str) -> html.Div:
    """Build the page in the state that its URL names."""
    return page.layout(linked.section(), **asked)


def register(app: Dash, services: Services) -> None:
    """Connect the page."""
    view = TrajectoryView(services, Selections(services))
    choosing.register(app, view)
    drawing.register(app, view)
    featuring.register(app, view)
    linked.register(app, view)
