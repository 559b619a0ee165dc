"""Scores of a finished run for the command line, by the columns of its cells."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anndata as ad

from monae_app.engine.analysis.report import DEFAULT_LABEL, DEFAULT_PAIR, score_cells
from monae_app.engine.errors import InputError
from monae_app.engine.result import read_config

if TYPE_CHECKING:
    from pathlib import Path

    from monae_app.engine.analysis.metrics import Scores


def scores_of(run: Path, label: str | None, pair: str | None) -> Scores:
    """Score the integration of a run.

    Parameters
    ----------
    run
        Its folder.
    label, pair
        Obs columns; those of the contract unless named.

    Raises
    ------
    InputError
        If the folder is no finished run, or has no such column.
    """
    path = run / "cells.h5ad"
    if not path.is_file():
        raise InputError(f"{run} has no cells.h5ad.", "a finished run.", "check the path, or let the run finish.")
    cells = ad.read_h5ad(path)
    for column in (label, pair):
        if column is not None and column not in cells.obs:
            raise InputError(
                f"The run has no obs column {column!r}.",
                f"one of: {', '.join(map(str, cells.obs.columns))}.",
                "choose one of these.",
            )
    return score_cells(cells, label or DEFAULT_LABEL, pair or DEFAULT_PAIR, read_config(run).batch_key)
