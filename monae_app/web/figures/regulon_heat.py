"""A factor and its targets over groups of cells: RNA beside the peaks that go with them. F genes, G groups."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import plotly.graph_objects as go

from monae_app.web.figures.style import base_layout

if TYPE_CHECKING:
    import pandas as pd

    from monae_app.web.figures.style import Style

ROW, HEAD, FOOT = 17, 34, 90
BETWEEN = 0.03


def regulon_heat(rna: pd.DataFrame, atac: pd.DataFrame | None, look: Style) -> go.Figure:
    """Draw levels (F, G), each row from its lowest to its highest group; ``atac``, if there is any, to the right."""
    panels = [("RNA, measured", rna), *([("Peaks that go with it", atac)] if atac is not None else [])]
    figure = go.Figure(layout=base_layout(look))
    width = (1 - BETWEEN * (len(panels) - 1)) / len(panels)
    layout: dict[str, Any] = {"annotations": []}
    for at, (title, table) in enumerate(panels):
        values = np.log1p(table.to_numpy(np.float64))
        low, high = np.nanmin(values, axis=1, keepdims=True), np.nanmax(values, axis=1, keepdims=True)
        scaled = (values - low) / np.where(high > low, high - low, np.nan)
        axis = "x" if at == 0 else f"x{at + 1}"
        figure.add_heatmap(
            z=scaled, x=list(table.columns), y=list(table.index), customdata=table.to_numpy(), xaxis=axis, yaxis="y",
            colorscale=look.colour_scale, zmin=0, zmax=1, showscale=at == 0, xgap=1, ygap=1, name=title,
            colorbar={"title": {"text": "lowest to<br>highest", "font": look.muted_font(11)}, "thickness": 10},
            hovertemplate=f"<b>%{{y}}</b>, %{{x}}<br>{title}: %{{customdata:.3g}} counts per 10,000<extra></extra>",
        )  # fmt: skip
        start = at * (width + BETWEEN)
        name = "xaxis" if at == 0 else f"xaxis{at + 1}"
        layout[name] = {"domain": [start, start + width], "anchor": "y", "showgrid": False, "tickangle": -60,
                        "tickfont": look.muted_font(11)}  # fmt: skip
        layout["annotations"].append(
            {"text": title, "x": start + width / 2, "y": 1, "yanchor": "bottom", "xref": "paper", "yref": "paper",
             "showarrow": False, "font": {"size": look.size(12)}}
        )  # fmt: skip
    layout["yaxis"] = {"autorange": "reversed", "showgrid": False, "automargin": True, "dtick": 1,
                       "tickfont": {"size": look.size(11)}}  # fmt: skip
    height = HEAD + FOOT + ROW * max(len(rna), 4)
    figure.update_layout(height=height, margin={"l": 10, "r": 10, "t": HEAD, "b": FOOT}, **layout)
    return figure
