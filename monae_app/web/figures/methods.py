"""Methods by how well they keep biology and how well they mix modalities."""

from __future__ import annotations

from typing import TYPE_CHECKING

import plotly.graph_objects as go

from monae_app.web.figures.style import Style, base_layout, line_colour

if TYPE_CHECKING:
    import pandas as pd

# told apart without colours too
SYMBOLS = ("circle", "diamond", "square", "triangle-up", "cross", "x", "star", "triangle-down")


def methods_figure(table: pd.DataFrame, look: Style) -> go.Figure:
    """Draw a point a method, raw scores.

    Parameters
    ----------
    table
        ``method``, ``biology_conservation`` and ``omics_mixing``.
    look
        Light or dark.
    """
    figure = go.Figure()
    for number, row in enumerate(table.to_dict("records")):
        symbol = SYMBOLS[number % len(SYMBOLS)]
        figure.add_scatter(
            x=[row["omics_mixing"]], y=[row["biology_conservation"]], mode="markers", name=row["method"],
            marker={"size": look.size(13), "color": line_colour(number, look), "symbol": symbol},
            hovertemplate="biology %{y:.3f}, mixing %{x:.3f}<extra>%{fullData.name}</extra>",
        )  # fmt: skip
    axis = {"gridcolor": look.grid, "zeroline": False}
    # names stand in the legend: methods that do alike would hide each other's
    figure.update_layout(
        **base_layout(look),
        margin={"l": 60, "r": 20, "t": 10, "b": 50},
        xaxis={**axis, "title": "omics mixing"},
        yaxis={**axis, "title": "biology conservation"},
        showlegend=True,
        legend={"font": {"size": look.size(13)}, "yanchor": "middle", "y": 0.5},
    )
    return figure
