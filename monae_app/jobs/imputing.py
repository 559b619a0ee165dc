"""Imputation from the command line: a run and the names of features in, one file out, .h5ad, .csv or .parquet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import threadpoolctl

from monae_app.engine.analysis.imputation import AtBatch
from monae_app.engine.analysis.imputed_file import Wanted, check_destination, write_imputed
from monae_app.engine.analysis.imputed_table import write_imputed_table
from monae_app.engine.errors import InputError
from monae_app.engine.result import Result
from monae_app.engine.training.threads import thread_count
from monae_app.jobs.names_file import distinct, names_in
from monae_app.jobs.new_cells import embedded

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from monae_app.engine.analysis.imputation import Scale

LINES = 10
TABLES = (".csv", ".csv.gz", ".parquet")


@dataclass(frozen=True)
class Order:
    """What was asked for on the command line.

    Parameters
    ----------
    run
        Folder of the run.
    source, target, scale
        As in :class:`~monae_app.engine.analysis.imputed_file.Wanted`.
    batch
        ``reference`` or ``own``.
    features, features_file
        Names separated by commas, or a file with one name a line; neither for all.
    cells
        New cells to impute for; None for those of the run.
    out
        The file to write; its ending says whether it is a table (.csv, .csv.gz, .parquet) or AnnData (all else).
    own_counts
        As in ``Wanted``; not for new cells.
    """

    run: Path
    source: str
    target: str
    scale: Scale
    batch: str
    features: str | None
    features_file: Path | None
    cells: Path | None
    out: Path
    own_counts: bool = False


def execute(order: Order, say: Callable[[str], None]) -> str:
    """Impute and write the file.

    Parameters
    ----------
    order
        What to do.
    say
        Told the progress, line by line.

    Returns
    -------
    str
        One line on what was written.

    Raises
    ------
    InputError
        If the run, a name, the new cells or the file to write cannot be used.
    """
    _check_destination(order.out)
    if order.own_counts and order.cells is not None:
        raise InputError("Own counts of new cells cannot be heeded.", "cells of the run.", "leave out --own-counts.")
    wanted = Wanted(order.source, order.target, _names(order), order.scale, AtBatch(order.batch), order.own_counts)
    with threadpoolctl.threadpool_limits(thread_count()):
        write = write_imputed_table if _is_table(order.out) else write_imputed
        n_cells, n_features = write(_result(order, say), wanted, order.out, on_cells=_Counter(say).tell)
    about = f"{n_cells:,} cells x {n_features:,} features of {order.target}, imputed from {order.source}"
    return f"{order.out}: {about}"


def _is_table(path: Path) -> bool:
    return path.name.endswith(TABLES)


def _check_destination(path: Path) -> None:
    """Refuse to write over anything but an earlier imputation; a table does not say whose it is."""
    if _is_table(path) and path.is_file():
        raise InputError(
            f"{path} is there already.", "a new name: tables are not replaced.", "remove it, or name another file."
        )
    check_destination(path)


def _names(order: Order) -> tuple[str, ...] | None:
    """Names as given, each once; None for all."""
    if order.features is None and order.features_file is None:
        return None
    if order.features_file is not None:
        names = tuple(names_in(order.features_file))
    else:
        names = tuple(distinct((order.features or "").split(",")))
    if not names:
        raise InputError("No feature was named.", "at least one name.", "name features, or ask for --all.")
    return names


def _result(order: Order, say: Callable[[str], None]) -> Result:
    if order.cells is None:
        return Result.load(order.run)
    # imported here: torch takes seconds, and only new cells need it
    from monae_app.engine.pipeline import Monae

    model = Monae.load(order.run)
    return model.result_of(embedded(model, order.source, order.cells, say))


class _Counter:
    """Says how far it is, about ten times."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say, self._told = say, 0

    def tell(self, done: int, of: int) -> None:
        if done * LINES // of > self._told:
            self._told = done * LINES // of
            self._say(f"impute: {done:,} of {of:,} cells")
