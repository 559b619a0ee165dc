"""Pseudotime from the command line: a run and a root in, a table of cells out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd
import threadpoolctl

from monae_app.engine.analysis.kept_arrays import KeptArrays
from monae_app.engine.analysis.run_slices import RunSlices
from monae_app.engine.analysis.trajectory.of_run import begin_at, cell_row, follow_run, grouping, table_of
from monae_app.engine.errors import InputError
from monae_app.engine.result import write_atomically
from monae_app.engine.telling import Telling
from monae_app.engine.training.threads import thread_count

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SEPARATORS = {".tsv": "\t", ".csv": ","}
KEPT_BYTES = 2**29


@dataclass(frozen=True)
class PseudotimeOrder:
    """What ``monae pseudotime`` was asked.

    Parameters
    ----------
    run
        A finished run.
    root_group, root_cell
        Where to begin: one of both.
    label
        Column of the groups; None for that of the run.
    out
        The table to write.
    """

    run: Path
    root_group: str | None
    root_cell: str | None
    label: str | None
    out: Path


def write_pseudotime(order: PseudotimeOrder, say: Callable[[str], None]) -> str:
    """Order the cells of a run and write them.

    Raises
    ------
    InputError
        If the run, the root, the column or the table to write cannot be used.
    """
    _check_table(order.out)
    run = RunSlices(order.run, KeptArrays(KEPT_BYTES))
    groups = grouping(run, order.label, order.root_group)
    named = order.root_group
    start = begin_at(groups, named) if named is not None else cell_row(run, str(order.root_cell))
    tell = Telling("pseudotime", lambda event: say(f"pseudotime: {event['message']}"))
    with threadpoolctl.threadpool_limits(thread_count()):
        found = follow_run(run, groups, start, tell=tell)
    table = table_of(run, found)
    separator = SEPARATORS[order.out.suffix.lower()]
    order.out.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(
        order.out,
        lambda temporary: table.to_csv(temporary, sep=separator, index=False, float_format="%.6g", na_rep="NaN"),
    )
    lost = int(table["pseudotime"].isna().sum())
    apart = f", {lost:,} cells are not connected with the root: NaN" if lost else ""
    return f"{order.out}: {len(table):,} cells from {table['cell'][found.root]}, {_counted(table)}{apart}"


def _counted(table: pd.DataFrame) -> str:
    sizes = table["branch"].replace("", pd.NA).dropna().value_counts()
    return ", ".join(f"{name} {count:,}" for name, count in sizes.items())


def _check_table(out: Path) -> None:
    if out.suffix.lower() not in SEPARATORS:
        raise InputError(f"{out.name} is no name of a table.", "a name that ends in .tsv or .csv.", "rename it.")
    if out.is_dir():
        raise InputError(f"{out} is a folder.", "a file to write.", "name a file in it.")
