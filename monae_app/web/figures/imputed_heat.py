"""Measured levels beside imputed ones, on the same rows and one colour scale. F features, C columns of a panel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import plotly.graph_objects as go

from monae_app.web.figures.style import base_layout, group_colour

if TYPE_CHECKING:
    from collections.abc import Sequence

    from monae_app.web.figures.style import Style

ROW, HEAD, STRIP = 16, 44, 9
BETWEEN = 0.012
FOOT = {"groups": 74, "cells": 66}


@dataclass(frozen=True)
class HeatPanel:
    """One part: its title, its shown values (F, C), the levels that they stand for (F, C), and what a column is of.

    ``columns`` are groups by their number, one of each or, where ``single`` cells are shown, one a cell.
    """

    title: str
    shown: np.ndarray
    levels: np.ndarray
    columns: np.ndarray
    single: bool


def imputed_heat(
    panels: Sequence[HeatPanel], features: Sequence[str], groups: Sequence[str], unit: str, look: Style, *, z: bool
) -> go.Figure:
    """Draw panels side by side.

    Parameters
    ----------
    panels
        At least one.
    features, groups
        Names of the rows, and of the groups.
    unit
        Of the levels.
    look
        The theme.
    z
        Whether values are standardised: the scale is then the same on both sides of 0.
    """
    figure = go.Figure(layout=base_layout(look))
    single = panels[0].single
    width = (1 - BETWEEN * (len(panels) - 1)) / len(panels)
    shown = np.concatenate([panel.shown.ravel() for panel in panels])
    known = shown[np.isfinite(shown)]
    high = 2.5 if z else float(known.max(initial=0)) or 1.0
    low = -2.5 if z else min(0.0, float(known.min(initial=0)))
    rows = list(range(len(features)))
    # beside the scale there is room for a word or two
    scale = "z" if z else unit.replace(" (", "<br>(").replace(", ", ",<br>")
    layout: dict[str, Any] = {"annotations": []}
    for at, panel in enumerate(panels):
        number = "" if at == 0 else str(at + 1)
        names = np.array(groups, dtype=object)[panel.columns]
        figure.add_heatmap(
            z=panel.shown, x=list(range(len(panel.columns))), y=rows, xaxis=f"x{number}", yaxis="y",
            customdata=np.round(panel.levels, 3), text=np.broadcast_to(names, panel.shown.shape),
            colorscale=look.colour_scale, zmin=low, zmax=high, showscale=at == len(panels) - 1,
            xgap=0 if single else 1, ygap=1, name=panel.title, hoverongaps=False,
            colorbar={"title": {"text": scale, "font": look.muted_font(11)}, "thickness": 10,
                      "len": 0.9, "tickfont": look.muted_font(11)},
            hovertemplate=f"<b>%{{y}}</b>, %{{text}}<br>{panel.title}: %{{customdata:.3g}} ({unit})<extra></extra>",
        )  # fmt: skip
        start = at * (width + BETWEEN)
        layout[f"xaxis{number}"] = _axis(panel, groups, look, (start, min(1.0, start + width)), single=single)
        layout["annotations"].append(
            {"text": panel.title, "x": start + width / 2, "xanchor": "center", "y": 1, "yanchor": "bottom",
             "yshift": STRIP + 2, "xref": "paper", "yref": "paper", "showarrow": False, "font": {"size": look.size(12)}}
        )  # fmt: skip
    height = HEAD + FOOT["cells" if single else "groups"] + ROW * max(len(features), 6)
    layout["shapes"] = [
        shape for at, panel in enumerate(panels) for shape in _strip(panel, "" if at == 0 else str(at + 1), look)
    ]
    layout["yaxis"] = {"autorange": "reversed", "showgrid": False, "zeroline": False, "automargin": True,
                       "tickvals": rows, "ticktext": list(features), "tickfont": {"size": look.size(11)}}  # fmt: skip
    bottom = FOOT["cells" if single else "groups"]
    figure.update_layout(height=height, margin={"l": 10, "r": 10, "t": HEAD, "b": bottom}, **layout)
    return figure


def _axis(
    panel: HeatPanel, groups: Sequence[str], look: Style, domain: tuple[float, float], *, single: bool
) -> dict[str, Any]:
    ends = np.flatnonzero(np.diff(panel.columns, append=-1))
    begins = np.r_[0, ends[:-1] + 1]
    middle = (begins + ends) / 2
    return {"domain": list(domain), "anchor": "y", "showgrid": False, "zeroline": False, "tickangle": -60,
            "tickvals": middle.tolist(), "ticktext": [groups[panel.columns[end]] for end in ends],
            "tickfont": look.muted_font(10 if single or len(groups) > 12 else 11)}  # fmt: skip


def _strip(panel: HeatPanel, number: str, look: Style) -> list[dict[str, Any]]:
    """Colours of the groups, over the columns."""
    ends = np.flatnonzero(np.diff(panel.columns, append=-1))
    begins = np.r_[0, ends[:-1] + 1]
    return [
        {"type": "rect", "xref": f"x{number}", "yref": "paper", "x0": begin - 0.5, "x1": end + 0.5, "y0": 1, "y1": 1,
         "yanchor": 1, "ysizemode": "pixel", "line": {"width": 0},
         "fillcolor": group_colour(int(panel.columns[end]), look)} | {"y0": 1, "y1": STRIP - 1}
        for begin, end in zip(begins.tolist(), ends.tolist(), strict=True)
    ]  # fmt: skip
