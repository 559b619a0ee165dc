"""Transferred labels: how sure they are, and how they compare with labels that are there already."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import plotly.graph_objects as go

from monae_app.web.figures.style import Style, base_layout

if TYPE_CHECKING:
    from collections.abc import Sequence

BINS = 20


def confidence_figure(confidence: np.ndarray, agrees: np.ndarray | None, threshold: float, look: Style) -> go.Figure:
    """Draw how many cells have which confidence and, where labels are known, how many of them agree.

    Parameters
    ----------
    confidence
        Of each cell, (M,).
    agrees
        Whether its likeliest label is the one that it has already, (M,), NaN where it has none; None if none has one.
    threshold
        Below it a cell is unassigned.
    look
        Light or dark.
    """
    bounds = np.linspace(0, 1, BINS + 1)
    places = np.clip(np.digitize(confidence, bounds) - 1, 0, BINS - 1)
    middles = (bounds[1:] + bounds[:-1]) / 2
    parts: list[tuple[str, str, np.ndarray]] = [("cells", look.accent, np.ones(len(places), bool))]
    if agrees is not None:
        parts = [
            ("agrees", look.accent, agrees == 1),
            ("differs", look.ramp[2], agrees == 0),
            ("no label to compare with", look.missing, np.isnan(agrees)),
        ]
    figure = go.Figure()
    for name, colour, mine in parts:
        if mine.any():
            figure.add_bar(
                x=middles, y=np.bincount(places[mine], minlength=BINS), width=1 / BINS, name=name,
                marker={"color": colour, "line": {"width": 0}},
                hovertemplate="confidence %{x:.2f}: %{y:,} " + name + "<extra></extra>",
            )  # fmt: skip
    if agrees is not None:
        _add_shares(figure, places, confidence, agrees, look)
    figure.add_shape(
        type="line", x0=threshold, x1=threshold, y0=0, y1=1, yref="paper", name="unassigned below",
        line={"color": look.muted, "dash": "dot"},
    )  # fmt: skip
    axis = _axis(look)
    figure.update_xaxes(**axis, range=[0, 1], showgrid=False, title=_title("confidence", look))
    figure.update_yaxes(**axis, gridcolor=look.grid, title=_title("cells", look))
    figure.update_layout(
        **base_layout(look), barmode="stack", bargap=0, margin={"l": 8, "r": 8, "t": 8, "b": 8},
        legend={"orientation": "h", "y": -0.28, "x": 0}, showlegend=agrees is not None,
        yaxis2={
            "overlaying": "y", "side": "right", "range": [0, 1.02], "showgrid": False, "tickformat": ".0%",
            "dtick": 0.25,
            "title": _title("share that agrees", look), **axis,
        },
    )  # fmt: skip
    return figure


def _add_shares(figure: go.Figure, places: np.ndarray, confidence: np.ndarray, agrees: np.ndarray, look: Style) -> None:
    """Add the share that agrees by confidence: on the diagonal where the confidence can be taken at its word."""
    known = ~np.isnan(agrees)
    counts = np.bincount(places[known], minlength=BINS)
    enough = counts >= max(10, known.sum() // 200)
    share = np.bincount(places[known], agrees[known], BINS) / np.maximum(counts, 1)
    mean = np.bincount(places[known], confidence[known], BINS) / np.maximum(counts, 1)
    figure.add_scatter(
        x=mean[enough], y=share[enough], yaxis="y2", mode="lines+markers", name="share that agrees",
        line={"color": look.ink, "width": look.size(2)}, marker={"size": look.size(6)},
        hovertemplate="at confidence %{x:.2f}, %{y:.0%} agree<extra></extra>",
    )  # fmt: skip
    figure.add_scatter(
        x=[0, 1], y=[0, 1], yaxis="y2", mode="lines", name="as promised", hoverinfo="skip",
        line={"color": look.muted, "width": look.size(1), "dash": "dash"},
    )  # fmt: skip


def confusion_figure(
    counts: np.ndarray, known: Sequence[str], given: Sequence[str], look: Style, column: str
) -> go.Figure:
    """Draw which labels cells had, and which they got.

    Parameters
    ----------
    counts
        Cells, (known, given).
    known, given
        Names of rows and columns.
    look
        Light or dark.
    column
        That the known labels stand in.
    """
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    figure = go.Figure(
        go.Heatmap(
            z=share, x=list(given), y=list(known), customdata=counts, colorscale=look.colour_scale, zmin=0, zmax=1,
            xgap=1, ygap=1, colorbar={"thickness": 10, "tickformat": ".0%", "outlinewidth": 0},
            hovertemplate="%{y} got %{x}: %{customdata:,} cells, %{z:.1%} of it<extra></extra>",
        )
    )  # fmt: skip
    axis = _axis(look)
    figure.update_xaxes(**axis, type="category", side="bottom", title=_title("label that was transferred", look))
    figure.update_yaxes(**axis, type="category", autorange="reversed", title=_title(f"{column} before", look))
    figure.update_layout(**base_layout(look), margin={"l": 8, "r": 8, "t": 8, "b": 8})
    return figure


def _axis(look: Style) -> dict[str, Any]:
    return {"zeroline": False, "tickfont": look.muted_font(11), "automargin": True, "fixedrange": True}


def _title(text: str, look: Style) -> dict[str, Any]:
    return {"text": text, "font": look.muted_font(12)}
