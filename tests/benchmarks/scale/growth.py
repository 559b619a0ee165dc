"""What was measured of one size, how it grows with the number of cells, and where that would lead."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure

from tests.benchmarks.plot import GRID, INK, QUIET
from tests.benchmarks.report import table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

GB = 2**30
# A stage of a run belongs to the first group that one of its words stands in.
GROUPS = {
    "read": ("start", "read:"),
    "preprocess": ("preprocess:",),
    "align": ("link:", "anchors:"),
    "train": ("train",),
    "embed and decode": ("analyse: Embedding", "analyse: Describing", "analyse: Fitting", "analyse: Asking how far",
                         "analyse: Computing", "analyse: Gathering", "analyse: Refining"),
    "map and clusters": ("analyse: Finding", "analyse: Clustering", "analyse: Drawing", "analyse: Placing",
                         "analyse: Asking how surely"),
    "score": ("analyse:",),
    "save": ("save:",),
    "open in the app": ("app:",),
}  # fmt: skip
COLOURS = ("#2b6cb0", "#718096", "#b7791f", "#c8432b", "#2f855a", "#6b46c1", "#97266d", "#a0aec0", "#1a202c")
EXPONENT, MEMORY = 1.1, {200_000: 4 * GB, 1_000_000: 6 * GB}
FORETOLD = (10_000_000, 100_000_000)


@dataclass(frozen=True)
class Measured:
    """One size: cells of each modality; seconds, CPU seconds and peak bytes by group; scores of the run."""

    cells: int
    seconds: dict[str, float]
    cpu_s: dict[str, float]
    peak: dict[str, int]
    scores: dict[str, float]

    @property
    def highest(self) -> int:
        """Highest anonymous memory of all stages, bytes."""
        return max(self.peak.values())


def grouped(cells: int, stages: Mapping[str, Mapping[str, float]], scores: Mapping[str, float]) -> Measured:
    """Sum stages up by group."""
    found: dict[str, dict[str, float]] = {name: {"seconds": 0.0, "cpu_s": 0.0, "peak": 0} for name in GROUPS}
    for name, stage in stages.items():
        group = next(key for key, words in GROUPS.items() if name.startswith(words))
        for what in ("seconds", "cpu_s"):
            found[group][what] += stage[what]
        found[group]["peak"] = max(found[group]["peak"], stage["peak"])
    return Measured(
        cells,
        {name: each["seconds"] for name, each in found.items()},
        {name: each["cpu_s"] for name, each in found.items()},
        {name: int(each["peak"]) for name, each in found.items()},
        {name: float(scores[name]) for name in ("foscttm", "label_transfer_balanced", "ari") if name in scores},
    )


def log_of(cells: int, stages: Mapping[str, Mapping[str, float]]) -> str:
    """Lay out every stage of one run: seconds, CPU seconds and highest anonymous memory in MiB."""
    lines = [f"{cells:,} + {cells:,} cells; wall seconds, CPU seconds, highest anonymous memory in MiB", ""]
    lines += [
        f"{each['seconds']:9.1f} {each['cpu_s']:9.1f} {each['peak'] / 2**20:9.0f}  {name}"
        for name, each in stages.items()
    ]
    total = [sum(each[what] for each in stages.values()) for what in ("seconds", "cpu_s")]
    highest = max(each["peak"] for each in stages.values()) / 2**20
    return "\n".join([*lines, "", f"{total[0]:9.1f} {total[1]:9.1f} {highest:9.0f}  all"]) + "\n"


def exponent(cells: Sequence[int], seconds: Sequence[float]) -> float:
    """Slope of log seconds against log cells: 1 grows as the cells do, 2 with their square."""
    known = np.array([[each, value] for each, value in zip(cells, seconds, strict=True) if value > 0], float)
    return float(np.polyfit(np.log(known[:, 0]), np.log(known[:, 1]), 1)[0]) if len(known) > 1 else float("nan")


def exponent_of_step(measured: Sequence[Measured]) -> float:
    """The same between the two largest sizes, where what does not grow weighs least; over all CPU seconds."""
    last = sorted(measured, key=lambda each: each.cells)[-2:]
    return exponent([each.cells for each in last], [sum(each.cpu_s.values()) for each in last])


def missed(measured: Sequence[Measured]) -> list[str]:
    """Say which figures were not reached."""
    said = []
    for each in measured:
        limit = MEMORY.get(each.cells)
        if limit is not None and each.highest > limit:
            said.append(f"{each.cells:,} cells: {each.highest / GB:.2f} GiB, at most {limit / GB:.0f} were asked for")
    if len(measured) > 1 and (found := exponent_of_step(measured)) > EXPONENT:
        said.append(f"time grows with the cells to the power of {found:.2f}, at most {EXPONENT} was asked for")
    return said


def told(measured: Sequence[Measured]) -> str:
    """All of it in Markdown."""
    sizes = [each.cells for each in measured]
    rows = []
    for name in GROUPS:
        cpu = [each.cpu_s[name] for each in measured]
        cells = [f"{each.cpu_s[name]:.0f} s / {each.peak[name] / GB:.2f}" for each in measured]
        rows.append([name, *cells, f"{exponent(sizes, cpu):.2f}"])
    total = [sum(each.cpu_s.values()) for each in measured]
    rows.append(
        ["all", *(f"{value:.0f} s / {each.highest / GB:.2f}" for value, each in zip(total, measured, strict=True)),
         f"{exponent(sizes, total):.2f}"]
    )  # fmt: skip
    quality = [
        [name, *(f"{each.scores.get(name, float('nan')):.4f}" for each in measured)]
        for name in ("foscttm", "label_transfer_balanced", "ari")
    ]
    head = [f"{each:,} + {each:,}" for each in sizes]
    parts = [
        "## Growth with the number of cells",
        "Planted cells, the same in both modalities but unpaired: 2,000 genes, 20,000 peaks, 1,500 and 600 counts a "
        "cell. CPU seconds and highest anonymous memory (GiB) of each stage; the last column is the exponent of CPU "
        "seconds against cells. Written by `make bench-scale`.",
        table(["stage", *head, "exponent"], rows),
        table(["score (of 50,000 cells at most)", *head], quality),
        "![Growth](growth.png)",
    ]
    if len(measured) > 1:
        parts.append(_foretold(measured))
    return "\n\n".join(parts)


def _foretold(measured: Sequence[Measured]) -> str:
    """What larger sizes would take, by the step between the two largest that were measured."""
    before, last = sorted(measured, key=lambda each: each.cells)[-2:]
    step = last.cells / before.cells
    power = max(exponent_of_step(measured), 1.0)
    # a step in how things are done, such as onto the disk, can outweigh what is kept of every cell
    a_cell = (last.highest - before.highest) / (last.cells - before.cells)
    said = []
    for cells in FORETOLD:
        hours = sum(last.cpu_s.values()) * (cells / last.cells) ** power / 3600
        memory = f", {(last.highest + a_cell * (cells - last.cells)) / GB:,.0f} GiB" if a_cell > 0 else ""
        said.append(f"{cells / 1e6:.0f} + {cells / 1e6:.0f} million cells: {hours:,.0f} CPU hours{memory}")
    of_memory = (
        f"{a_cell / 1024:.1f} KiB of memory a cell of either modality"
        if a_cell > 0
        else "memory did not grow, so that only a larger size can tell what more cells take"
    )
    return (
        f"On paper, by the step from {before.cells:,} to {last.cells:,} cells (x {step:.0f}; exponent {power:.2f} from "
        f"there on; {of_memory}): {'; '.join(said)}, on cores like these. What grows is reading, projecting, "
        "embedding, decoding and placing, all of them loops over cells that share nothing: they divide among machines; "
        "memory is what is kept of every cell (components, embedding, map)."
    )


def draw(measured: Sequence[Measured], path: Path) -> None:
    """CPU seconds and memory against cells."""
    figure = Figure(figsize=(11.0, 4.2), layout="constrained")
    times, memory = figure.subplots(1, 2)
    sizes = [2 * each.cells for each in measured]
    for colour, name in zip(COLOURS, GROUPS, strict=True):
        seconds = [max(each.cpu_s[name], 0.05) for each in measured]
        times.plot(sizes, seconds, color=colour, marker="o", markersize=4, linewidth=1.4, label=name)
    times.plot(sizes, [sum(each.cpu_s.values()) for each in measured], color=INK, linewidth=2.2, label="all")
    memory.plot(sizes, [each.highest / GB for each in measured], color=INK, marker="o", linewidth=2.2)
    memory.set_ylim(bottom=0)
    for axes, title in ((times, "CPU seconds"), (memory, "highest anonymous memory, GiB")):
        axes.set_xscale("log")
        axes.set_xlabel("cells of both modalities", color=QUIET)
        axes.set_title(title, loc="left", color=INK, fontsize=10)
        axes.grid(color=GRID)
        axes.spines[["top", "right"]].set_visible(False)
    times.set_yscale("log")
    times.legend(frameon=False, fontsize=7.5, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    figure.savefig(path, dpi=130, metadata={"Software": None})
