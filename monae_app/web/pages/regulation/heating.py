"""The heatmap of a factor and its targets over groups."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dash import Dash, Input, Output, State, dcc, html

from monae_app.web import ids
from monae_app.web.components.figure_out import figure_out
from monae_app.web.figures.regulon_heat import regulon_heat
from monae_app.web.figures.style import style
from monae_app.web.pages.regulation.choosing import tables_of
from monae_app.web.pages.regulation.layout import FACTOR, GRAPH, READY, TABLE
from monae_app.web.regulon_levels import regulon_levels

if TYPE_CHECKING:
    from monae_app.web.regulation_view import RegulationView

HEAT = "regulation-heat"
MOST_TARGETS = 25


def section() -> html.Section:
    """Build the card of the heatmap."""
    return html.Section(
        [
            html.H2("The factor and its targets over groups"),
            dcc.Graph(id=HEAT, config=GRAPH | {"scrollZoom": False}, responsive=True),
            figure_out(HEAT, "regulon"),
            html.P(
                f"The factor, and the first {MOST_TARGETS} targets of the table. Peaks: those with p ≤ .05 by their "
                "scores, or the surest one.",
                className="muted small",
            ),
        ],
        className="card",
    )


def register(app: Dash, view: RegulationView) -> None:
    """Connect it."""

    @app.callback(
        Output(HEAT, "figure"), Output(HEAT, "style"),
        Input(TABLE, "rowData"),
        Input(ids.THEME, "data"),
        State(FACTOR, "value"),
        State(READY, "data"),
    )  # fmt: skip
    def draw(rows: list[dict[str, Any]] | None, theme: str | None, tf: str | None, ready: Any) -> tuple[Any, Any]:
        tables = tables_of(view, ready)
        if tables is None or not rows or not tf:
            return {}, {"display": "none"}
        rna, atac = regulon_levels(tables, tf, [str(row["target"]) for row in rows[:MOST_TARGETS]])
        figure = regulon_heat(rna, atac, style(theme))
        return figure, {"height": f"{figure.layout.height}px"}
