"""Figures of groups of cells that are compared: the volcano, and features over groups. G groups, F features."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import plotly.graph_objects as go

from monae_app.web.figures.labels import spread
from monae_app.web.figures.style import base_layout, group_colour

if TYPE_CHECKING:
    import pandas as pd

    from monae_app.web.figures.style import Style

LABELLED = 8
CHANGE = {"log2_fold_change": "log2 fold change", "difference": "difference of means"}
LARGEST = 18


def change_of(table: pd.DataFrame) -> str:
    """Name of the column that says by how much groups differ."""
    return next(name for name in CHANGE if name in table)


def volcano(table: pd.DataFrame, look: Style, *, rate: float = 0.05) -> go.Figure:
    """Draw how much features differ against how surely; those below a false discovery rate in colour."""
    change = change_of(table)
    known = table.dropna(subset=["fdr", change])
    floor = known["fdr"][known["fdr"] > 0].min() if (known["fdr"] > 0).any() else 1e-300
    height = -np.log10(np.maximum(known["fdr"].to_numpy(), floor))
    sure = (known["fdr"] < rate).to_numpy()
    up = (known[change] > 0).to_numpy()
    figure = go.Figure(layout=base_layout(look))
    for mine, colour, name in (
        (~sure, look.missing, f"FDR ≥ {rate:g}"),
        (sure & up, look.accent, "higher in the first"),
        (sure & ~up, "#d8663f", "higher in the second"),
    ):
        figure.add_scattergl(
            x=known[change].to_numpy()[mine], y=height[mine], customdata=known["feature"].to_numpy()[mine],
            mode="markers", marker={"size": look.size(6), "color": colour, "opacity": 0.8}, name=name,
            hovertemplate="%{customdata}<br>%{x:.2f}, FDR 10<sup>-%{y:.1f}</sup><extra></extra>",
        )  # fmt: skip
    best = known.assign(height=height)[sure].nlargest(LABELLED, "height")
    x, y = best[change].to_numpy(), best["height"].to_numpy()
    # names share the room: about a twentieth of the height each, and by their length
    sides = np.array([np.ptp(known[change]) or 1, np.ptp(height) or 1]) if len(height) else np.ones(2)
    boxes = look.size(1) * np.column_stack([0.035 * best["feature"].str.len(), np.full(len(best), 0.05)]) * sides
    places = spread(np.column_stack([_inside(x, boxes[:, 0], known[change]), y + 0.03 * sides[1]]), boxes)
    figure.add_scatter(
        x=places[:, 0], y=places[:, 1], text=best["feature"], mode="text", hoverinfo="skip", showlegend=False,
        textfont={"size": look.size(11)},
    )  # fmt: skip
    figure.update_xaxes(title=CHANGE[change], gridcolor=look.grid, zerolinecolor=look.grid)
    figure.update_yaxes(title="−log10 FDR", gridcolor=look.grid, zerolinecolor=look.grid)
    legend = {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0, "font": {"size": look.size(11)}}
    figure.update_layout(margin={"l": 50, "r": 10, "t": 76, "b": 40}, legend=legend)
    return figure


def _inside(x: np.ndarray, widths: np.ndarray, shown: pd.Series[float]) -> np.ndarray:
    """Move the middles of names so that none is cut off at a side; one that is too long stands in the middle."""
    if not len(x):
        return x
    low, high = shown.min() + widths / 2, shown.max() - widths / 2
    return np.asarray(np.where(low < high, np.clip(x, low, np.maximum(low, high)), (low + high) / 2))


def dot_plot(means: pd.DataFrame, shares: pd.DataFrame, look: Style) -> go.Figure:
    """Draw means as colour and shares of cells above zero as size; both (G, F)."""
    groups, features = np.meshgrid(np.arange(len(means)), np.arange(means.shape[1]), indexing="ij")
    size = shares.to_numpy().ravel()
    figure = go.Figure(
        go.Scatter(
            x=means.columns.to_numpy()[features.ravel()], y=means.index.to_numpy()[groups.ravel()], mode="markers",
            marker={
                "size": 3 + (LARGEST - 3) * np.nan_to_num(size), "color": means.to_numpy().ravel(),
                "colorscale": look.colour_scale, "showscale": True, "colorbar": {"title": "mean", "thickness": 10},
            },
            customdata=100 * size,
            hovertemplate="%{y}, %{x}<br>mean %{marker.color:.2f}, in %{customdata:.0f} %<extra></extra>",
        ),
        layout=base_layout(look),
    )  # fmt: skip
    return _over_groups(figure, look)


def heat(means: pd.DataFrame, look: Style) -> go.Figure:
    """Draw means, (G, F), each feature from its lowest to its highest group."""
    low, high = means.min(), means.max()
    scaled = (means - low) / (high - low).replace(0, np.nan)
    figure = go.Figure(
        go.Heatmap(
            z=scaled.to_numpy(), x=means.columns, y=means.index, customdata=means.to_numpy(),
            colorscale=look.colour_scale, colorbar={"title": "lowest to<br>highest", "thickness": 10},
            hovertemplate="%{y}, %{x}<br>mean %{customdata:.2f}<extra></extra>", xgap=1, ygap=1,
        ),
        layout=base_layout(look),
    )  # fmt: skip
    return _over_groups(figure, look)


def violins(values: pd.DataFrame, look: Style) -> go.Figure:
    """Draw the distribution of one feature in every group; columns ``group`` and ``value``."""
    figure = go.Figure(layout=base_layout(look))
    for index, (name, mine) in enumerate(values.groupby("group", observed=True, sort=False)):
        figure.add_violin(
            y=mine["value"], name=str(name), line={"color": group_colour(index, look), "width": look.size(1)},
            spanmode="hard", meanline={"visible": True}, points=False, showlegend=False,
        )  # fmt: skip
    figure.update_yaxes(gridcolor=look.grid, zerolinecolor=look.grid)
    figure.update_layout(margin={"l": 40, "r": 10, "t": 10, "b": 40}, violingap=0.1)
    return figure


def composition(shares: pd.DataFrame, look: Style) -> go.Figure:
    """Draw what each group consists of, (G, parts), rows that sum to 1."""
    figure = go.Figure(layout=base_layout(look))
    for index, name in enumerate(shares.columns):
        figure.add_bar(
            y=shares.index, x=shares[name], name=str(name), orientation="h",
            marker={"color": group_colour(index, look)},
            hovertemplate="%{y}: %{x:.0%} " + str(name) + "<extra></extra>",
        )  # fmt: skip
    figure.update_layout(barmode="stack", legend={"orientation": "h", "y": -0.12, "yanchor": "top"})
    figure.update_xaxes(tickformat=".0%")
    return _over_groups(figure, look)


def _over_groups(figure: go.Figure, look: Style) -> Any:
    figure.update_yaxes(autorange="reversed", gridcolor=look.grid, automargin=True)
    figure.update_xaxes(gridcolor=look.grid, automargin=True)
    figure.update_layout(margin={"l": 10, "r": 10, "t": 10, "b": 10})
    return figure
