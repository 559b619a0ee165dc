"""Maps of the same cells by what was measured and by what is imputed, side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from plotly.subplots import make_subplots

from monae_app.web.figures.style import base_layout, group_colour

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import plotly.graph_objects as go

    from monae_app.web.figures.style import Style


def before_after(
    panels: Sequence[Mapping[str, Any]], titles: Sequence[str], groups: Sequence[str], look: Style
) -> go.Figure:
    """Draw a map for each panel (``x``, ``y`` and ``codes`` of its cells), groups in the same colours."""
    figure = make_subplots(rows=1, cols=len(panels), subplot_titles=list(titles), horizontal_spacing=0.02)
    for at, panel in enumerate(panels):
        codes, xy = np.array(panel["codes"]), np.column_stack([panel["x"], panel["y"]])
        for number, name in enumerate(groups):
            mine = codes == number
            figure.add_scattergl(
                x=xy[mine, 0], y=xy[mine, 1], mode="markers", name=name, legendgroup=name, showlegend=at == 0,
                marker={"size": 3, "color": group_colour(number, look), "opacity": 0.8}, hovertemplate=f"{name}",
                row=1, col=at + 1,
            )  # fmt: skip
    figure.update_layout(base_layout(look))
    bare = {"visible": False, "showgrid": False, "zeroline": False}
    figure.update_xaxes(**bare)
    figure.update_yaxes(**bare)
    figure.update_annotations(font={"size": look.size(12), "color": look.ink})
    figure.update_layout(
        margin={"l": 5, "r": 5, "t": 26, "b": 5},
        legend={"orientation": "h", "y": -0.02, "yanchor": "top", "font": {"size": look.size(10)},
                "itemsizing": "constant"},
    )  # fmt: skip
    return figure
