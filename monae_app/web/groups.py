"""Some groups of cells shown in place of all: which, and where they lie on their own map. n of N cells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from monae_app.engine.errors import InputError
from monae_app.web import map_frame
from monae_app.web.modalities import modality_title

if TYPE_CHECKING:
    import pandas as pd

    from monae_app.jobs.group_maps import GroupMaps
    from monae_app.web.explore import RunView

MOST_GROUPS = 200


@dataclass(frozen=True)
class Groups:
    """Groups of one column of the cells."""

    column: str
    names: tuple[str, ...]

    @classmethod
    def of(cls, column: Any, names: Any) -> Groups | None:
        """Take what a browser says; None where it says nothing of the kind."""
        if not isinstance(column, str) or not column or not isinstance(names, list):
            return None
        chosen = tuple(name for name in names if isinstance(name, str))[:MOST_GROUPS]
        return cls(column, chosen) if chosen else None

    @classmethod
    def from_json(cls, said: Any) -> Groups | None:
        """Take what :meth:`to_json` gave to a browser."""
        return cls.of(said.get("column"), said.get("groups")) if isinstance(said, dict) else None

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return {"column": self.column, "groups": list(self.names)}


@dataclass(frozen=True)
class Shown:
    """The cells on one map.

    Parameters
    ----------
    view
        The run.
    rows
        Among all cells, (n,), increasing; None for all of them.
    xy
        Where they lie, (n, 2).
    """

    view: RunView
    rows: np.ndarray | None
    xy: np.ndarray

    @classmethod
    def of(cls, view: RunView, some: Groups | None, maps: GroupMaps) -> Shown:
        """Find the cells of groups that are laid out alone, or of the whole run where ``some`` is None.

        Raises
        ------
        InputError
            If their map was not made, or is not kept any more.
        """
        if some is None:
            return cls(view, None, view.xy)
        return cls(view, *map_of(view, some, maps))

    @property
    def about(self) -> dict[str, Any]:
        """Return what map.json says."""
        modalities, first = [], 0
        for name, span in self.view.spans.items():
            count = len(span)
            if self.rows is not None:
                count = int(np.searchsorted(self.rows, span.stop) - np.searchsorted(self.rows, span.start))
            modalities.append({"key": name, "title": modality_title(name), "first": first, "count": count})
            first += count
        return {"cells": len(self.xy), "bounds": map_frame.bounds_of(self.xy), "modalities": modalities}

    def row(self, row: int) -> int:
        """Return the row among all cells.

        Raises
        ------
        InputError
            If so many cells are not there.
        """
        if not 0 <= row < len(self.xy):
            raise InputError(
                f"There is no cell in row {row:,}.", f"a row below {len(self.xy):,}.", "draw the map again."
            )
        return row if self.rows is None else int(self.rows[row])


def cells_of(view: RunView, some: Groups | None, maps: GroupMaps) -> tuple[pd.DataFrame, np.ndarray]:
    """Return the cells to show, as ``RunView.cells``, and their rows among all.

    Parameters
    ----------
    view
        The run.
    some
        Groups with a map of their own; None for all cells.
    maps
        Of the one who asks.

    Raises
    ------
    InputError
        If their map was not made, or is not kept any more.
    """
    if some is None:
        return view.cells, np.arange(len(view.cells))
    rows, xy = map_of(view, some, maps)
    cells = view.cells.iloc[rows].assign(x=xy[:, 0], y=xy[:, 1]).reset_index(drop=True)
    return cells, rows


def map_of(view: RunView, some: Groups, maps: GroupMaps) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows among all cells (n,), increasing, and the coordinates (n, 2) of groups laid out alone.

    Raises
    ------
    InputError
        If their map was not made, or is not kept any more.
    """
    found = maps.read(view.folder, some.column, some.names)
    if found is None or (len(found[0]) and found[0].max() >= view.n_cells):
        raise InputError(
            "The map of these groups is not there any more.", "one that was made within a week.", "draw it again."
        )
    return found
