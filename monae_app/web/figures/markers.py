"""Figures of features beside groups: on the map of the cells, and scores beside what was measured. G groups."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from plotly.subplots import make_subplots

from monae_app.web.figures.style import base_layout

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

    from monae_app.web.figures.style import Style

SYMBOLS = {"rna": "diamond", "atac": "triangle-up", "protein": "square", "motif": "triangle-down"}
# of a mark, where names stand: two for each group
SIDES = (("left", 7), ("right", -7))


def agreement(table: pd.DataFrame, chosen: str, look: Style) -> go.Figure:
    """Draw the scores of groups beside what was measured in them; the highest of either stands out.

    Parameters
    ----------
    table
        ``group``, ``score``, ``mean`` and ``share``, nearest groups first, (G, .); NaN where nothing was measured.
    chosen
        Name of the group that is set in bold.
    look
        Light or dark.
    """
    figure = make_subplots(
        rows=1, cols=2, shared_yaxes=True, horizontal_spacing=0.04,
        subplot_titles=["score in the space", "mean as measured"],
    )  # fmt: skip
    names = [f"<b>{name}</b>" if name == chosen else str(name) for name in table["group"]]
    known = table["mean"].notna().any()
    # scores have no zero: bars begin below the lowest
    low = float(table["score"].min()) - 0.05 * float(np.ptp(table["score"]) or 1)
    for column, values, base, best in (
        (1, table["score"], low, 0),
        (2, table["mean"], 0.0, int(table["mean"].fillna(-np.inf).to_numpy().argmax()) if known else -1),
    ):
        told = [
            f"{name}: {value:.2f}" + (f", in {share:.0%} of its cells" if column > 1 else "")
            for name, value, share in zip(table["group"], values, table["share"], strict=True)
        ]
        figure.add_bar(
            y=names, x=values - base, base=base, orientation="h", showlegend=False, hovertext=told, hoverinfo="text",
            marker={"color": [look.accent if place == best else look.muted for place in range(len(table))],
                    "opacity": 0.85},
            row=1, col=column,
        )  # fmt: skip
    figure.update_layout(base_layout(look))
    figure.update_yaxes(autorange="reversed", automargin=True, tickfont=look.muted_font(11), row=1, col=1)
    figure.update_yaxes(autorange="reversed", showticklabels=False, row=1, col=2)
    figure.update_xaxes(gridcolor=look.grid, zerolinecolor=look.muted, tickfont=look.muted_font(11), nticks=5)
    figure.update_annotations(font=look.muted_font(12))
    figure.update_layout(margin={"l": 10, "r": 10, "t": 28, "b": 24}, bargap=0.25)
    return figure


def with_features(figure: go.Figure, features: pd.DataFrame, look: Style) -> go.Figure:
    """Put features over a map of cells; changed and returned.

    Parameters
    ----------
    figure
        Of the cells, as :func:`monae_app.web.figures.embedding.embedding_figure` draws it.
    features
        ``feature``, ``modality``, ``nearest``, ``x`` and ``y``, best first; two of each group get names.
    look
        Light or dark.
    """
    for modality, mine in features.groupby("modality", sort=False):
        # over the cells, which are drawn so too
        figure.add_scattergl(
            x=mine["x"], y=mine["y"], mode="markers", name=str(modality), customdata=mine[["feature", "nearest"]],
            marker={
                "symbol": SYMBOLS.get(str(modality), "circle"), "size": look.size(9), "color": look.surface,
                "line": {"color": look.ink, "width": 1.3},
            },
            hovertemplate="%{customdata[0]}, nearest to %{customdata[1]}<extra></extra>",
        )  # fmt: skip
    best = features.groupby("nearest", sort=False).head(len(SIDES))
    for number, (name, x, y) in enumerate(zip(best["feature"], best["x"], best["y"], strict=True)):
        anchor, shift = SIDES[number % len(SIDES)]
        figure.add_annotation(
            x=x, y=y, text=str(name), showarrow=False, xanchor=anchor, xshift=shift,
            font={"size": look.size(10), "color": look.ink},
        )  # fmt: skip
    return figure
