"""A region of the genome: arcs from genes to peaks, genes, peaks, and how open these are in groups of cells.

p peaks, G groups, A points of an arc.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import plotly.graph_objects as go

from monae_app.web.figures.gene_lanes import Lane, lanes_of
from monae_app.web.figures.style import base_layout, group_colour

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from monae_app.web.figures.style import Style
    from monae_app.web.regions import Region

FALLING = "#d8663f"
MOTIF = "#8a3ffc"
SHADES = (0.3, 0.5, 0.75, 1.0)
POINTS = 25
# heights of the parts, in pixels
ARCS, LANE, PEAKS, GROUP, GAP, HEAD, FOOT = 130, 24, 26, 22, 10, 10, 44
FULL = 0.86
# peaks and their bars are as wide as they are, but never so narrow that they vanish
THINNEST, THINNEST_BAR = 1 / 450, 1 / 160
BRIGHTEST = 0.985
# of so many bars nobody reads each: what is said of them one by one is left out
MOST_TOLD = 8000


@dataclass(frozen=True)
class Track:
    """A region.

    Parameters
    ----------
    region
        Where.
    genes
        ``symbol``, ``start``, ``end``, ``strand`` and ``measured`` (in this run) of each gene that reaches into it.
    peaks
        ``name``, ``start``, ``end`` and ``motif`` (True, False or None where that is not known), (p,).
    links
        ``gene``, ``peak``, ``from`` (start of the gene), ``to`` (middle of the peak), ``score``, ``sign``, ``p``,
        ``q``, ``correlation``, the weakest first.
    groups
        Names of the G groups.
    measured, imputed
        Mean counts per 10,000, (G, p); imputed ones are None where there are none.
    """

    region: Region
    genes: pd.DataFrame
    peaks: pd.DataFrame
    links: pd.DataFrame
    groups: list[str]
    measured: np.ndarray
    imputed: np.ndarray | None


def track_figure(track: Track, look: Style) -> go.Figure:
    """Draw a region.

    A click on a peak, on its arc or on its bars gives the name of the peak as ``customdata``, and on a gene its symbol
    behind ``gene:``.
    """
    lanes, n_lanes = lanes_of(track.genes, track.region.start, track.region.end)
    heights = {"y": ARCS, "y2": LANE * max(n_lanes, 1), "y3": PEAKS, "y4": GROUP * max(len(track.groups), 1)}
    figure = go.Figure(layout=base_layout(look))
    _add_arcs(figure, track, look)
    _add_genes(figure, lanes, look)
    _add_peaks(figure, track, look)
    _add_levels(figure, track, look)
    total = sum(heights.values()) + GAP * (len(heights) - 1)
    top = float(total)
    axes: dict[str, Any] = {}
    for name, height in heights.items():
        axes[name] = [max(0.0, (top - height) / total), top / total]
        top -= height + GAP
    plain = {"showgrid": False, "zeroline": False, "fixedrange": True, "showticklabels": False}
    region = track.region
    figure.update_layout(
        height=total + HEAD + FOOT,
        margin={"l": 96, "r": 12, "t": HEAD, "b": FOOT},
        dragmode="pan", hovermode="closest", barmode="overlay", bargap=0,
        uirevision=str(region), showlegend=False,
        xaxis={
            "range": [region.start, region.end], "anchor": "y4", "tickformat": ",d", "showgrid": True,
            "gridcolor": look.grid, "zeroline": False, "nticks": 6, "title": {"text": region.chrom, "standoff": 6},
            "tickfont": look.muted_font(11),
        },
        yaxis={"domain": axes["y"], "range": [0, 1.08], **plain, **_named("links", 0.5, look)},
        yaxis2={"domain": axes["y2"], "range": [-0.4, max(n_lanes, 1)], **plain,
                **_named("genes", max(n_lanes - 1, 0) / 2 + 0.1, look)},
        yaxis3={"domain": axes["y3"], "range": [-0.05, 1.6], **plain, **_named("peaks", 0.5, look)},
        yaxis4={
            "domain": axes["y4"], "range": [0, max(len(track.groups), 1)], **plain, "showticklabels": True,
            "tickvals": [len(track.groups) - 1 - at + 0.4 for at in range(len(track.groups))],
            "ticktext": [_short(name) for name in track.groups], "tickfont": {"size": look.size(11)},
        },
    )  # fmt: skip
    return figure


def _named(text: str, at: float, look: Style) -> dict[str, Any]:
    return {"showticklabels": True, "tickvals": [at], "ticktext": [text], "tickfont": look.muted_font(11)}


def _short(name: str) -> str:
    return name if len(name) <= 13 else f"{name[:12]}…"


def _add_arcs(figure: go.Figure, track: Track, look: Style) -> None:
    links = track.links
    if not len(links):
        return
    strength = links["score"].to_numpy(np.float64)
    best = max(float(strength.max()), 1e-9)
    angle = np.linspace(0, np.pi, POINTS)
    first, second = links["from"].to_numpy(np.float64), links["to"].to_numpy(np.float64)
    x = ((first + second) / 2)[:, None] + ((first - second) / 2)[:, None] * np.cos(angle)
    y = (strength / best)[:, None] * np.sin(angle)
    shade = np.minimum((strength / best * len(SHADES)).astype(int), len(SHADES) - 1)
    rising = links["sign"].to_numpy() >= 0
    for sign, colour in ((True, look.accent), (False, FALLING)):
        for at, opacity in enumerate(SHADES):
            rows = np.flatnonzero((rising == sign) & (shade == at))
            if len(rows):
                figure.add_scatter(
                    x=_parted(x[rows]), y=_parted(y[rows]), mode="lines", opacity=opacity, hoverinfo="skip",
                    line={"color": colour, "width": look.size(1 + at * 0.5)}, yaxis="y",
                    name="rises together" if sign else "falls as the other rises",
                )  # fmt: skip
    figure.add_scatter(
        x=(first + second) / 2, y=strength / best, mode="markers", yaxis="y", customdata=links["peak"],
        marker={"size": look.size(9), "color": [look.accent if each else FALLING for each in rising], "opacity": 0.75},
        text=[_of_link(row) for row in links.to_dict("records")], hovertemplate="%{text}<extra></extra>", name="links",
    )  # fmt: skip


def _of_link(row: Mapping[Any, Any]) -> str:
    sure = "" if np.isnan(row["p"]) else f"<br>p {row['p']:.2g}, q {row['q']:.2g}"
    measured = "" if np.isnan(row["correlation"]) else f"<br>measured correlation {row['correlation']:.2f}"
    return f"<b>{row['gene']}</b> and {row['peak']}<br>score {row['score']:.2f}{sure}{measured}"


def _add_genes(figure: go.Figure, lanes: list[Lane], look: Style) -> None:
    for measured, colour in ((False, look.muted), (True, look.ink)):
        mine = [each for each in lanes if each.measured == measured]
        if not mine:
            continue
        bodies = np.array([[each.start, each.end] for each in mine], np.float64)
        rows = np.array([[each.row, each.row] for each in mine], np.float64)
        figure.add_scatter(
            x=_parted(bodies), y=_parted(rows), mode="lines", line={"color": colour, "width": look.size(3)},
            hoverinfo="skip", yaxis="y2", name="genes",
        )  # fmt: skip
        figure.add_scatter(
            x=[each.begin for each in mine], y=[each.row for each in mine], mode="markers", yaxis="y2",
            customdata=[f"gene:{each.symbol}" for each in mine],
            marker={"symbol": [each.symbol_of_strand for each in mine], "size": look.size(9), "color": colour},
            text=[f"<b>{each.symbol}</b> {each.strand}" + ("" if measured else "<br>not in this run") for each in mine],
            hovertemplate="%{text}<br>%{x:,d}<extra></extra>", name="starts of genes",
        )  # fmt: skip
        figure.add_scatter(
            x=[each.label_at for each in mine], y=[each.row + 0.46 for each in mine], mode="text",
            text=[each.symbol for each in mine], textfont={"size": look.size(10.5), "color": colour},
            textposition="middle right", hoverinfo="skip", yaxis="y2", cliponaxis=True, name="names of genes",
        )  # fmt: skip


def _add_peaks(figure: go.Figure, track: Track, look: Style) -> None:
    peaks = track.peaks
    if not len(peaks):
        return
    linked = set(track.links["peak"])
    colours = [look.accent if name in linked else look.muted for name in peaks["name"]]
    figure.add_bar(
        x=_middles(peaks), y=np.ones(len(peaks)), width=_widths(track, THINNEST),
        marker={"color": colours, "line": {"width": 0}},
        customdata=peaks["name"], text=peaks["name"], textposition="none", yaxis="y3", name="peaks",
        hovertemplate="%{text}<br>click for its links<extra></extra>",
    )  # fmt: skip
    if peaks["motif"].notna().any():
        mine = peaks[peaks["motif"].astype(bool)]
        figure.add_scatter(
            x=_middles(mine), y=np.full(len(mine), 1.32), mode="markers", yaxis="y3", customdata=mine["name"],
            marker={"symbol": "diamond", "size": look.size(7), "color": MOTIF}, name="has a motif of the factor",
            hovertemplate="has a motif of the factor<extra></extra>",
        )  # fmt: skip


def _add_levels(figure: go.Figure, track: Track, look: Style) -> None:
    if not len(track.peaks):
        return
    both = [track.measured, *([track.imputed] if track.imputed is not None else [])]
    levels = np.concatenate([np.ravel(each) for each in both])
    known = levels[np.isfinite(levels)]
    most = max(float(np.quantile(known, BRIGHTEST)) if len(known) else 1.0, 1e-9)
    n_groups, n_peaks = track.measured.shape
    base = np.repeat(n_groups - 1 - np.arange(n_groups), n_peaks).astype(np.float64)
    x, names = np.tile(_middles(track.peaks), n_groups), np.tile(track.peaks["name"].to_numpy(), n_groups)
    group = np.repeat(track.groups, n_peaks)
    height = FULL * np.minimum(np.nan_to_num(track.measured.ravel() / most), 1)
    # numbers, not words for colours: a hundred thousand of these take seconds
    colours = [group_colour(at, look) for at in range(n_groups)]
    scale = [[at / max(n_groups - 1, 1), colour] for at, colour in enumerate(colours)]
    scale = scale if n_groups > 1 else [[0, colours[0]], [1, colours[0]]]
    painted = {"color": np.repeat(np.arange(n_groups), n_peaks), "colorscale": scale, "showscale": False,
               "cmin": 0, "cmax": max(n_groups - 1, 1), "line": {"width": 0}}  # fmt: skip
    told = len(x) <= MOST_TOLD

    def said(values: np.ndarray, how: str) -> dict[str, Any]:
        if not told:
            return {"hovertemplate": "%{customdata}<extra></extra>"}
        text = [
            f"<b>{one}</b>, {peak}<br>{how} {value:.3g} counts per 10,000"
            for one, peak, value in zip(group, names, values, strict=True)
        ]
        return {"text": text, "hovertemplate": "%{text}<extra></extra>"}

    figure.add_bar(
        x=x, y=height, base=base, width=np.tile(_widths(track, THINNEST_BAR), n_groups), yaxis="y4", customdata=names,
        marker=painted, name="measured", textposition="none",
        **said(track.measured.ravel(), "measured"),
    )  # fmt: skip
    if track.imputed is not None and told:
        values = track.imputed.ravel()
        figure.add_scatter(
            x=x, y=base + FULL * np.minimum(np.nan_to_num(values / most), 1), mode="markers", yaxis="y4",
            customdata=names, name="imputed in cells of RNA",
            marker={"symbol": "line-ew-open", "size": look.size(8), "color": look.ink,
                    "line": {"width": look.size(1.6), "color": look.ink}},
            **said(values, "imputed"),
        )  # fmt: skip


def _middles(peaks: pd.DataFrame) -> np.ndarray:
    return np.asarray((peaks["start"] + peaks["end"]).to_numpy() / 2)


def _widths(track: Track, thinnest: float) -> np.ndarray:
    wide = (track.peaks["end"] - track.peaks["start"]).to_numpy(np.float64)
    return np.asarray(np.maximum(wide, thinnest * track.region.width))


def _parted(lines: np.ndarray) -> np.ndarray:
    """Put lines (n, A) behind each other with a gap between them, (n (A + 1),)."""
    return np.column_stack([lines, np.full(len(lines), np.nan)]).ravel()
