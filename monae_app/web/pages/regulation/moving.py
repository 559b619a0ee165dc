"""The track: which region it shows, and how that is moved; its figure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dash import Dash, Input, Output, State, ctx, no_update

from monae_app.engine.errors import InputError
from monae_app.web import ids
from monae_app.web.components.notice import empty, refused
from monae_app.web.figures.style import style
from monae_app.web.figures.tracks import MOST_TOLD, track_figure
from monae_app.web.pages.regulation.choosing import tables_of
from monae_app.web.pages.regulation.layout import (
    ARCS,
    ASKED,
    CLOSER,
    FACTOR,
    FARTHER,
    FIT,
    JUMP,
    JUMP_SAID,
    LEFT,
    READY,
    REGION,
    RIGHT,
    TARGET,
    TRACK,
    TRACK_NOTE,
)
from monae_app.web.regions import Region
from monae_app.web.track_data import jump, region_around, track_of

if TYPE_CHECKING:
    from monae_app.web.regulation_view import RegulationView, Tables

STEP, ZOOM = 0.4, 2.0
SURE = 0.05
MOVES = {
    LEFT: lambda region: region.moved(-STEP),
    RIGHT: lambda region: region.moved(STEP),
    CLOSER: lambda region: region.scaled(1 / ZOOM),
    FARTHER: lambda region: region.scaled(ZOOM),
}
# in bases: what moves less did not move
STILL = 2


def register(app: Dash, view: RegulationView) -> None:
    """Connect the track."""
    _register_moves(app, view)
    _register_figure(app, view)


def _register_moves(app: Dash, view: RegulationView) -> None:
    @app.callback(
        Output(REGION, "data"),
        Input(TARGET, "data"),
        Input(TRACK, "relayoutData"),
        *[Input(name, "n_clicks") for name in (*MOVES, FIT)],
        Input(READY, "data"),
        State(REGION, "data"),
        State(ASKED, "data"),
        prevent_initial_call=True,
    )
    def move(target: Any, layout: Any, *more: Any) -> Any:
        ready, now, asked = more[-3:]
        tables, region = tables_of(view, ready), Region.from_data(now)
        if tables is None:
            return no_update
        gene = (target or {}).get("target")
        # a graph that is drawn anew says that it moved, too
        told = [name for name in (TARGET, READY) if f"{name}.data" in ctx.triggered_prop_ids]
        by = told[0] if told else str(ctx.triggered_id)
        try:
            found = _moved(tables, by, region, layout, gene, asked or {})
        except InputError:
            # what the URL names is not there: the target is
            found = region_around(tables, gene) if gene else None
        return no_update if found is None or found == region else found.to_data()

    @app.callback(
        Output(REGION, "data", allow_duplicate=True), Output(TARGET, "data", allow_duplicate=True),
        Output(JUMP_SAID, "children"),
        Input(JUMP, "value"),
        State(FACTOR, "value"),
        State(READY, "data"),
        prevent_initial_call=True,
    )  # fmt: skip
    def go(text: str | None, tf: str | None, ready: Any) -> tuple[Any, Any, Any]:
        tables = tables_of(view, ready)
        if tables is None or not (text or "").strip():
            return no_update, no_update, None
        try:
            found, gene = jump(tables, str(text))
        except InputError as error:
            return no_update, no_update, refused(error)
        return found.to_data(), no_update if gene is None else {"tf": tf, "target": gene}, None


def _register_figure(app: Dash, view: RegulationView) -> None:
    @app.callback(
        Output(TRACK, "figure"), Output(TRACK, "style"), Output(TRACK_NOTE, "children"),
        Output(f"{TRACK}-title", "children"),
        Input(REGION, "data"),
        Input(ARCS, "value"),
        Input(FACTOR, "value"),
        Input(READY, "data"),
        Input(ids.THEME, "data"),
        State(TARGET, "data"),
    )  # fmt: skip
    def draw(now: Any, arcs: str, tf: str | None, ready: Any, theme: str | None, target: Any) -> tuple[Any, ...]:
        tables, region = tables_of(view, ready), Region.from_data(now)
        if tables is None or not tables.has_peaks or region is None:
            return {}, {"display": "none"}, nothing(tables), "Track"
        gene = (target or {}).get("target") if arcs == "gene" else None
        track = track_of(tables, region, tf=tf, gene=gene, most_p=SURE if arcs == "sure" else 1.0)
        figure = track_figure(track, style(theme))
        note = None if len(track.peaks) else "No peak of this run lies here: zoom out, or go to another gene."
        if track.measured.size > MOST_TOLD:
            note = "So many peaks are shown as measured alone: zoom in for imputed values."
        return figure, {"height": f"{figure.layout.height}px"}, note, f"Track of {region}"


def _moved(
    tables: Tables, by: str, region: Region | None, layout: Any, gene: str | None, asked: dict[str, str]
) -> Region | None:
    """Return where the track goes; None if it stays."""
    if by in MOVES:
        return MOVES[by](region) if region else None
    if by == TRACK:
        first, last = ((layout or {}).get(f"xaxis.range[{side}]") for side in (0, 1))
        if region is None or first is None or last is None:
            return None
        found = Region.of(region.chrom, float(first), float(last))
        return None if max(abs(found.start - region.start), abs(found.end - region.end)) < STILL else found
    if by == READY and region is not None:
        return None
    if region is None and asked.get("region") and gene in (None, asked.get("target")):
        # what the URL names is shown first
        return jump(tables, asked["region"])[0]
    return region_around(tables, gene) if gene else None


def nothing(tables: Tables | None) -> Any:
    """Say why there is no track."""
    if tables is None or tables.has_peaks:
        return None
    return empty("No peaks to show", "A track needs ATAC, and genes and peaks with places in one genome.")
