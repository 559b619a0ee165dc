"""What is said of a peak that was clicked: its links, the way to their genes, and motifs of the factor in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from dash import ALL, Dash, Input, Output, State, ctx, html, no_update

from monae_app.web.pages.regulation.choosing import options, tables_of
from monae_app.web.pages.regulation.layout import FACTOR, PEAK, PEAK_SAID, READY, TARGET, TRACK
from monae_app.web.track_data import about_peak

if TYPE_CHECKING:
    from monae_app.web.regulation_view import RegulationView, Tables

GENE, AS_FACTOR = "regulation-to-gene", "regulation-as-factor"
MOST_LINKS = 30
HEADS = ("Gene", "Score", "p", "q", "Measured correlation", "From its start", "")


def register(app: Dash, view: RegulationView) -> None:
    """Connect it."""

    @app.callback(
        Output(PEAK, "data"), Output(TARGET, "data", allow_duplicate=True),
        Input(TRACK, "clickData"),
        State(TARGET, "data"),
        prevent_initial_call=True,
    )  # fmt: skip
    def click(clicked: Any, target: Any) -> tuple[Any, Any]:
        points = (clicked or {}).get("points") or [{}]
        name = str(points[0].get("customdata") or "")
        if name.startswith("gene:"):
            return no_update, {"tf": (target or {}).get("tf"), "target": name.removeprefix("gene:")}
        return (name, no_update) if name else (no_update, no_update)

    @app.callback(Output(PEAK_SAID, "children"), Input(PEAK, "data"), Input(FACTOR, "value"), Input(READY, "data"))
    def tell(peak: str | None, tf: str | None, ready: Any) -> Any:
        tables = tables_of(view, ready)
        about = about_peak(tables, peak, tf) if tables is not None and peak else None
        return told(about, tables, tf) if about is not None and tables is not None else None

    @app.callback(
        Output(TARGET, "data", allow_duplicate=True),
        Input({"type": GENE, "name": ALL}, "n_clicks"),
        State(FACTOR, "value"),
        prevent_initial_call=True,
    )
    def go(clicks: list[int | None], tf: str | None) -> Any:
        if not any(clicks) or not isinstance(ctx.triggered_id, dict):
            return no_update
        return {"tf": tf, "target": str(ctx.triggered_id["name"])}

    @app.callback(
        Output(FACTOR, "options", allow_duplicate=True), Output(FACTOR, "value", allow_duplicate=True),
        Input({"type": AS_FACTOR, "name": ALL, "at": ALL}, "n_clicks"),
        State(READY, "data"),
        prevent_initial_call=True,
    )  # fmt: skip
    def walk(clicks: list[int | None], ready: Any) -> tuple[Any, Any]:
        tables = tables_of(view, ready)
        if not any(clicks) or tables is None or not isinstance(ctx.triggered_id, dict):
            return no_update, no_update
        name = tables.factor(str(ctx.triggered_id["name"]))
        return options(tables, "", name), name


def told(about: dict[str, Any], tables: Tables, tf: str | None) -> html.Div:
    """Build what is said of a peak."""
    factors = set(tables.factors)
    rows = [
        html.Tr(
            [
                html.Td(html.Button(
                    row["gene"], id={"type": GENE, "name": row["gene"]}, className="link-button", type="button",
                    title=f"Show {row['gene']} as the target",
                )),
                *(html.Td(text) for text in _of_link(row)),
                html.Td(as_factor(row["gene"], "peak") if row["gene"] in factors and row["gene"] != tf else None),
            ]
        )
        for row in about["links"][:MOST_LINKS]
    ]  # fmt: skip
    heads = html.Tr([html.Th(name, scope="col") for name in HEADS])
    table: Any = html.Table([html.Thead(heads), html.Tbody(rows)], className="table")
    if not rows:
        table = html.P("No gene lies near enough to be linked with it.", className="muted")
    return html.Div(
        [
            html.H3(f"Peak {about['peak']}"),
            html.P(_of_motifs(about["motifs"], tf)),
            html.Div(table, className="table-scroll"),
        ],
        className="regulation-peak",
    )  # fmt: skip


def as_factor(name: str, at: str) -> html.Button:
    """Build the button that makes a target the factor; ``at`` tells those of one factor apart."""
    return html.Button(
        "walk on", id={"type": AS_FACTOR, "name": name, "at": at}, className="link-button", type="button",
        title=f"{name} is a transcription factor: show its targets",
    )  # fmt: skip


def _of_link(row: dict[str, Any]) -> list[str]:
    def number(value: float, shape: str) -> str:
        return "" if np.isnan(value) else format(value, shape)

    sign = "+" if row["sign"] > 0 else "−"
    return [
        f"{sign} {row['score']:.2f}", number(row["p"], ".2g"), number(row["q"], ".2g"),
        number(row["correlation"], ".2f"), f"{int(row['distance_bp']):,} bp",
    ]  # fmt: skip


def _of_motifs(motifs: list[dict[str, Any]] | None, tf: str | None) -> str:
    if motifs is None or tf is None:
        return "Which motifs lie in it is not known: this run has no motifs."
    if not motifs:
        return f"No motif of {tf} lies in it."
    each = ", ".join(f"{m['name']} ({m['id']}, {m['count']} places, best {m['score']:.1f} bits)" for m in motifs)
    return f"Motifs of {tf} in it: {each}."
