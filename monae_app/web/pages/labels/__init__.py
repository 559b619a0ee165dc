"""Labels: carried over from another modality with a confidence, or told by lists of markers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from monae_app.web.labels_view import LabelsView
from monae_app.web.pages.labels import choosing, files, keeping, marking, showing
from monae_app.web.pages.labels.layout import layout
from monae_app.web.selections import Selections

if TYPE_CHECKING:
    from dash import Dash

    from monae_app.web.services import Services

__all__ = ["PATH", "TITLE", "layout", "register"]

PATH = "/labels"
TITLE = "Labels"


def register(app: Dash, services: Services) -> None:
    """Connect the page."""
    view = LabelsView(services, Selections(services))
    files.register(app, view)
    choosing.register(app, services, view)
    showing.register(app, view)
    keeping.register(app, services, view)
    marking.register(app, services, view)
