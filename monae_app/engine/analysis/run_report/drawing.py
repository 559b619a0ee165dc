"""Figures of a report as data that stands in the file itself: maps as PNG, lines and bars as SVG.

N cells, C clusters, K modalities.
"""

from __future__ import annotations

import base64
import io
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from monae_app.engine.analysis.palette import PALETTE

if TYPE_CHECKING:
    from collections.abc import Sequence

INK, MUTED, GRID, ACCENT, MISSING = "#16202e", "#5b6676", "#e6e9ee", "#0b7a70", "#dde2e8"
RAMP = "viridis"
# more points than a page shows apart
MOST_CELLS = 100_000
MOST_LEGEND = 24
DPI = 150
# text stays text, and one run gives one file
SETTINGS: Any = {"svg.fonttype": "none", "svg.hashsalt": "monae", "font.size": 9, "font.family": "sans-serif"}


def sampled(n_cells: int, seed: int) -> np.ndarray:
    """Rows that are drawn, in random order, so that no group lies on top of another; at most :data:`MOST_CELLS`."""
    return np.random.default_rng(seed).permutation(n_cells)[:MOST_CELLS]


def map_of_groups(xy: np.ndarray, codes: np.ndarray, names: Sequence[str]) -> str:
    """Draw cells (N, 2) in the colours of their groups; a negative code is grey."""
    colours = np.array([*(PALETTE[place % len(PALETTE)] for place in range(len(names))), MISSING])
    figure, axes = _square()
    axes.scatter(xy[:, 0], xy[:, 1], c=colours[codes], s=_size(len(xy)), linewidths=0, rasterized=True)
    shown = list(names)[:MOST_LEGEND]
    handles = [
        axes.scatter([], [], color=colours[place], s=24, label=name if len(name) <= 28 else f"{name[:26]} …")
        for place, name in enumerate(shown)
    ]
    more = f"and {len(names) - len(shown):,} more" if len(names) > len(shown) else None
    figure.legend(
        handles=handles, loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False, ncols=1 + (len(shown) > 12),
        title=more, fontsize=8,
    )  # fmt: skip
    return _png(figure)


def map_of_values(xy: np.ndarray, values: np.ndarray, title: str) -> str:
    """Draw cells (N, 2) in the colours of a number (N,), from its 1st to its 99th percentile."""
    known = np.isfinite(values)
    low, high = np.percentile(values[known], [1, 99]) if known.any() else (0.0, 1.0)
    figure, axes = _square()
    axes.scatter(xy[~known, 0], xy[~known, 1], c=MISSING, s=_size(len(xy)), linewidths=0)
    drawn = axes.scatter(
        xy[known, 0], xy[known, 1], c=values[known], s=_size(len(xy)), linewidths=0, cmap=RAMP, vmin=low, vmax=high
    )
    bar = figure.colorbar(drawn, ax=axes, shrink=0.6, pad=0.02)
    bar.set_label(title, fontsize=8)
    bar.outline.set_visible(False)
    return _png(figure)


def losses_figure(losses: pd.DataFrame) -> str:
    """Draw the loss over steps, with its last quarter set apart."""
    step, loss = losses["step"].to_numpy(float), losses["loss"].to_numpy(float)
    figure, axes = _wide(2.4)
    axes.plot(step, loss, color=ACCENT, linewidth=1.4)
    if len(step) > 1:
        axes.axvspan(step[0] + 0.75 * (step[-1] - step[0]), step[-1], color=GRID, zorder=0)
    axes.set_xlabel("step")
    axes.set_ylabel("loss")
    return _svg(figure)


def composition_figure(table: pd.DataFrame, titles: Sequence[str]) -> str:
    """Draw the modalities of each cluster as shares, and of all cells on top.

    Parameters
    ----------
    table
        Cells of each cluster and modality, (C, K).
    titles
        Of the modalities.
    """
    whole = pd.DataFrame([table.sum()], index=["all cells"])
    shown = pd.concat([table.rename(index=lambda name: f"cluster {name}")[::-1], whole])
    shares = shown.div(shown.sum(axis=1).clip(lower=1), axis=0).to_numpy()
    figure, axes = _wide(max(1.6, 0.24 * len(shown) + 0.7))
    left = np.zeros(len(shown))
    for place, title in enumerate(titles):
        axes.barh(
            shown.index, shares[:, place], left=left, color=PALETTE[place % len(PALETTE)], label=title, height=0.7
        )
        left += shares[:, place]
    for place, share in enumerate(np.cumsum(shares[-1])[:-1]):
        axes.axvline(share, color=INK, linewidth=0.8, linestyle=":", zorder=3 + place)
    axes.set_xlim(0, 1)
    axes.set_xlabel("share of the cells")
    figure.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False)
    return _svg(figure)


def _size(n_cells: int) -> float:
    return float(np.clip(18_000 / max(n_cells, 1), 0.6, 14))


def _square() -> tuple[Figure, Any]:
    with mpl.rc_context(SETTINGS):
        figure = Figure(figsize=(4.6, 4.2), layout="constrained")
        axes = figure.subplots()
    axes.set_axis_off()
    axes.set_aspect("equal", adjustable="datalim")
    return figure, axes


def _wide(height: float) -> tuple[Figure, Any]:
    with mpl.rc_context(SETTINGS):
        figure = Figure(figsize=(7.2, height), layout="constrained")
        axes = figure.subplots()
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    axes.tick_params(colors=MUTED, labelsize=8)
    return figure, axes


def _png(figure: Figure) -> str:
    FigureCanvasAgg(figure)
    content = io.BytesIO()
    with mpl.rc_context(SETTINGS):
        figure.savefig(content, format="png", dpi=DPI, bbox_inches="tight", metadata={"Software": None})
    return _data(content.getvalue(), "image/png")


def _svg(figure: Figure) -> str:
    FigureCanvasSVG(figure)
    content = io.BytesIO()
    with mpl.rc_context(SETTINGS):
        figure.savefig(content, format="svg", bbox_inches="tight", metadata={"Date": None, "Creator": None})
    return _data(content.getvalue(), "image/svg+xml")


def _data(content: bytes, kind: str) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"
