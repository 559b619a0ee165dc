"""The first screen: the map of all cells, how well they were integrated, and what can be made of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from monae_app.web.map_colours import MapColours
from monae_app.web.pages.embedding import drawing, gene_set, imputed_file, some_cells, whole_file
from monae_app.web.pages.embedding.drawing import panel_choice
from monae_app.web.pages.embedding.layout import layout
from monae_app.web.selections import Selections

if TYPE_CHECKING:
    from dash import Dash

    from monae_app.web.services import Services

__all__ = ["PATH", "TITLE", "layout", "panel_choice", "register"]

PATH = "/"
TITLE = "Embedding"


def register(app: Dash, services: Services) -> None:
    """Connect the page."""
    selections = Selections(services)
    colours = MapColours(services, selections)
    drawing.register(app, services, colours)
    some_cells.register(app, services, selections)
    imputed_file.register(app, services)
    whole_file.register(app, services)
    gene_set.register(app, services, colours)
