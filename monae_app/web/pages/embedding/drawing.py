"""What the map shows: an order for the canvas of the browser or, where that cannot draw, a figure of a sample."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from dash import ClientsideFunction, Dash, Input, Output, State, dcc, html, no_update

from monae_app.engine.data.dataset import METHYLATION
from monae_app.engine.errors import InputError
from monae_app.web import ids
from monae_app.web.components import words
from monae_app.web.components.alignment_words import alignment_list
from monae_app.web.components.notice import empty, refused
from monae_app.web.components.scores import score_list
from monae_app.web.components.type_scores import type_scores
from monae_app.web.map_colours import SET
from monae_app.web.modalities import modality_title
from monae_app.web.pages.embedding import colour_choice
from monae_app.web.pages.embedding.colour_choice import is_grouping, known
from monae_app.web.pages.embedding.layout import (
    CAPABLE,
    CAPTION,
    CODE,
    COLOUR,
    CSV,
    GRAPH,
    LABELS,
    MESSAGE,
    ORDER,
    PANEL,
    PLAIN,
    ROOM,
    SCORES,
    SUBTITLE,
    VALUES,
    VIEW,
    WITH,
    WITH_FIELD,
    figure_box,
    options,
    panels,
)
from monae_app.web.pages.embedding.plain import MOST_CELLS, plain_figure
from monae_app.web.pages.embedding.some_cells import SHOWN
from monae_app.web.verdicts import facts

if TYPE_CHECKING:
    from monae_app.web.explore import RunView
    from monae_app.web.map_colours import MapColours
    from monae_app.web.services import Services


def register(app: Dash, services: Services, colours: MapColours) -> None:
    """Connect the page."""
    colour_choice.register(app, services, colours)
    _register_browser(app)
    _register_what_hangs_on_the_run(app, services)

    @app.callback(
        Output(ORDER, "data"),
        Output(ROOM, "children"),
        Output(GRAPH, "hidden"),
        Output(PLAIN, "hidden"),
        Output(MESSAGE, "children"),
        Output(VIEW, "hidden"),
        Output(CAPTION, "children"),
        Output(CSV, "href"),
        Output(CODE, "href"),
        Output(f"{VALUES}-field", "hidden"),
        Output(f"{LABELS}-field", "hidden"),
        Output(WITH_FIELD, "hidden"),
        Input(ids.RUN, "value"),
        Input(COLOUR, "value"),
        Input(VALUES, "value"),
        Input(PANEL, "value"),
        Input(LABELS, "value"),
        Input(SHOWN, "data"),
        Input(WITH, "value"),
        Input(CAPABLE, "data"),
        Input(ids.THEME, "data"),
    )
    def draw(run: str | None, colour: str | None, values: str, panel: str, labels: list[str], *more: Any) -> Any:
        shown, second, capable, theme = more
        view = services.opened(run)
        if view is None or run is None:
            return None, None, True, True, _why_not(services, run), True, "", "", "", True, True, True
        colour = colour or view.default_colour
        grouping = is_grouping(view, colour)
        order = {
            "run": run, "part": shown, "colour": colour, "values": values, "panel": panel,
            "labels": bool(labels), "blend": None if grouping else second,
        }  # fmt: skip
        fields = colour.startswith(("obs:", "note:")), not grouping, grouping
        try:
            if known(colours, run, view, colour) is None:
                view.colouring(colour)
            plain = None
            if capable is False:
                plain = figure_box(plain_figure(services, colours, view, order, theme))
        except InputError as error:
            return None, None, True, True, refused(error), False, "", "", "", *fields
        asked = urlencode(_shown(order), safe=":")
        table, code = f"/api/runs/{run}/map.csv?{asked}", f"/api/runs/{run}/code/map.py?{asked}"
        caption = _caption(view, colour, values, grouping=grouping, cells=view.n_cells if capable is False else 0)
        return order, plain, capable is False, capable is not False, None, False, caption, table, code, *fields


def _shown(order: dict[str, Any]) -> dict[str, str]:
    """Say in a query what an order shows."""
    part = order["part"] and order["part"]["key"]
    said = {"colour": order["colour"], "values": order["values"], "panel": order["panel"], "part": part}
    return {name: value for name, value in (said | {"with": order["blend"]}).items() if value}


def _register_browser(app: Dash) -> None:
    def clientside(name: str, *connections: Any) -> None:
        app.clientside_callback(ClientsideFunction("map", name), *connections)  # type: ignore[no-untyped-call]

    clientside("capable", Output(CAPABLE, "data"), Input(GRAPH, "id"))
    clientside("draw", Output(GRAPH, "data-run"), Input(ORDER, "data"), State(CAPABLE, "data"))
    clientside(
        "remember",
        Output(COLOUR, "className"),
        Input(COLOUR, "value"),
        Input(VALUES, "value"),
        Input(PANEL, "value"),
        Input(LABELS, "value"),
        Input(WITH, "value"),
        Input(SHOWN, "data"),
    )


def _register_what_hangs_on_the_run(app: Dash, services: Services) -> None:
    @app.callback(Output(PANEL, "options"), Output(PANEL, "value"), Input(ids.RUN, "value"), State(PANEL, "value"))
    def offer_panels(run: str | None, panel: str) -> tuple[Any, Any]:
        return panel_choice(services.opened(run), panel)

    @app.callback(Output(SCORES, "children"), Output(SUBTITLE, "children"), Input(ids.RUN, "value"))
    def show_scores(run: str | None) -> tuple[Any, str]:
        view = services.opened(run)
        if view is None:
            return [], ""
        names = words.listed([modality_title(name) for name in view.modalities])
        verdict = dcc.Link("Did it work? The verdict", href=f"/verdict?run={run}", className="verdict-link")
        scores = [verdict, *alignment_list(view.report, run), *score_list(view.report), *_by_type(view, run or "")]
        alone = " of one modality: nothing was integrated" if len(view.modalities) == 1 else ""
        return scores, f"{names}, {view.n_cells:,} cells{alone}"


def _by_type(view: RunView, run: str) -> list[Any]:
    try:
        return type_scores(facts(view), run)
    except InputError:
        # the map stands without them
        return []


def panel_choice(view: RunView | None, panel: str) -> tuple[Any, Any]:
    """Offer the panels of a run: the options, and the value if the chosen panel is not among them."""
    if view is None:
        return no_update, no_update
    offered = panels(view.modalities)
    # a panel of a modality that another run had gives way
    return options(offered), no_update if panel in offered else "joint"


def _caption(view: RunView, colour: str, values: str, *, grouping: bool, cells: int) -> str:
    kind, _, name = colour.partition(":")
    sample = ""
    if cells:
        shown = f"a sample of {MOST_CELLS:,} of {cells:,}" if cells > MOST_CELLS else f"all {cells:,}"
        sample = f" This browser has no WebGL 2: a plainer figure of {shown} cells is shown, without selections."
    if grouping:
        return f"Click a legend entry to hide its group, double-click to see it alone.{sample}"
    if kind == "obs":
        return f"{name} of every cell.{sample}"
    if kind == SET:
        return f"The mean of the genes of this set in every cell.{sample}"
    if values == "measured":
        others = " and ".join(modality_title(other) for other in view.modalities if other != kind)
        hidden = f" Cells of {others} carry no measurement of it and are grey." if others else ""
        if kind == METHYLATION:
            hidden += " So are cells in which no read covers it."
        return f"{name} as it was measured.{hidden}{sample}"
    return f"{name} as the model expects it in every cell, measured or not.{sample}"


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
