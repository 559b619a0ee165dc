"""What a user has saved of a run, as routes tell it: a list, a colour of the map, a table. N cells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from monae_app.engine.errors import InputError
from monae_app.jobs import bitsets
from monae_app.jobs.annotation_files import annotation_folder
from monae_app.jobs.annotations import Annotations
from monae_app.jobs.registry import SHARED
from monae_app.web.parts import Parts

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from monae_app.jobs.annotation_state import Column, SavedSet
    from monae_app.web.explore import RunView
    from monae_app.web.services import Services

NOTE = "note"
LOOKED_AT = "This run was shared with you: you can select its cells, and its owner alone can save what is selected."
# Rows of a table that are made at once.
BLOCK = 50_000


@dataclass(frozen=True)
class Saved:
    """What is saved of one run that the one who asks can see.

    Parameters
    ----------
    view
        The run.
    annotations
        Of its owner, or of the one who asks where the run belongs to nobody.
    editable
        Whether the one who asks may change them.
    """

    view: RunView
    annotations: Annotations
    editable: bool

    @property
    def cells(self) -> int:
        """N."""
        return self.view.n_cells

    def told(self) -> dict[str, Any]:
        """Return what selections.json says."""
        state = self.annotations.state()
        last, next_one = (steps[-1] if steps else None for steps in (state.past, state.future))
        return {
            "cells": self.cells,
            "version": state.version,
            "editable": self.editable,
            "why_not": None if self.editable else LOOKED_AT,
            "sets": [told_set(each) for each in state.sets],
            "columns": [told_column(each) for each in state.columns],
            "undo": last.text if last and self.editable else None,
            "undo_step": last.id if last else None,
            "redo": next_one.text if next_one and self.editable else None,
            "redo_step": next_one.id if next_one else None,
        }

    def table(self, chosen: np.ndarray | None, columns: Sequence[Column], sets: Sequence[SavedSet]) -> Iterator[str]:
        """Write a table as CSV, block by block: ``cell``, ``modality``, a group per column, yes or no per selection.

        Parameters
        ----------
        chosen
            (N,) booleans: the cells that get a row; None for all.
        columns, sets
            What is told of each cell.
        """
        codes = [self.annotations.columns.codes(each.id) for each in columns]
        inside = [bitsets.unpack(self.annotations.sets.bits(each.id), self.cells) for each in sets]
        names = _distinct([each.name for each in columns] + [each.name for each in sets])
        header = True
        for begin in range(0, self.cells, BLOCK):
            block = slice(begin, min(begin + BLOCK, self.cells))
            here = np.arange(block.stop - begin) if chosen is None else np.flatnonzero(chosen[block])
            if not len(here) and not (header and block.stop == self.cells):
                continue
            # Reading a piece of the file and leaving rows out is far quicker than picking rows in it.
            some, told = begin + here, self.view.some_cells(block).iloc[here]
            values = {"cell": told["id"].to_numpy(), "modality": told["modality"].to_numpy()}
            for name, column, code in zip(names, columns, codes, strict=False):
                labels = np.array([*(group.name for group in column.groups), ""], dtype=object)
                values[name] = labels[np.minimum(code[some], len(column.groups))]
            for name, mask in zip(names[len(columns) :], inside, strict=True):
                values[name] = np.where(mask[some], "yes", "no")
            yield pd.DataFrame(values).to_csv(index=False, header=header)
            header = False


class Selections:
    """What is saved, of every run that the one who asks can see; also the columns that the map can be coloured by.

    Parameters
    ----------
    services
        Of the app.
    """

    def __init__(self, services: Services) -> None:
        self._services = services

    def of(self, run: str) -> Saved:
        """Return what is saved of a finished run.

        Raises
        ------
        InputError
            If the one who asks cannot see such a run, or it has no result yet.
        """
        view, registry = self._services.view(run), self._services.registry
        folder = annotation_folder(registry.get(run), registry.runs, view.n_cells)
        return Saved(view, Annotations(folder, view.n_cells), editable=not run.startswith(SHARED))

    def own(self, run: str) -> Saved:
        """Return what is saved of a run, to be changed.

        Raises
        ------
        InputError
            If the one who asks may only look at it.
        """
        saved = self.of(run)
        if not saved.editable:
            raise InputError(LOOKED_AT, "a run of your own.", "ask its owner, or save the cells as a table.")
        return saved

    def shown(self, run: str, part: str | None) -> np.ndarray | None:
        """Return the rows of the cells on a map of some cells alone, (n,); None where all are shown.

        Raises
        ------
        InputError
            If that map is not kept any more.
        """
        return Parts(self._services).shown(run, part).rows

    def names(self, run: str) -> Sequence[str]:
        """Return the columns of a run."""
        return [each.name for each in self.of(run).annotations.state().columns]

    def values(self, run: str, name: str) -> pd.Series[Any] | None:
        """Return a column as categories, (N,); None if there is none."""
        annotations = self.of(run).annotations
        column = next((each for each in annotations.state().columns if each.name == name), None)
        if column is None:
            return None
        return pd.Series(annotations.columns.categories(column.id))

    def version(self, run: str, name: str) -> str:
        """Return what changes when a column does."""
        columns = self.of(run).annotations.state().columns
        return next((f"{each.changed}-{each.blob}" for each in columns if each.name == name), "")


def told_set(item: SavedSet) -> dict[str, Any]:
    """Return what a browser is told of a selection."""
    return {"id": item.id, "name": item.name, "count": item.count, "colour": item.colour}


def told_column(item: Column) -> dict[str, Any]:
    """Return what a browser is told of a column."""
    groups = [group.model_dump() for group in item.groups]
    return {"id": item.id, "key": f"{NOTE}:{item.name}", "name": item.name, "groups": groups}


def _distinct(names: list[str]) -> list[str]:
    found: list[str] = []
    for name in names:
        other, number = name, 1
        while other in ("cell", "modality", *found):
            number += 1
            other = f"{name} ({number})"
        found.append(other)
    return found
