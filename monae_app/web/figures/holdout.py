"""How well counts that were kept aside are recovered, by level, method beside method."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import plotly.graph_objects as go

from monae_app.web.figures.style import base_layout, line_colour

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from monae_app.web.figures.style import Style

OURS = ("own", "monae")
TEN = 10.0


def holdout_figure(rows: Sequence[Mapping[str, Any]], methods: Mapping[str, str], look: Style) -> go.Figure:
    """Draw the median share of the noise ceiling in each fifth of the features by level.

    Parameters
    ----------
    rows
        ``low`` and ``high``, counts a cell, ``features`` and the share of each method.
    methods
        Titles by column.
    look
        The theme.
    """
    figure = go.Figure(layout=base_layout(look))
    names = [f"{counts_told(row['low'])} to {counts_told(row['high'])}" for row in rows]
    for number, (key, title) in enumerate(methods.items()):
        ours = key in OURS
        colour = look.accent if key == OURS[0] else line_colour(number, look)
        figure.add_scatter(
            x=names, y=[row.get(key) for row in rows], name=title, mode="lines+markers",
            line={"color": colour, "width": 3 if ours else 1.5, "dash": "solid" if ours else "dot"},
            marker={"size": 8 if ours else 6}, customdata=[row["features"] for row in rows],
            hovertemplate=f"<b>{title}</b><br>%{{x}} counts a cell (%{{customdata}} features)"
                          "<br>%{y:.2f} of the ceiling<extra></extra>",
        )  # fmt: skip
    axis = {"gridcolor": look.grid, "zerolinecolor": look.muted, "tickfont": look.muted_font(11), "automargin": True}
    figure.update_layout(
        xaxis=axis | {
            "showgrid": False, "ticklabelstandoff": 6, "title": {"text": "counts a cell", "font": look.muted_font(12)},
        },
        yaxis=axis | {"title": {"text": "r over noise ceiling", "font": look.muted_font(12)}, "rangemode": "tozero"},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0, "font": {"size": look.size(11)}},
        margin={"l": 50, "r": 10, "t": 46, "b": 40},
    )  # fmt: skip
    return figure


def counts_told(value: float | None) -> str:
    """Write counts a cell: two digits, and no power of ten."""
    if value is None:
        return "–"
    return f"{value:,.0f}" if value >= TEN else f"{value:.2g}"
