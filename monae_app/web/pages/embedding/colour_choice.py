"""The fields that say what the cells are coloured by: one thing, or two genes blended."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dash import Dash, Input, Output, State, ctx

from monae_app.web import ids
from monae_app.web.explore import HITS, Hit
from monae_app.web.map_colours import NOTE, SET, MapColours
from monae_app.web.pages.embedding.gene_set import MADE
from monae_app.web.pages.embedding.layout import COLOUR, SEEN, WITH

if TYPE_CHECKING:
    from monae_app.web.explore import RunView
    from monae_app.web.services import Services

COLUMN = "obs"


def register(app: Dash, services: Services, colours: MapColours) -> None:
    """Connect the fields."""

    @app.callback(
        Output(COLOUR, "options"),
        Output(COLOUR, "value"),
        Output(SEEN, "data"),
        Input(ids.RUN, "value"),
        Input(COLOUR, "search_value"),
        Input(MADE, "data"),
        State(COLOUR, "value"),
        State(SEEN, "data"),
    )
    def offer_colours(
        run: str | None, typed: str | None, made: dict[str, Any] | None, chosen: str | None, seen: str | None
    ) -> tuple[list[dict[str, Any]], str | None, str | None]:
        view = services.opened(run)
        if view is None or run is None:
            return ([{"label": chosen, "value": chosen}] if chosen else []), chosen, seen
        if made and ctx.triggered_id == MADE:
            chosen = str(made.get("key"))
        # A colour from the URL that is not there is said; one that another run had gives way in silence.
        kept = seen in (None, run)
        if not chosen or (not kept and known(colours, run, view, chosen) is None):
            chosen = view.default_colour
        return _options(colours, run, view, typed, chosen), chosen, run

    @app.callback(
        Output(WITH, "options"),
        Output(WITH, "value"),
        Input(ids.RUN, "value"),
        Input(WITH, "search_value"),
        State(WITH, "value"),
    )
    def offer_second(run: str | None, typed: str | None, chosen: str | None) -> tuple[list[dict[str, Any]], str | None]:
        view = services.opened(run)
        if view is None or run is None:
            return ([{"label": chosen, "value": chosen}] if chosen else []), chosen
        if chosen and known(colours, run, view, chosen) is None:
            chosen = None
        return [
            option
            for option in _options(colours, run, view, typed, chosen)
            if not is_grouping(view, str(option["value"]))
        ], chosen


def known(colours: MapColours, run: str, view: RunView, key: str) -> Hit | None:
    """Describe what a key names; None if this run, and the one who asks, have no such thing."""
    kind, _, name = key.partition(":")
    if kind not in (NOTE, SET):
        return view.hit(key)
    # The name of a set is not in its key.
    text = name if kind == NOTE else ""
    return next((hit for hit in colours.search(run, view, text, 10 * HITS) if hit.key == key), None)


def is_grouping(view: RunView, key: str) -> bool:
    """Whether a key names groups."""
    kind, _, name = key.partition(":")
    return kind == NOTE or (kind == COLUMN and name in view.groupings)


def _options(
    colours: MapColours, run: str, view: RunView, typed: str | None, chosen: str | None
) -> list[dict[str, Any]]:
    hits = colours.search(run, view, typed or "", HITS)
    # The dropdown forgets a value that is not among its options.
    if chosen and all(hit.key != chosen for hit in hits):
        hits.append(known(colours, run, view, chosen) or Hit(chosen, chosen.partition(":")[2], "not in this run"))
    # Plain text: Dash's renderer fails when a list of options with components as labels becomes shorter.
    return [{"label": f"{hit.name} · {hit.kind}", "value": hit.key, "search": f"{hit.name} {hit.note}"} for hit in hits]
