"""The map of all cells. N cells, C groups."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from monae_app.web.figures.labels import spread
from monae_app.web.figures.style import Style, base_layout, group_colour
from monae_app.web.modalities import modality_title

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

# Where few groups lie over each other, the one drawn last would hide the rest: they are drawn in turns.
INTERLEAVED_GROUPS = 4
TURNS = 8
FEWEST_LABELS, MOST_LABELS = 3, 40
MOST_GROUPS = 60
# A map on a small screen; on a larger one labels have room to spare.
MAP_PIXELS = (680.0, 560.0)
CLIP_PERCENTILES = (1.0, 99.0)


def embedding_figure(
    cells: pd.DataFrame,
    values: pd.Series[Any],
    look: Style,
    *,
    title: str,
    unit: str = "",
    panels: Sequence[str] = ("joint",),
    labels: bool = True,
) -> go.Figure:
    """Draw the cells in their embedding, coloured by groups or by a number.

    Parameters
    ----------
    cells
        ``x``, ``y``, ``modality`` and ``id``, shape (N, 4).
    values
        (N,): categorical, or float with NaN for cells without a value.
    look
        Light or dark.
    title, unit
        Of the legend or colour bar.
    panels
        "joint" for all cells or a modality for its own; drawn side by side on the same axes.
    labels
        Write the names of groups at the medians of their cells.
    """
    cells = cells.assign(value=values.to_numpy())
    figure = make_subplots(
        rows=1, cols=len(panels), horizontal_spacing=0.02, shared_xaxes="all", shared_yaxes="all",
        subplot_titles=[_panel_title(cells, panel) for panel in panels] if len(panels) > 1 else None,
    )  # fmt: skip
    grouped = str(values.dtype) == "category"
    size = look.size(point_size(len(cells), len(panels)))
    groups = _groups(values) if grouped else []
    for column, panel in enumerate(panels, start=1):
        here = cells if panel == "joint" else cells[cells["modality"] == panel]
        if grouped:
            _add_groups(figure, here, groups, look, column=column, size=size)
            if labels and FEWEST_LABELS <= len(groups) <= MOST_LABELS:
                _add_labels(figure, here, groups, look, column=column)
        else:
            _add_numbers(figure, here, look, column=column, size=size)
    _lay_out(figure, cells, look, title=title, columns=len(panels))
    if not grouped:
        _add_colour_bar(figure, cells["value"], look, title=title, unit=unit)
    return figure


def part_of(figure: go.Figure, whole: pd.Series[Any], look: Style, *, name: str) -> go.Figure:
    """Give the map of some cells the colours that their groups have among all cells, and a zoom of its own.

    Parameters
    ----------
    figure
        Drawn by :func:`embedding_figure`; changed.
    whole
        Values of all cells.
    look
        Light or dark.
    name
        Of the part: another part begins with another zoom.
    """
    places = {group: index for index, group in enumerate(_groups(whole))} if str(whole.dtype) == "category" else {}
    for trace in figure.data:
        if trace.legendgroup in places:
            trace.marker.color = group_colour(places[trace.legendgroup], look)
    return figure.update_layout(uirevision=name)


def blank_figure(look: Style) -> go.Figure:
    """Draw nothing, not even axes."""
    hidden = {"visible": False}
    return go.Figure(layout={**base_layout(look), "xaxis": hidden, "yaxis": hidden})


def point_size(cells: int, panels: int = 1) -> float:
    """Diameter of a point in pixels: smaller where there are more."""
    return float(np.clip(370.0 / np.sqrt(max(cells, 1)), 1.6, 7.0) * (0.85 if panels > 1 else 1.0))


def pixels_per_unit(cells: pd.DataFrame) -> float:
    """Guess how many pixels one unit of the embedding takes, so that labels can be kept apart."""
    extent = np.maximum((cells[["x", "y"]].max() - cells[["x", "y"]].min()).to_numpy(dtype=np.float64), 1e-6)
    return float(np.min(np.array(MAP_PIXELS) / extent))


def clip_range(values: pd.Series[Any]) -> tuple[float, float]:
    """Find the ends of the colour scale: the 1st and 99th percentile, opened where they coincide."""
    known = values.to_numpy(dtype=np.float64)
    known = known[np.isfinite(known)]
    if not len(known):
        return 0.0, 1.0
    low, high = np.percentile(known, CLIP_PERCENTILES)
    if high <= low:
        # Almost all cells agree, as with a gene that is hardly ever seen: then the extremes say more.
        low, high = known.min(), known.max()
    return float(low), float(high if high > low else low + 1.0)


def _groups(values: pd.Series[Any]) -> list[str]:
    counts = values.value_counts()
    kept = set(counts.index[:MOST_GROUPS])
    return [str(name) for name in values.cat.categories if name in kept and counts[name] > 0]


def _panel_title(cells: pd.DataFrame, panel: str) -> str:
    if panel == "joint":
        return f"All cells · {len(cells):,} cells"
    return f"{modality_title(panel)} · {int((cells['modality'] == panel).sum()):,} cells"


def _add_groups(
    figure: go.Figure, cells: pd.DataFrame, groups: list[str], look: Style, *, column: int, size: float
) -> None:
    names = cells["value"].astype(object).astype(str).to_numpy()
    rest = cells[~np.isin(names, groups)]
    if len(rest):
        marker = {"color": look.missing, "size": size * 0.8}
        figure.add_trace(_points(rest, marker, name="none of these", legendgroup="", legendrank=2000), 1, column)
    turns = TURNS if len(groups) <= INTERLEAVED_GROUPS else 1
    for turn in range(turns):
        for index, group in enumerate(groups):
            members = cells[names == group]
            trace = _points(
                members.iloc[turn::turns],
                {"color": group_colour(index, look), "size": size, "opacity": 0.85},
                name=f"{group}", legendgroup=group, showlegend=column == 1 and turn == 0,
            )  # fmt: skip
            figure.add_trace(trace, 1, column)


def _add_numbers(figure: go.Figure, cells: pd.DataFrame, look: Style, *, column: int, size: float) -> None:
    known = cells["value"].notna()
    if not known.all():
        marker = {"color": look.missing, "size": size * 0.8}
        figure.add_trace(_points(cells[~known], marker, name="no value", showlegend=False), 1, column)
    # High values last, so that a rare signal is not buried.
    ordered = cells[known].sort_values("value", kind="stable")
    marker = {"color": ordered["value"].to_numpy(dtype=np.float32), "coloraxis": "coloraxis", "size": size}
    hover = "<b>%{marker.color:.3g}</b><br>%{text}<extra></extra>"
    figure.add_trace(_points(ordered, marker, name="value", showlegend=False, hovertemplate=hover), 1, column)


def _points(cells: pd.DataFrame, marker: dict[str, Any], **options: Any) -> go.Scattergl:
    told = cells["id"] + " · " + cells["modality"].map(modality_title)
    return go.Scattergl(
        x=cells["x"].to_numpy(dtype=np.float32),
        y=cells["y"].to_numpy(dtype=np.float32),
        mode="markers",
        marker=marker,
        text=told.tolist(),
        **{"hovertemplate": "<b>%{fullData.name}</b><br>%{text}<extra></extra>", **options},
    )


def _add_labels(figure: go.Figure, cells: pd.DataFrame, groups: list[str], look: Style, *, column: int) -> None:
    centres = cells.groupby("value", observed=True)[["x", "y"]].median()
    shown = [group for group in groups if group in centres.index]
    boxes = look.size(1) * np.array([(7.0 * len(group) + 6.0, 18.0) for group in shown]) / pixels_per_unit(cells)
    places = spread(centres.loc[shown].to_numpy(), boxes)
    for group, (x, y) in zip(shown, places, strict=True):
        figure.add_annotation(
            x=x, y=y, text=f"<b>{group}</b>", showarrow=False, row=1, col=column, borderpad=1.5,
            font={"size": look.size(11.5), "color": look.ink}, bgcolor=look.surface, opacity=0.86, captureevents=False,
        )  # fmt: skip


def _lay_out(figure: go.Figure, cells: pd.DataFrame, look: Style, *, title: str, columns: int) -> None:
    axis = {"visible": False, "zeroline": False, "showgrid": False}
    figure.update_xaxes(**axis)
    figure.update_yaxes(**axis, scaleanchor="x", scaleratio=1)
    figure.update_layout(
        **base_layout(look),
        margin={"l": 8, "r": 8, "t": 30 if columns > 1 else 8, "b": 8},
        dragmode="pan",
        hovermode="closest",
        # Zoom and hidden groups outlive a change of theme, and a change of colour keeps the zoom.
        uirevision="map",
        legend={
            "title": {"text": f"<b>{title}</b>"}, "itemsizing": "constant", "tracegroupgap": 0,
            "groupclick": "togglegroup", "font": {"size": look.size(12), "color": look.ink}, "uirevision": title,
        },
    )  # fmt: skip
    figure.update_annotations(selector={"showarrow": False, "yref": "paper"}, font=look.muted_font(13))


def _add_colour_bar(figure: go.Figure, values: pd.Series[Any], look: Style, *, title: str, unit: str) -> None:
    low, high = clip_range(values)
    heading = f"<b>{title}</b>" + (f"<br>{unit}" if unit else "")
    figure.update_layout(
        coloraxis={
            "colorscale": look.colour_scale, "cmin": low, "cmax": high,
            "colorbar": {
                "title": {"text": heading, "side": "top", "font": {"size": look.size(12)}}, "thickness": 12,
                "len": 0.45, "outlinewidth": 0, "y": 1, "yanchor": "top", "tickfont": {"color": look.muted},
            },
        }
    )  # fmt: skip
