"""The map of the cells, coloured, and how well they were integrated."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from dash import ClientsideFunction, Dash, Input, Output, State, dcc, html, no_update

from monae_app.engine.errors import InputError
from monae_app.jobs.group_maps import GroupMaps
from monae_app.web import ids
from monae_app.web.components import words
from monae_app.web.components.notice import empty, refused
from monae_app.web.components.scores import score_list
from monae_app.web.explore import Hit
from monae_app.web.figures.embedding import blank_figure, embedding_figure, part_of
from monae_app.web.figures.style import style
from monae_app.web.groups import Groups, cells_of
from monae_app.web.modalities import modality_title
from monae_app.web.pages.embedding.layout import (
    CAPTION,
    COLOUR,
    CSV,
    GRAPH,
    LABELS,
    MESSAGE,
    PANEL,
    PNG,
    SCORES,
    SEEN,
    SUBTITLE,
    SVG,
    VALUES,
    VIEW,
    options,
    panels,
)
from monae_app.web.pages.embedding.some_groups import SHOWN, opened

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import plotly.graph_objects as go

    from monae_app.web.explore import Colouring, RunView
    from monae_app.web.services import Services


def register(app: Dash, services: Services) -> None:
    """Connect the page."""
    app.clientside_callback(  # type: ignore[no-untyped-call]
        ClientsideFunction("map", "remember"),
        Output(COLOUR, "className"),
        Input(COLOUR, "value"),
        Input(VALUES, "value"),
        Input(PANEL, "value"),
        Input(LABELS, "value"),
    )
    app.clientside_callback(  # type: ignore[no-untyped-call]
        ClientsideFunction("map", "save"),
        Output(SVG, "className"),
        Input(SVG, "n_clicks"),
        Input(PNG, "n_clicks"),
        State(COLOUR, "value"),
        prevent_initial_call=True,
    )

    @app.callback(
        Output(COLOUR, "options"),
        Output(COLOUR, "value"),
        Output(SEEN, "data"),
        Input(ids.RUN, "value"),
        Input(COLOUR, "search_value"),
        State(COLOUR, "value"),
        State(SEEN, "data"),
    )
    def offer_colours(
        run: str | None, typed: str | None, chosen: str | None, seen: str | None
    ) -> tuple[list[dict[str, Any]], str | None, str | None]:
        view = opened(services, run)
        if view is None:
            return ([{"label": chosen, "value": chosen}] if chosen else []), chosen, seen
        # A colour from the URL that is not there is said; one that another run had gives way in silence.
        return *_colour_options(view, typed or "", chosen, keep=seen in (None, run)), run

    @app.callback(
        Output(GRAPH, "figure"),
        Output(MESSAGE, "children"),
        Output(VIEW, "hidden"),
        Output(CAPTION, "children"),
        Output(CSV, "href"),
        Output(f"{VALUES}-field", "hidden"),
        Output(f"{LABELS}-field", "hidden"),
        Input(ids.RUN, "value"),
        Input(COLOUR, "value"),
        Input(VALUES, "value"),
        Input(PANEL, "value"),
        Input(LABELS, "value"),
        Input(ids.THEME, "data"),
        Input(SHOWN, "data"),
    )
    def draw(
        run: str | None, colour: str | None, values: str, panel: str, labels: list[str], *around: Any
    ) -> tuple[Any, ...]:
        theme, shown = around
        view = opened(services, run)
        if view is None or run is None:
            return {}, _why_not(services, run), True, "", "", True, True
        colour = colour or view.default_colour
        is_column = colour.startswith("obs:")
        some = Groups.from_json(shown)
        try:
            colouring = view.colouring(colour, measured=values == "measured")
            cells, rows = cells_of(view, some, GroupMaps(services.settings.store, services.users.current()))
            figure = _figure(cells, colouring, rows, panel, labels=bool(labels), theme=theme)
            if some is not None:
                part_of(figure, colouring.values, style(theme), name=str(some.to_json()))
        except InputError as error:
            return blank_figure(style(theme)), refused(error), False, "", "", is_column, True
        asked = {"colour": colour, "values": values} | ({"of": some.column, "group": some.names} if some else {})
        query = urlencode(asked, doseq=True, safe=":")
        caption, table = _caption(view, colour, values), f"/api/runs/{run}/map.csv?{query}"
        return figure, None, False, caption, table, is_column, figure.layout.coloraxis.cmax is not None

    _register_what_hangs_on_the_run(app, services)


def _register_what_hangs_on_the_run(app: Dash, services: Services) -> None:
    @app.callback(Output(PANEL, "options"), Output(PANEL, "value"), Input(ids.RUN, "value"), State(PANEL, "value"))
    def offer_panels(run: str | None, panel: str) -> tuple[Any, Any]:
        return panel_choice(opened(services, run), panel)

    @app.callback(Output(SCORES, "children"), Output(SUBTITLE, "children"), Input(ids.RUN, "value"))
    def show_scores(run: str | None) -> tuple[Any, str]:
        view = opened(services, run)
        if view is None:
            return [], ""
        names = words.listed([modality_title(name) for name in view.modalities])
        return score_list(view.report), f"{names}, {view.n_cells:,} cells"


def _colour_options(
    view: RunView, typed: str, chosen: str | None, *, keep: bool
) -> tuple[list[dict[str, Any]], str | None]:
    if not chosen or (not keep and view.hit(chosen) is None):
        chosen = view.default_colour
    hits = view.search(typed)
    # The dropdown forgets a value that is not among its options.
    if all(hit.key != chosen for hit in hits):
        hits.append(view.hit(chosen) or Hit(chosen, chosen.partition(":")[2], "not in this run"))
    return [_option(hit) for hit in hits], chosen


def _figure(
    cells: pd.DataFrame, colouring: Colouring, rows: np.ndarray, panel: str, *, labels: bool, theme: str | None
) -> go.Figure:
    here = list(dict.fromkeys(cells["modality"]))
    shown = here if panel == "split" else [panel if panel in here else "joint"]
    return embedding_figure(
        cells,
        colouring.values.iloc[rows].reset_index(drop=True),
        style(theme),
        title=colouring.title,
        unit=colouring.unit,
        panels=shown,
        labels=labels,
    )


def panel_choice(view: RunView | None, panel: str) -> tuple[Any, Any]:
    """Offer the panels of a run: the options, and the value if the chosen panel is not among them."""
    if view is None:
        return no_update, no_update
    offered = panels(view.modalities)
    # a panel of a modality that another run had gives way
    return options(offered), no_update if panel in offered else "joint"


def _option(hit: Hit) -> dict[str, Any]:
    # Plain text: Dash's renderer fails when a list of options with components as labels becomes shorter.
    return {"label": f"{hit.name} · {hit.kind}", "value": hit.key, "search": hit.name}


def _caption(view: RunView, colour: str, values: str) -> str:
    kind, _, name = colour.partition(":")
    if kind == "obs":
        return "Each dot is a cell. Click a legend entry to hide its group, double-click to see it alone."
    if values == "measured":
        others = " and ".join(modality_title(other) for other in view.modalities if other != kind)
        hidden = f" Cells of {others} carry no measurement of it and are grey." if others else ""
        return f"{name} as it was measured.{hidden} Colours are clipped at the 1st and 99th percentile."
    return (
        f"{name} as the model expects it in every cell, measured or not. "
        "Colours are clipped at the 1st and 99th percentile."
    )


def _why_not(services: Services, run: str | None) -> Any:
    if not run:
        text = html.P("Train on the bundled sample or on your own files; the map opens here when the run is done.")
        return empty("No map yet", text, dcc.Link("Choose data", href="/data", className="button primary"))
    try:
        services.view(run)
    except InputError as error:
        refusal = refused(error)
    try:
        record = services.registry.get(run)
    except InputError:
        return refusal
    if record.finished:
        return refusal
    text = html.P(f"{record.name} is {record.status.state}: the map is drawn when its training is done.")
    link = dcc.Link("Follow the training", href=f"/training?run={run}", className="button primary")
    return empty("This run has no map yet", text, link)
