"""The map as a plotly figure, for browsers that cannot draw the canvas: of a sample where there are many cells."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from monae_app.web.figures.embedding import embedding_figure, part_of
from monae_app.web.figures.style import style
from monae_app.web.parts import Parts

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from monae_app.web.explore import RunView
    from monae_app.web.map_colours import MapColours
    from monae_app.web.services import Services

# plotly draws so many in about a second.
MOST_CELLS = 100_000


def plain_figure(
    services: Services, colours: MapColours, view: RunView, order: dict[str, Any], theme: str | None
) -> go.Figure:
    """Draw what an order for the canvas asks for, at most :data:`MOST_CELLS` cells, the same ones every time.

    Parameters
    ----------
    order
        ``run``, ``part``, ``colour``, ``values``, ``panel`` and ``labels``, as the canvas gets them.
    theme
        Light or dark.

    Raises
    ------
    InputError
        If there is no such colour, or the map of some cells is not kept any more.
    """
    measured = order["values"] == "measured"
    colouring = colours.colouring(order["run"], view, order["colour"], measured=measured)
    part = order["part"]
    shown = Parts(services).shown(order["run"], part and part["key"])
    places = np.arange(len(shown.xy))
    if len(places) > MOST_CELLS:
        places = np.sort(np.random.default_rng(0).choice(len(places), MOST_CELLS, replace=False))
    rows = places if shown.rows is None else shown.rows[places]
    cells = view.some_cells(rows).assign(x=shown.xy[places, 0], y=shown.xy[places, 1])
    here = list(dict.fromkeys(cells["modality"]))
    panel = order["panel"]
    beside = {"split": here, "all": [*here, "joint"]}
    figure = embedding_figure(
        cells,
        colouring.values.iloc[rows].reset_index(drop=True),
        style(theme),
        title=colouring.title,
        unit=colouring.unit,
        panels=beside.get(panel, [panel if panel in here else "joint"]),
        labels=order["labels"],
    )
    return figure if part is None else part_of(figure, colouring.values, style(theme), name=str(part["key"]))
