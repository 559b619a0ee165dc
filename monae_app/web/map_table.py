"""The table behind the map, as .csv: written a block of cells at a time, however many there are."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
from flask import Response, request

from monae_app.web.map_colours import MEASURED
from monae_app.web.parts import Parts

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd
    from flask import Flask

    from monae_app.web.map_colours import MapColours
    from monae_app.web.parts import Shown
    from monae_app.web.services import Services

ROWS_AT_ONCE = 2**16
COLUMNS = {"id": "cell", "modality": "modality", "x": "umap_1", "y": "umap_2"}


def register(server: Flask, services: Services, colours: MapColours) -> None:
    """Add the route to the server."""

    @server.get("/api/runs/<run>/map.csv")
    def map_csv(run: str) -> Response:
        view = services.view(run)
        key = request.args.get("colour") or view.default_colour
        colouring = colours.colouring(run, view, key, measured=request.args.get("values") == MEASURED)
        shown = Parts(services).shown(run, request.args.get("part"))
        named = f"{colouring.title} ({colouring.unit})" if colouring.unit else colouring.title
        name = re.sub(r"[^A-Za-z0-9._-]+", "_", f"map_{key.partition(':')[2]}")
        headers = {"Content-Disposition": f'attachment; filename="{name}.csv"'}
        return Response(_blocks(shown, named, colouring.values), mimetype="text/csv", headers=headers)


def _blocks(shown: Shown, named: str, values: pd.Series) -> Iterator[str]:
    """Yield the lines of the table; without any cell, its head alone."""
    for start in range(0, max(1, len(shown.xy)), ROWS_AT_ONCE):
        here = slice(start, min(start + ROWS_AT_ONCE, len(shown.xy)))
        rows = here if shown.rows is None else shown.rows[here]
        table = shown.view.some_cells(rows).assign(x=shown.xy[here, 0], y=shown.xy[here, 1])
        table = table[list(COLUMNS)].rename(columns=COLUMNS).assign(**{named: np.asarray(values.iloc[rows])})
        yield table.to_csv(index=False, header=not start)
