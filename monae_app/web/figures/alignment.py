"""How well two modalities agree, beside what links put at random give."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import plotly.graph_objects as go

from monae_app.web.figures.style import Style, base_layout

if TYPE_CHECKING:
    from collections.abc import Sequence

MARGIN = 0.06


def null_figure(low: float, high: float, counts: Sequence[int], observed: float, look: Style) -> go.Figure:
    """Draw the similarities under permuted links as bars, and the observed one as a line.

    Parameters
    ----------
    low, high
        Where the first bar begins and the last one ends.
    counts
        One a bar.
    observed
        Similarity under the links as they are.
    look
        Light or dark.
    """
    bounds = np.linspace(low, max(high, low + 1e-9), len(counts) + 1)
    figure = go.Figure()
    figure.add_bar(
        x=(bounds[1:] + bounds[:-1]) / 2, y=list(counts), width=bounds[1] - bounds[0],
        marker={"color": look.missing, "line": {"width": 0}}, name="links put at random",
        hovertemplate="similarity %{x:.4f}: %{y:,} maps with links put at random<extra></extra>",
    )  # fmt: skip
    figure.add_shape(
        type="line", x0=observed, x1=observed, y0=0, y1=1, yref="paper", name="these links",
        line={"color": look.accent, "width": look.size(3)},
    )  # fmt: skip
    first, last = min(low, observed), max(high, observed)
    margin = MARGIN * (last - first) or MARGIN
    to_right = observed < (first + last) / 2
    figure.add_annotation(
        x=observed, y=1, yref="paper", text="these links", showarrow=False, yanchor="top",
        xanchor="left" if to_right else "right", xshift=6 if to_right else -6, font={"color": look.accent},
    )  # fmt: skip
    ticks = {"zeroline": False, "tickfont": look.muted_font(11), "automargin": True, "fixedrange": True}
    figure.update_xaxes(
        **ticks, showgrid=False, showline=True, linecolor=look.grid, range=[first - margin, last + margin], nticks=6,
        title={"text": "similarity of the two modalities", "font": look.muted_font(12)},
    )  # fmt: skip
    figure.update_yaxes(**ticks, gridcolor=look.grid, nticks=3)
    figure.update_layout(
        **base_layout(look), showlegend=False, bargap=0.0, margin={"l": 8, "r": 8, "t": 8, "b": 8},
    )  # fmt: skip
    return figure
