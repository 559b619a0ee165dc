"""Figures along pseudotime: where groups stand, curves of features, and a heatmap in the order of their peaks.

n cells, T tips, F features, G points of a grid.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from monae_app.web.figures.style import base_layout, group_colour

if TYPE_CHECKING:
    from collections.abc import Sequence

    from monae_app.engine.analysis.trajectory.splines import Curves
    from monae_app.web.figures.style import Style

MOST_POINTS = 1500
# of a group, to be drawn as a density
FEWEST_CELLS = 5
AXIS = "pseudotime"
TICKS_WITHIN = (0.2, 0.4, 0.6, 0.8)


def density_figure(time: np.ndarray, codes: np.ndarray, names: Sequence[str], look: Style) -> go.Figure:
    """Draw how each group lies along pseudotime, the earliest group on top.

    Parameters
    ----------
    time
        (n,) pseudotime, NaN for none.
    codes
        (n,) group of each cell, negative for none.
    names
        Of the groups.
    look
        Light or dark.
    """
    figure = go.Figure(layout=base_layout(look))
    there = [
        (float(np.median(mine)), number, mine)
        for number in range(len(names))
        if len(mine := time[(codes == number) & np.isfinite(time)]) >= FEWEST_CELLS
    ]
    for _, number, mine in sorted(there, key=lambda each: -each[0]):
        figure.add_violin(
            x=mine, name=str(names[number]), orientation="h", side="positive", width=1.8, points=False, spanmode="hard",
            line={"color": group_colour(number, look), "width": look.size(1.2)}, meanline={"visible": False},
            showlegend=False, hoverinfo="name",
        )  # fmt: skip
    figure.update_layout(margin={"l": 8, "r": 8, "t": 8, "b": 36})
    figure.update_xaxes(title=AXIS, range=[0, 1], gridcolor=look.grid, tickfont=look.muted_font(11), zeroline=False)
    figure.update_yaxes(automargin=True, tickfont=look.muted_font(11), gridcolor=look.grid, type="category")
    return figure


class Trend:
    """One feature on all ways.

    Parameters
    ----------
    title
        Of the feature.
    unit
        Of its levels.
    points
        (times, levels, tips) of measured cells; the tip is negative on a way that several share.
    curves
        Of what was measured, by tip; None where cells are too few.
    imputed
        The same of what was imputed.
    """

    def __init__(
        self,
        title: str,
        unit: str,
        points: tuple[np.ndarray, np.ndarray, np.ndarray],
        curves: Sequence[Curves | None],
        imputed: Sequence[Curves | None],
    ) -> None:
        self.title, self.unit, self.points, self.curves, self.imputed = title, unit, points, curves, imputed


def trends_figure(trends: Sequence[Trend], ends: Sequence[str], look: Style) -> go.Figure:
    """Draw features along pseudotime: measured points, a curve with its band for each way, the imputed line over it."""
    figure = make_subplots(
        rows=1, cols=max(len(trends), 1), subplot_titles=[each.title for each in trends], horizontal_spacing=0.06
    )
    for column, trend in enumerate(trends, start=1):
        time, level, tip = trend.points
        some = np.random.default_rng(0).permutation(len(time))[:MOST_POINTS]
        figure.add_scatter(
            x=time[some], y=level[some], mode="markers", showlegend=column == 1, name="measured cells",
            marker={"size": look.size(3), "opacity": 0.35,
                    "color": [group_colour(each, look) if each >= 0 else look.muted for each in tip[some]]},
            hoverinfo="skip", row=1, col=column,
        )  # fmt: skip
        for number, end in enumerate(ends):
            colour = group_colour(number, look)
            curve, other = trend.curves[number], trend.imputed[number]
            if curve is not None:
                low, high = (each[:, 0] for each in curve.band)
                figure.add_scatter(
                    x=np.concatenate([curve.grid, curve.grid[::-1]]), y=np.concatenate([high, low[::-1]]),
                    fill="toself", mode="lines", line={"width": 0}, fillcolor=colour, opacity=0.2, showlegend=False,
                    hoverinfo="skip", row=1, col=column,
                )  # fmt: skip
                figure.add_scatter(
                    x=curve.grid, y=curve.level[:, 0], mode="lines", name=f"to {end}", legendgroup=end,
                    showlegend=column == 1, line={"color": colour, "width": look.size(2.4)}, row=1, col=column,
                )  # fmt: skip
            if other is not None:
                figure.add_scatter(
                    x=other.grid, y=other.level[:, 0], mode="lines", name="imputed", legendgroup=end,
                    showlegend=column == 1 and number == 0,
                    line={"color": colour, "width": look.size(1.6), "dash": "dot"}, row=1, col=column,
                )  # fmt: skip
        figure.update_yaxes(title=trend.unit if column == 1 else None, row=1, col=column)
    figure.update_layout(base_layout(look))
    figure.update_layout(
        margin={"l": 48, "r": 8, "t": 30, "b": 70}, legend={"orientation": "h", "y": -0.22, "font": look.muted_font(11)}
    )
    figure.update_xaxes(title=AXIS, gridcolor=look.grid, zeroline=False, tickfont=look.muted_font(11))
    figure.update_yaxes(gridcolor=look.grid, zeroline=False, tickfont=look.muted_font(11))
    return figure


def heat_figure(levels: np.ndarray, names: Sequence[str], ends: Sequence[str], look: Style) -> go.Figure:
    """Draw curves of features as rows, a panel for each way, in the order in which they are given.

    Parameters
    ----------
    levels
        (T, F, G), NaN where a way has no cells.
    names
        Of the F features.
    ends
        Of the T ways.
    look
        Light or dark.
    """
    figure = make_subplots(
        rows=1, cols=max(len(ends), 1), shared_yaxes=True, horizontal_spacing=0.012,
        subplot_titles=[f"to {each}" for each in ends],
    )  # fmt: skip
    flat = np.moveaxis(levels, 1, 0).reshape(levels.shape[1], -1)
    with np.errstate(all="ignore"):
        middle, spread = np.nanmean(flat, axis=1), np.nanstd(flat, axis=1) + 1e-9
    scaled = (levels - middle[None, :, None]) / spread[None, :, None]
    for column in range(len(ends)):
        figure.add_heatmap(
            z=scaled[column], x=np.linspace(0, 1, levels.shape[2]), y=list(names), zmin=-2, zmax=2,
            colorscale=look.colour_scale, showscale=column == len(ends) - 1,
            colorbar={"title": "z", "thickness": 10, "len": 0.5, "tickfont": look.muted_font(10)},
            hovertemplate="%{y}: %{z:.2f} at %{x:.2f}<extra></extra>", row=1, col=column + 1,
        )  # fmt: skip
    figure.update_layout(base_layout(look))
    figure.update_layout(margin={"l": 8, "r": 8, "t": 28, "b": 36})
    # panels touch: the last number of one would run into the first of the next
    figure.update_xaxes(
        title=AXIS, tickfont=look.muted_font(11), showgrid=False, tickvals=TICKS_WITHIN, tickformat=".1f"
    )
    figure.update_yaxes(autorange="reversed", automargin=True, tickfont=look.muted_font(10), showgrid=False, dtick=1)
    return figure
