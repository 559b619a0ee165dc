"""Which cells of a run are followed: groups of columns, or names. N cells."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from monae_app.engine.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from monae_app.engine.analysis.run_slices import RunSlices

MOST_NAMED = 12


def cells_in(run: RunSlices, groups: Sequence[str]) -> np.ndarray:
    """Tell which cells are in any of some groups, (N,) bool.

    Parameters
    ----------
    run
        A finished run.
    groups
        Each as ``column=group``.

    Raises
    ------
    InputError
        If there is no such column, or no cell is in such a group.
    """
    found = np.zeros(run.n_cells, bool)
    for each in groups:
        found |= _in(run, each)
    return found


def _in(run: RunSlices, wanted: str) -> np.ndarray:
    # names of columns and of groups may hold the sign themselves
    columns = [each for each in run.columns if wanted.startswith(f"{each}=")]
    if not columns:
        raise InputError(
            f"{wanted!r} names no group of cells.",
            f"column=group, of one of the columns {', '.join(run.columns[:MOST_NAMED])}.",
            "name a column and a group of it.",
        )
    known: list[str] = []
    for column in columns:
        values = run.column(column)
        mine = (values.astype(str) == wanted.removeprefix(f"{column}=")).to_numpy() & values.notna().to_numpy()
        if mine.any():
            return np.asarray(mine)
        known += sorted(values.dropna().astype(str).unique())
    shown = ", ".join(known[:MOST_NAMED]) + (", ..." if len(known) > MOST_NAMED else "")
    raise InputError(f"No cell is in {wanted!r}.", f"one of its groups: {shown}.", "name one of these.")


def cells_named(run: RunSlices, names: Sequence[str]) -> np.ndarray:
    """Tell which cells have any of some names, (N,) bool.

    Parameters
    ----------
    run
        A finished run.
    names
        With or without their modality; without it, a name may stand for a cell of each.

    Raises
    ------
    InputError
        If there are none, or one of them is the name of no cell.
    """
    wanted, known = set(names), set()
    found = np.zeros(run.n_cells, bool)
    for modality, span in run.spans.items():
        plain = np.array(run.names(slice(span.start, span.stop)), object)
        for row, name in enumerate(plain, start=span.start):
            mine = wanted & {name, f"{modality}:{name}"}
            found[row] = bool(mine)
            known |= mine
    lost = [each for each in names if each not in known]
    if lost or not names:
        told = (
            f"{len(lost):,} of {len(names):,} names are of no cell, such as {lost[0]!r}" if lost else "No cell is named"
        )
        example = run.names(slice(0, 1))[0]
        raise InputError(
            f"{told}.",
            f"names of cells as the input has them, such as {example} or {run.modalities[0]}:{example}.",
            "check the names.",
        )
    return found
