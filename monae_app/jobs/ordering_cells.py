"""Pseudotime from the command line: a run and a root in, a table of cells out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd
import threadpoolctl

from monae_app.engine.analysis.kept_arrays import KeptArrays
from monae_app.engine.analysis.run_slices import RunSlices
from monae_app.engine.analysis.trajectory.chosen import cells_in, cells_named
from monae_app.engine.analysis.trajectory.of_run import (
    begin_at,
    begin_high,
    cell_row,
    follow_run,
    grouping,
    imputed_space,
    table_of,
)
from monae_app.engine.errors import InputError
from monae_app.engine.result import write_atomically
from monae_app.engine.telling import Telling
from monae_app.engine.training.threads import thread_count
from monae_app.jobs.names_file import names_in
from monae_app.jobs.pseudotime_commands import SHARED

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import numpy as np

    from monae_app.engine.analysis.trajectory.following import Start
    from monae_app.engine.analysis.trajectory.of_run import Grouping

SEPARATORS = {".tsv": "\t", ".csv": ","}
KEPT_BYTES = 2**29


@dataclass(frozen=True)
class PseudotimeOrder:
    """What ``monae pseudotime`` was asked.

    Parameters
    ----------
    run
        A finished run.
    root_group, root_cell, root_marker
        Where to begin: one of them.
    label
        Column of the groups; None for that of the run.
    cells, cells_file
        Groups, each as ``column=group``, or names, one a line, of the cells to follow; None for all.
    along
        ``shared`` axes, or the modality whose imputed values are followed.
    out
        The table to write.
    """

    run: Path
    root_group: str | None
    root_cell: str | None
    root_marker: str | None
    label: str | None
    cells: list[str] | None
    cells_file: Path | None
    along: str
    out: Path


def write_pseudotime(order: PseudotimeOrder, say: Callable[[str], None]) -> str:
    """Order the cells of a run and write them.

    Raises
    ------
    InputError
        If the run, the root, the column, the cells, the space or the table to write cannot be used.
    """
    _check_table(order.out)
    run = RunSlices(order.run, KeptArrays(KEPT_BYTES))
    groups = grouping(run, order.label, order.root_group)
    cells = _cells(order, run)
    tell = Telling("pseudotime", lambda event: say(f"pseudotime: {event['message']}"))
    with threadpoolctl.threadpool_limits(thread_count()):
        start = _start(order, run, groups)
        points = None if order.along == SHARED else imputed_space(run, order.along)
        found = follow_run(run, groups, start, cells=cells, points=points, tell=tell)
    table = table_of(run, found)
    separator = SEPARATORS[order.out.suffix.lower()]
    order.out.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(
        order.out,
        lambda temporary: table.to_csv(temporary, sep=separator, index=False, float_format="%.6g", na_rep="NaN"),
    )
    asked = run.n_cells if cells is None else int(cells.sum())
    lost = asked - int(table["pseudotime"].notna().sum())
    apart = f", {lost:,} cells are not connected with the root: NaN" if lost else ""
    return f"{order.out}: {asked:,} cells from {table['cell'][found.root]}, {_counted(table)}{apart}"


def _start(order: PseudotimeOrder, run: RunSlices, groups: Grouping) -> Start:
    if order.root_group is not None:
        return begin_at(groups, order.root_group)
    return begin_high(run, order.root_marker) if order.root_marker is not None else cell_row(run, str(order.root_cell))


def _cells(order: PseudotimeOrder, run: RunSlices) -> np.ndarray | None:
    """Cells to follow, (N,) bool; None for all."""
    if order.cells_file is None:
        return cells_in(run, order.cells) if order.cells else None
    return cells_named(run, names_in(order.cells_file))


def _counted(table: pd.DataFrame) -> str:
    sizes = table["branch"].replace("", pd.NA).dropna().value_counts()
    return ", ".join(f"{name} {count:,}" for name, count in sizes.items())


def _check_table(out: Path) -> None:
    if out.suffix.lower() not in SEPARATORS:
        raise InputError(f"{out.name} is no name of a table.", "a name that ends in .tsv or .csv.", "rename it.")
    if out.is_dir():
        raise InputError(f"{out} is a folder.", "a file to write.", "name a file in it.")
