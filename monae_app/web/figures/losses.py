"""The losses of a training, one small plot a term."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from monae_app.web.figures.style import Style, base_layout
from monae_app.web.modalities import MODALITY_TITLES

if TYPE_CHECKING:
    import pandas as pd

TITLES = {
    "loss": "Total",
    **{f"loss_nll_{name}": f"{title} not explained" for name, title in MODALITY_TITLES.items()},
    **{f"loss_kl_{name}": f"{title} cells: KL" for name, title in MODALITY_TITLES.items()},
    "loss_kl_features": "Features: KL",
    "loss_anchors": "Anchored cells apart",
    "loss_edges": "Guidance edges missed",
    "loss_discriminator": "Modality discriminator",
    "loss_contrastive": "Views of a cell apart",
    "loss_clusters": "Clusters unclear",
}
ROW_HEIGHT = 138


def loss_figure(losses: pd.DataFrame, look: Style, *, columns: int = 3) -> go.Figure:
    """Draw one line a loss term.

    Parameters
    ----------
    losses
        ``step`` and one column per term, each beginning with "loss".
    look
        Light or dark.
    columns
        Plots beside each other.
    """
    terms = sorted((str(name) for name in losses if name != "step"), key=_place)
    rows = max(1, math.ceil(len(terms) / columns))
    figure = make_subplots(
        rows=rows, cols=columns, subplot_titles=[loss_title(name) for name in terms],
        horizontal_spacing=0.07, vertical_spacing=min(0.3, 0.5 / rows),
    )  # fmt: skip
    for index, name in enumerate(terms):
        figure.add_trace(
            go.Scatter(
                x=losses["step"].to_numpy(dtype=np.int64),
                y=losses[name].to_numpy(dtype=np.float32),
                mode="lines",
                line={"color": look.accent, "width": look.size(1.6)},
                hovertemplate="step %{x:,}: %{y:.4g}<extra></extra>",
                name=name,
            ),
            row=index // columns + 1,
            col=index % columns + 1,
        )
    ticks = {
        "tickformat": "~g",
        "tickfont": look.muted_font(10),
        "gridcolor": look.grid,
        "zeroline": False,
        "linecolor": look.grid,
    }
    figure.update_xaxes(**ticks, nticks=4, showgrid=False, showline=True)
    figure.update_yaxes(**ticks, nticks=4)
    layout = {**base_layout(look), "uirevision": "losses", "showlegend": False}
    figure.update_layout(**layout, margin={"l": 40, "r": 8, "t": 26, "b": 28})
    figure.update_annotations(font=look.muted_font(12))
    return figure


def loss_height(losses: pd.DataFrame, *, columns: int = 3) -> int:
    """Tell the height that the figure needs, in pixels."""
    return max(1, math.ceil((len(losses.columns) - 1) / columns)) * ROW_HEIGHT + 34


def loss_title(name: str) -> str:
    """Write the name of a loss term in words."""
    return TITLES.get(name, name.removeprefix("loss_").replace("_", " "))


def _place(name: str) -> tuple[int, str]:
    known = list(TITLES)
    return (known.index(name) if name in known else len(known), name)
