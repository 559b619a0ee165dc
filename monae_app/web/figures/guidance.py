"""The guidance graph in numbers: edges of each gene, and how far apart the ends of an edge lie."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import plotly.graph_objects as go

from monae_app.web.figures.style import Style, base_layout

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST_BARS, MOST_SHOWN = 24, 0.99
MOST_TICKS, STEEP = 6, 20
KILOBASE, MEGABASE = 1_000, 1_000_000
DISTANCE_BARS = 20


def edges_figure(edges: np.ndarray, look: Style) -> go.Figure:
    """Draw how many genes have how many edges; those without one stand apart in colour.

    Parameters
    ----------
    edges
        Number of edges of each gene, shape (genes,).
    look
        Light or dark.
    """
    # a few genes with very many edges share the last bar
    last = int(np.quantile(edges, MOST_SHOWN)) if len(edges) else 0
    width = max(1, -(-last // MOST_BARS))
    # what has no edge is a bar of its own
    bounds = np.r_[0, np.arange(1, last + width + 1, width)] if last else np.array([0, 1])
    heights = np.histogram(np.minimum(edges, bounds[-1] - 1), bounds)[0]
    labels = [str(low) if high - low == 1 else f"{low}-{high - 1}" for low, high in pairwise(bounds)]
    if edges.max(initial=0) >= bounds[-1]:
        labels[-1] = f"{bounds[-2]}+"
    colours = [look.missing if not low else look.accent for low in bounds[:-1]]
    figure = _bars(labels, heights, colours, look, "%{x} edges: %{y:,} genes<extra></extra>")
    figure.update_xaxes(title_text="edges of a gene")
    figure.update_yaxes(title_text="genes")
    return figure


def distance_figure(distance: np.ndarray, window: int, look: Style) -> go.Figure:
    """Draw how far peaks lie from the genes that they are linked to; inside body and promoter is a bar of its own.

    Parameters
    ----------
    distance
        bp, shape (edges,).
    window
        The farthest, in bp.
    look
        Light or dark.
    """
    bounds = np.linspace(0, window, DISTANCE_BARS + 1) if window else np.zeros(1)
    # an upper bound belongs to its bar: "to 10 kb" holds what lies 10 kb away
    heights = np.bincount(np.searchsorted(bounds, distance, side="left"), minlength=len(bounds))
    labels = ["inside", *(f"to {base_pairs(bound)}" for bound in bounds[1:])]
    colours = [look.accent, *[look.muted] * (len(heights) - 1)]
    figure = _bars(labels, heights, colours, look, "%{x}: %{y:,} edges<extra></extra>")
    figure.update_xaxes(title_text="distance from gene body and promoter")
    # most lie inside: the others would vanish beside them
    steep = heights.max(initial=0) > STEEP * max(1, np.median(heights))
    figure.update_yaxes(title_text="edges, log scale" if steep else "edges", type="log" if steep else "linear")
    return figure


def base_pairs(length: float) -> str:
    """Write a length: "500 bp", "2 kb", "1.5 Mb"."""
    if length >= MEGABASE:
        return f"{length / MEGABASE:.3g} Mb"
    return f"{length / KILOBASE:.3g} kb" if length >= KILOBASE else f"{length:.0f} bp"


def _bars(labels: Sequence[str], heights: np.ndarray, colours: list[str], look: Style, hover: str) -> go.Figure:
    bar = go.Bar(x=list(labels), y=heights, marker={"color": colours, "line": {"width": 0}}, hovertemplate=hover)
    figure = go.Figure(bar)
    step = -(-(len(labels) - 1) // MOST_TICKS) or 1
    ticks = {"gridcolor": look.grid, "zeroline": False, "linecolor": look.grid}
    ticks |= {"tickfont": look.muted_font(11), "title": {"font": look.muted_font(12)}}
    figure.update_xaxes(**ticks, type="category", showgrid=False, tickangle=0, tickvals=labels[::step], automargin=True)
    figure.update_yaxes(**ticks, nticks=5, tickformat="~s", automargin=True)
    figure.update_layout(
        **base_layout(look), bargap=0.08, showlegend=False, margin={"l": 8, "r": 8, "t": 8, "b": 8},
        uirevision="guidance",
    )  # fmt: skip
    return figure
