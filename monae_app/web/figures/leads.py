"""Peaks beside the genes that they are linked to, on the axis of pseudotime. L links."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from plotly.subplots import make_subplots

from monae_app.web.figures.style import base_layout, group_colour
from monae_app.web.figures.trajectory import AXIS

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

    from monae_app.web.figures.style import Style

MOST_LINKS = 40
ROW_PIXELS, HEAD_PIXELS, WAY_PIXELS = 17, 110, 40
# colour of the palette, symbol, and place in its row: intervals would lie over each other
SIDES = {"gene": (0, "circle", -0.17), "peak": (1, "square", 0.17)}
NEEDED = ("gene_low", "gene_high", "peak_low", "peak_high")


def leads_shown(table: pd.DataFrame) -> pd.DataFrame:
    """Choose the links whose lead is told most narrowly, by way and by time of the gene."""
    told = table.assign(width=table["high"] - table["low"]).nsmallest(MOST_LINKS, "width", keep="first")
    return told.sort_values(["way", "gene_time", "peak_time"], kind="stable", ignore_index=True)


def leads_height(shown: pd.DataFrame) -> int:
    """Height of the figure in pixels."""
    return HEAD_PIXELS + ROW_PIXELS * len(shown) + WAY_PIXELS * shown["way"].nunique()


def leads_figure(shown: pd.DataFrame, look: Style) -> go.Figure:
    """Draw the times of half the rise, a row for each link: gene and peak with their intervals, joined by a line.

    Parameters
    ----------
    shown
        From :func:`leads_shown`.
    look
        Light or dark.
    """
    ways = list(shown.groupby("way", sort=False))
    rows = max(len(ways), 1)
    figure = make_subplots(
        rows=rows, cols=1, shared_xaxes=True, subplot_titles=[f"to {name}" for name, _ in ways],
        row_heights=[len(each) + 1 for _, each in ways] or None,
        vertical_spacing=min(WAY_PIXELS / leads_height(shown), 1 / rows),
    )  # fmt: skip
    for row, (_, links) in enumerate(ways, start=1):
        _draw(figure, links, row, look)
    figure.update_layout(base_layout(look))
    figure.update_layout(
        margin={"l": 8, "r": 8, "t": 44, "b": 40}, hovermode="closest",
        legend={"orientation": "h", "y": 1, "yref": "container", "yanchor": "top", "x": 0, "xref": "paper",
                "font": look.muted_font(11)},
    )  # fmt: skip
    figure.update_annotations(font=look.muted_font(12))
    figure.update_xaxes(range=_span(shown), gridcolor=look.grid, zeroline=False, tickfont=look.muted_font(11))
    figure.update_xaxes(title=AXIS, row=rows, col=1)
    figure.update_yaxes(gridcolor=look.grid, zeroline=False, automargin=True, tickfont=look.muted_font(10))
    return figure


def _span(shown: pd.DataFrame) -> list[float]:
    """Where there is something to see: intervals, with a little room."""
    known = [each for each in ("gene_time", "peak_time", *NEEDED) if each in shown]
    low, high = float(shown[known].min().min()), float(shown[known].max().max())
    room = 0.03 * (high - low) + 0.01
    return [low - room, high + room]


def _draw(figure: go.Figure, links: pd.DataFrame, row: int, look: Style) -> None:
    places = list(range(len(links)))
    joined: list[float | None] = []
    rows: list[float | None] = []
    for gene, peak in zip(links["gene_time"], links["peak_time"], strict=True):
        joined += [gene, peak, None]
    for place in places:
        rows += [*(place + shift for _, _, shift in SIDES.values()), None]
    figure.add_scatter(
        x=joined, y=rows, mode="lines", hoverinfo="skip",
        showlegend=False, line={"color": look.muted, "width": look.size(1.5)}, row=row, col=1,
    )  # fmt: skip
    for side, (number, symbol, shift) in SIDES.items():
        time, colour = links[f"{side}_time"], group_colour(number, look)
        error = None
        if set(NEEDED) <= set(links):
            error = {
                "type": "data", "symmetric": False, "array": (links[f"{side}_high"] - time).clip(lower=0),
                "arrayminus": (time - links[f"{side}_low"]).clip(lower=0), "width": 0, "color": colour,
                "thickness": look.size(1.2),
            }  # fmt: skip
        figure.add_scatter(
            x=time, y=[each + shift for each in places], mode="markers",
            name=side, legendgroup=side, showlegend=row == 1, error_x=error,
            marker={"color": colour, "symbol": symbol, "size": look.size(7)}, customdata=_told(links), row=row, col=1,
            hovertemplate="<b>%{customdata[0]}</b> · %{customdata[1]}<br>gene %{customdata[2]}<br>"
            "peak %{customdata[3]}<br>lead of the peak %{customdata[4]}<extra></extra>",
        )  # fmt: skip
    figure.update_yaxes(
        tickmode="array", tickvals=places, ticktext=links["gene"].tolist(), range=[len(links) - 0.5, -0.5],
        row=row, col=1,
    )  # fmt: skip


def _told(links: pd.DataFrame) -> list[list[str]]:
    def span(link: dict[Any, Any], name: str, bounds: tuple[str, str]) -> str:
        value, low, high = (link.get(each, float("nan")) for each in (name, *bounds))
        # a bound that is not known is not equal to itself
        return f"{value:.2f}" if low != low or high != high else f"{value:.2f} ({low:.2f} to {high:.2f})"

    return [
        [
            str(link["gene"]), str(link["peak"]),
            span(link, "gene_time", ("gene_low", "gene_high")),
            span(link, "peak_time", ("peak_low", "peak_high")),
            span(link, "lead", ("low", "high")),
        ]
        for link in links.to_dict("records")
    ]  # fmt: skip
