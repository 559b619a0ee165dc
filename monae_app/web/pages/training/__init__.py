"""Start a training, follow it, stop it, go on with it, and look back at earlier ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from monae_app.web.pages.training import actions, describing, form, history, retrying, watching
from monae_app.web.pages.training.layout import layout
from monae_app.web.run_actions import RunActions

if TYPE_CHECKING:
    from dash import Dash

    from monae_app.web.services import Services

__all__ = ["PATH", "TITLE", "layout", "register"]

PATH = "/training"
TITLE = "Training"


def register(app: Dash, services: Services) -> None:
    """Connect the page."""
    deeds = RunActions(services)
    form.register(app, services)
    retrying.register(app, services, deeds)
    watching.register(app, services, deeds)
    actions.register(app, services, deeds)
    describing.register(app, services, deeds)
    history.register(app, services, deeds)
