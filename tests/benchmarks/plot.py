"""Quality against CPU time, a panel a data set and score."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter

from tests.benchmarks.book import CPU, Book
from tests.benchmarks.methods import CEILING, CURVE_EPOCHS, CURVE_STEPS, MONAE, SCGLUE

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.axes import Axes

INK, QUIET, GRID = "#1f2933", "#6b7785", "#e4e8ec"
COLOURS = {
    MONAE: "#c8432b",
    SCGLUE: "#2b6cb0",
    "scglue-own-stop": "#2b6cb0",
    "harmony": "#2f855a",
    "cca": "#b7791f",
    "pca": "#718096",
}
NAMES = {
    MONAE: "Monae",
    SCGLUE: "scglue",
    "scglue-own-stop": "scglue, own stop",
    "harmony": "Harmony",
    "cca": "CCA",
    "pca": "PCA",
}
CURVES = {MONAE: CURVE_STEPS, SCGLUE: CURVE_EPOCHS}
PANEL_WIDTH, PANEL_HEIGHT = 4.1, 3.4
WIDE = 4  # a range of scores above which the axis is logarithmic


@dataclass(frozen=True)
class Panel:
    """What one panel shows."""

    data: str
    metric: str
    title: str
    lower_is_better: bool = False


PANELS = [
    [
        Panel("own-standard", "foscttm", "standard: FOSCTTM", lower_is_better=True),
        Panel("own-standard", "label_transfer_balanced", "standard: balanced label transfer"),
        Panel("own-hostile", "label_transfer_balanced", "hostile: balanced label transfer"),
        Panel("cortex", "foscttm", "mouse cortex: FOSCTTM", lower_is_better=True),
    ],
    [
        Panel("shared-standard", "foscttm", "planted.py standard: FOSCTTM", lower_is_better=True),
        Panel("shared-standard", "label_transfer_balanced", "planted.py standard: balanced label transfer"),
        Panel("shared-hostile", "label_transfer_balanced", "planted.py hostile: balanced label transfer"),
        Panel("cortex", "label_transfer_balanced", "mouse cortex: balanced label transfer"),
    ],
]


def draw(book: Book, path: Path) -> None:
    """Draw every panel that has results; nothing if none has."""
    rows = [[panel for panel in row if _points(book, panel)] for row in PANELS]
    rows = [row for row in rows if row]
    if not rows:
        return
    columns = max(map(len, rows))
    style = {
        "font.size": 9,
        "axes.edgecolor": QUIET,
        "axes.labelcolor": INK,
        "text.color": INK,
        "xtick.color": QUIET,
        "ytick.color": QUIET,
        "axes.spines.top": False,
        "axes.spines.right": False,
    }
    with mpl.rc_context(style):
        figure = Figure(figsize=(PANEL_WIDTH * columns, PANEL_HEIGHT * len(rows) + 0.7), layout="constrained")
        figure.get_layout_engine().set(wspace=0.06, hspace=0.06)
        grid = figure.subplots(len(rows), columns, squeeze=False)
        handles: dict[str, object] = {}
        for row, axes_row in zip(rows, grid, strict=True):
            for place, axes in enumerate(axes_row):
                if place < len(row):
                    handles |= _panel(book, row[place], axes)
                else:
                    axes.set_axis_off()
        figure.suptitle("Quality against CPU time on one core: better is up and to the left", fontsize=12)
        order = [name for name in [*NAMES.values(), "ceiling"] if name in handles]
        figure.legend(
            [handles[name] for name in order], order, loc="outside lower center", ncols=len(order), frameon=False
        )
        figure.savefig(path, dpi=160, facecolor="white", metadata={"Software": None})


def _points(book: Book, panel: Panel) -> dict[str, tuple[list[float], list[float]]]:
    """Method -> CPU seconds and values of the metric, one a seed."""
    found = {}
    for name in COLOURS:
        seconds, values = (book.values(panel.data, name, metric) for metric in (CPU, panel.metric))
        seeds = sorted(seconds.keys() & values.keys())
        if seeds:
            found[name] = [seconds[seed] for seed in seeds], [values[seed] for seed in seeds]
    return found


def _panel(book: Book, panel: Panel, axes: Axes) -> dict[str, object]:
    handles: dict[str, object] = {}
    points = _points(book, panel)
    for name, (seconds, values) in points.items():
        middle = median(seconds), median(values)
        colour, own_stop = COLOURS[name], name == "scglue-own-stop"
        axes.scatter(seconds, values, s=12, color=colour, alpha=0.35, linewidths=0, zorder=3)
        handles[NAMES[name]] = axes.scatter(
            *middle,
            s=90 if name == MONAE else 60,
            facecolor="white" if own_stop else colour,
            edgecolor=colour if own_stop else "white",
            linewidth=1.4 if own_stop else 1.0,
            zorder=5,
        )
    for name in CURVES:
        curve = _curve(book, panel, name)
        if len(curve) > 1:
            line = axes.plot(
                *zip(*curve, strict=True), ".-", color=COLOURS[name], linewidth=1.6, markersize=7, alpha=0.85, zorder=4
            )
            handles.setdefault(NAMES[name], line[0])
    ceiling = book.median(panel.data, CEILING, panel.metric)
    if ceiling is not None and not panel.lower_is_better:
        handles["ceiling"] = axes.axhline(ceiling, color=QUIET, linewidth=1, linestyle=(0, (4, 3)), zorder=1)
    axes.set_xscale("log")
    if panel.lower_is_better:
        shown = [value for _, values in points.values() for value in values]
        if max(shown) > WIDE * min(shown) > 0:
            axes.set_yscale("log")
            axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
            axes.yaxis.set_minor_formatter(NullFormatter())
        axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
        axes.invert_yaxis()
    axes.margins(0.08, 0.1)
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 3)))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.grid(visible=True, color=GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.set_title(panel.title, fontsize=10, loc="left")
    axes.set_xlabel("CPU seconds")
    return handles


def _curve(book: Book, panel: Panel, name: str) -> list[tuple[float, float]]:
    """CPU seconds and value of the method at its lengths, medians over the seeds that every length has."""
    lengths = [name, *(f"{name}-{length}" for length in CURVES[name])]
    measured = [[book.values(panel.data, each, metric) for metric in (CPU, panel.metric)] for each in lengths]
    measured = [each for each in measured if all(each)]
    seeds = set.intersection(*(set(values) for each in measured for values in each)) if measured else set()
    if not seeds:
        return []
    return sorted((median(cpu[seed] for seed in seeds), median(of[seed] for seed in seeds)) for cpu, of in measured)
