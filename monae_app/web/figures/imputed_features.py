"""Figures of features beside what was imputed: agreement, one feature over groups, and its zeros. G groups."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import plotly.graph_objects as go

from monae_app.web.figures.style import base_layout, line_colour

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from monae_app.web.figures.style import Style

SYMBOLS = ("circle", "diamond", "square", "triangle-up")
# chances that a count is zero, from certain to surprising
CHANCES = {"certain": "zero expected (above 95 %)", "likely": "likely zero (50 to 95 %)",
           "open": "more likely above zero (5 to 50 %)", "surprising": "zero surprising (below 5 %)"}  # fmt: skip


def agreement_figure(table: pd.DataFrame, ways: Mapping[str, str], chosen: str | None, look: Style) -> go.Figure:
    """Draw the agreement of every feature against its noise ceiling.

    Parameters
    ----------
    table
        ``feature``, ``ceiling``, and a column for each of ``ways``.
    ways
        Titles by column.
    chosen
        Feature that is set apart.
    look
        The theme.
    """
    figure = go.Figure(layout=base_layout(look))
    figure.add_scatter(
        x=[0, 1], y=[0, 1], mode="lines", line={"color": look.muted, "width": 1, "dash": "dot"}, hoverinfo="skip",
        showlegend=False,
    )  # fmt: skip
    for number, (key, title) in enumerate(ways.items()):
        sizes = np.where(table["feature"] == chosen, 13, 7) if chosen else 7
        figure.add_scatter(
            x=table["ceiling"], y=table[key], mode="markers", name=title, text=table["feature"],
            customdata=table["row"],
            marker={"symbol": SYMBOLS[number % len(SYMBOLS)], "size": sizes, "color": line_colour(number, look),
                    "line": {"color": look.surface, "width": 1}, "opacity": 0.85},
            hovertemplate=f"<b>%{{text}}</b><br>{title}: r = %{{y:.2f}}<br>ceiling %{{x:.2f}}<extra></extra>",
        )  # fmt: skip
    axis = {"gridcolor": look.grid, "zerolinecolor": look.muted, "tickfont": look.muted_font(11)}
    low = float(np.nanmin([0.0, *(table[key].min() for key in ways)])) if len(table) else 0.0
    figure.update_layout(
        xaxis=axis | {"title": {"text": "noise ceiling", "font": look.muted_font(12)}, "range": [-0.03, 1.04]},
        yaxis=axis | {"title": {"text": "r with measured", "font": look.muted_font(12)}, "range": [low - 0.06, 1.06]},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0, "font": {"size": look.size(11)}},
        margin={"l": 50, "r": 10, "t": 30, "b": 40},
    )
    return figure


def feature_figure(table: pd.DataFrame, ways: Mapping[str, str], unit: str, look: Style) -> go.Figure:
    """Draw one feature over groups: measured as bars, imputed as marks.

    Parameters
    ----------
    table
        ``group``, ``cells``, and a column for each of ``ways``, (G, .).
    ways
        Titles by column; ``measured`` is drawn as bars.
    unit
        Of the levels.
    look
        The theme.
    """
    figure = go.Figure(layout=base_layout(look))
    for number, (key, title) in enumerate(ways.items()):
        shared: dict[str, Any] = {"x": table["group"], "y": table[key], "name": title, "customdata": table["cells"]}
        told = f"<b>%{{x}}</b> (%{{customdata:,}} cells)<br>{title}: %{{y:.3g}}<extra></extra>"
        if key == "measured":
            figure.add_bar(**shared, marker={"color": look.missing}, hovertemplate=told)
        else:
            figure.add_scatter(
                **shared, mode="markers", hovertemplate=told,
                marker={"symbol": SYMBOLS[(number - 1) % len(SYMBOLS)], "size": 9,
                        "color": line_colour(number - 1, look), "line": {"color": look.surface, "width": 1}},
            )  # fmt: skip
    _finish(figure, look, unit)
    return figure


def zeros_figure(table: pd.DataFrame, look: Style) -> go.Figure:
    """Draw what becomes of the cells of each group: counted, and zeros by how likely they were; shares that add to 1.

    Parameters
    ----------
    table
        ``group``, ``cells``, ``counted`` and the columns of ``CHANCES``: numbers of cells, (G, .).
    look
        The theme.
    """
    figure = go.Figure(layout=base_layout(look))
    colours = [look.missing, *(look.ramp[at] for at in (0, 1, 3, 5))]
    parts = {"counted": "counted", **CHANCES}
    total = np.maximum(table["cells"].to_numpy(float), 1)
    for colour, (key, title) in zip(colours, parts.items(), strict=True):
        figure.add_bar(
            x=table["group"], y=table[key] / total, name=title, marker={"color": colour}, customdata=table[key],
            hovertemplate=f"<b>%{{x}}</b><br>{title}: %{{customdata:,}} cells, %{{y:.1%}}<extra></extra>",
        )  # fmt: skip
    figure.update_layout(barmode="stack")
    _finish(figure, look, "share of cells")
    figure.update_yaxes(tickformat=".0%", range=[0, 1])
    return figure


def _finish(figure: go.Figure, look: Style, unit: str) -> None:
    axis = {"gridcolor": look.grid, "zerolinecolor": look.muted, "tickfont": look.muted_font(11), "automargin": True}
    figure.update_layout(
        xaxis=axis | {"showgrid": False, "tickangle": -45},
        yaxis=axis | {"title": {"text": unit, "font": look.muted_font(12)}},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0, "font": {"size": look.size(11)}},
        margin={"l": 50, "r": 10, "t": 46, "b": 20}, bargap=0.25,
    )  # fmt: skip
