"""How a measure of quality is spread over the cells, and where its cut-offs lie."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from monae_app.web.figures.style import Style, base_layout

BINS = 60
DECADES, FEW_DECADES = 8, 2.5


def to_axis(values: np.ndarray | float, *, log: bool) -> np.ndarray:
    """Place values on the axis of the figure: counts at log10(1 + counts), so that 0 has a place too."""
    plain = np.asarray(values, dtype=np.float64)
    return np.log10(1 + np.maximum(plain, 0)) if log else plain


def from_axis(place: float, *, log: bool) -> float:
    """Read a place on the axis as a value."""
    return max(0.0, float(10**place - 1 if log else place))


def quality_figure(
    values: np.ndarray,
    keep: np.ndarray,
    cutoffs: list[float],
    look: Style,
    *,
    log: bool,
    title: str,
    percent: bool = False,
) -> go.Figure:
    """Draw a histogram of cells, those that stay in colour, with a line for each cut-off that can be moved.

    Parameters
    ----------
    values
        The measure of each cell, shape (N,); NaN is passed over.
    keep
        Whether the cell stays after all cut-offs, shape (N,).
    cutoffs
        Where lines stand, in units of the measure.
    look
        Light or dark.
    log
        Whether the axis is logarithmic.
    title
        Of the axis.
    percent
        Whether the axis is written in percent.
    """
    known = np.isfinite(values)
    placed = to_axis(values[known], log=log)
    low, high = (float(placed.min()), float(placed.max())) if len(placed) else (0.0, 1.0)
    bounds = np.linspace(low, high if high > low else low + 1, BINS + 1)
    middles, width = (bounds[1:] + bounds[:-1]) / 2, bounds[1] - bounds[0]
    figure = go.Figure()
    for stays, colour, name in ((True, look.accent, "stay"), (False, look.missing, "left out")):
        heights = np.histogram(placed[keep[known] == stays], bounds)[0]
        shown = np.round([from_axis(middle, log=log) for middle in middles], 0 if log else 3)
        figure.add_bar(
            x=middles, y=heights, width=width, name=name, customdata=shown,
            marker={"color": colour, "line": {"width": 0}},
            hovertemplate=f"about %{{customdata:,}}: %{{y:,}} cells {name}<extra></extra>",
        )  # fmt: skip
    for value in cutoffs:
        place = float(to_axis(value, log=log))
        figure.add_shape(
            type="line", x0=place, x1=place, y0=0, y1=1, yref="paper", name="cut-off",
            line={"color": look.ink, "width": look.size(2)},
        )  # fmt: skip
    _axes(figure, look, (low, high, *(float(to_axis(value, log=log)) for value in cutoffs)), title, log=log)
    if percent:
        figure.update_xaxes(tickformat="~%")
    return figure


def _axes(figure: go.Figure, look: Style, reached: tuple[float, ...], title: str, *, log: bool) -> None:
    low, high = min(reached), max(reached)
    margin = 0.03 * (high - low) or 0.5
    ticks = {"zeroline": False, "tickfont": look.muted_font(11), "automargin": True}
    figure.update_xaxes(
        **ticks, showgrid=False, linecolor=look.grid, showline=True, fixedrange=True,
        range=[low - margin, high + margin], title={"text": title, "font": look.muted_font(12)},
    )  # fmt: skip
    if log:
        # within few decades a tick at each power of ten would be one or two in all
        steps = (1, 2, 5) if high - low < FEW_DECADES else (1,)
        numbers = [0, *(step * 10**power for power in range(DECADES) for step in steps)]
        figure.update_xaxes(tickvals=to_axis(np.array(numbers), log=True), ticktext=[f"{each:,}" for each in numbers])
    figure.update_yaxes(**ticks, gridcolor=look.grid, nticks=4, fixedrange=True, tickformat="~s")
    figure.update_layout(
        **base_layout(look), barmode="stack", bargap=0.02, showlegend=False, uirevision="quality",
        margin={"l": 8, "r": 8, "t": 8, "b": 8},
    )  # fmt: skip
