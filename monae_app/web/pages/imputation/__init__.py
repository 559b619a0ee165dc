"""What was measured beside what is imputed, and whether that is to be trusted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from monae_app.web.pages.imputation import before, checking, choosing, saving, showing
from monae_app.web.pages.imputation.layout import layout
from monae_app.web.pages.imputation.sight import Sight
from monae_app.web.regulation_view import RegulationView
from monae_app.web.selections import Selections

if TYPE_CHECKING:
    from dash import Dash

    from monae_app.web.services import Services

__all__ = ["PATH", "TITLE", "layout", "register"]

PATH = "/imputation"
TITLE = "Imputation"


def register(app: Dash, services: Services) -> None:
    """Connect the page."""
    selections = Selections(services)
    sight = Sight(services, selections, RegulationView(services, selections))
    choosing.register(app, sight)
    showing.register(app, sight)
    checking.register(app, sight)
    before.register(app, sight)
    saving.register(app, sight)
