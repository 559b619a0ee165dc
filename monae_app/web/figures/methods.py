"""Methods by how well they keep biology and how well they mix modalities."""

from __future__ import annotations

from typing import TYPE_CHECKING

import plotly.graph_objects as go

from monae_app.web.figures.style import Style, base_layout, group_colour

if TYPE_CHECKING:
    import pandas as pd


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
        figure.add_scatter(
            x=[row["omics_mixing"]], y=[row["biology_conservation"]], mode="markers+text", text=[row["method"]],
            textposition="middle right" if row["omics_mixing"] < table["omics_mixing"].mean() else "middle left",
            name=row["method"], marker={"size": 12, "color": group_colour(number, look)}, showlegend=False,
            hovertemplate="%{text}: biology %{y:.3f}, mixing %{x:.3f}<extra></extra>",
        )  # fmt: skip
    axis = {"gridcolor": look.grid, "zeroline": False}
    figure.update_layout(
        **base_layout(look),
        margin={"l": 60, "r": 20, "t": 10, "b": 50},
        xaxis={**axis, "title": "omics mixing"},
        yaxis={**axis, "title": "biology conservation"},
    )
    return figure
