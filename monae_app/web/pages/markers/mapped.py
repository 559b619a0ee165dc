"""The map of cells and features: an order for the canvas of the browser or, where that cannot draw, a figure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import numpy as np
from dash import ClientsideFunction, Dash, Input, Output, State

from monae_app.web import ids
from monae_app.web.explore import FEATURE_KINDS
from monae_app.web.figures.embedding import embedding_figure
from monae_app.web.figures.markers import with_features
from monae_app.web.figures.style import style
from monae_app.web.map_colours import MapColours
from monae_app.web.marker_map import shown_features
from monae_app.web.pages.markers import layout as page
from monae_app.web.pages.markers.sight import outside, wanted

if TYPE_CHECKING:
    from collections.abc import Hashable

    import pandas as pd

    from monae_app.web.pages.markers.sight import Seen, Sight

SHAPES = {"rna": "◇", "atac": "△", "protein": "□", "motif": "▽"}
# plotly draws so many in about a second
MOST_CELLS = 100_000


def register(app: Dash, sight: Sight) -> None:
    """Connect the map."""

    def clientside(name: tuple[str, str], *connections: Any) -> None:
        app.clientside_callback(ClientsideFunction(*name), *connections)  # type: ignore[no-untyped-call]

    clientside(("map", "capable"), Output(page.CAPABLE, "data"), Input(page.MAP, "id"))
    clientside(("markers", "draw"), Output(page.MAP, "data-run"), Input(page.ORDER, "data"), Input(page.SHOWN, "data"))

    @app.callback(
        Output(page.ORDER, "data"),
        Output(page.SHOWN, "data"),
        Output(page.ROOM, "children"),
        Output(page.MAP, "hidden"),
        Output(page.PLAIN, "hidden"),
        Output(page.CAPTION, "children"),
        Output(page.MAP_CSV, "href"),
        Output(page.MAP_CODE, "href"),
        Input(page.COLUMN, "value"),
        Input(page.GROUP, "value"),
        Input(page.MODALITY, "value"),
        Input(page.SPECIFIC, "value"),
        Input(page.SHOW, "value"),
        Input(page.FEATURES, "value"),
        Input(page.CAPABLE, "data"),
        Input(ids.THEME, "data"),
        State(ids.RUN, "value"),
    )
    def draw(column: str | None, group: str | None, modality: str | None, specific: float, *more: Any) -> Any:
        show, keys, capable, theme, run = more
        seen = sight.seen_or_none(run, column, group) if group else None
        if seen is None or run is None:
            return None, None, None, False, True, "", "", ""
        shown, every = shown_features(seen.markers, show, wanted(modality, specific), keys or [])
        chosen = keys[-1] if keys else seen.markers.best(seen.group, wanted(modality, specific))
        order = {"run": run, "colour": column, "panel": "joint", "labels": True}
        said = {"column": column, "group": outside(group) or "", "modality": wanted(modality, 0).modality,
                "specific": specific, "show": show, "feature": keys or []}  # fmt: skip
        query = urlencode(said, doseq=True, safe=":")
        links = f"/api/runs/{run}/markers.csv?{query}", f"/api/runs/{run}/code/markers.py?{query}"
        caption = _caption(seen, shown, every, show)
        if capable is False:
            plain = _plain(MapColours(sight.services, sight.selections), run, seen, shown, theme)
            return order, None, plain, True, False, caption, *links
        features = [_mark(each) for each in shown.to_dict("records")]
        return order, {"features": features, "chosen": chosen}, None, False, True, caption, *links


def _mark(feature: dict[Hashable, Any]) -> dict[str, Any]:
    """Return what the browser draws a feature by."""
    modality = str(feature["modality"])
    return {
        "key": feature["key"],
        "name": feature["feature"],
        "modality": modality,
        "x": round(float(feature["x"]), 4),
        "y": round(float(feature["y"]), 4),
        "kind": FEATURE_KINDS.get(modality, modality),
        "told": f"nearest to {feature['nearest']}, specificity {feature['specificity']:.2f}",
    }


def _plain(colours: MapColours, run: str, seen: Seen, shown: pd.DataFrame, theme: str | None) -> Any:
    """Draw it for browsers that have no WebGL 2: of a sample where there are many cells, the same ones every time."""
    view, look = seen.markers.view, style(theme)
    values = colours.colouring(run, view, seen.column, measured=False).values
    rows = np.arange(view.n_cells)
    if len(rows) > MOST_CELLS:
        rows = np.sort(np.random.default_rng(0).choice(rows, MOST_CELLS, replace=False))
    title = seen.column.partition(":")[2]
    figure = embedding_figure(view.some_cells(rows), values.iloc[rows].reset_index(drop=True), look, title=title)
    return page.figure_box(with_features(figure, shown, look))


def _caption(seen: Seen, shown: pd.DataFrame, every: int, show: str) -> str:
    found = [
        f"{SHAPES.get(name, '○')} {FEATURE_KINDS.get(name, name)}"
        for name in seen.markers.modalities
        if (shown["modality"] == name).any()
    ]
    marks = ", ".join(found)
    if not len(shown):
        told = "Search for features beside the map" if show == "searched" else "No feature is as specific as asked for"
        return f"{told}."
    part = (
        f"the {len(shown):,} most specific of {every:,} features" if every > len(shown) else f"{len(shown):,} features"
    )
    return f"{marks}: {part}, each where the cells that it lies next to are densest. Click one to choose it."
