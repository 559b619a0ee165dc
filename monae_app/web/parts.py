"""Some cells shown in place of all, on a map of their own. n of N cells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from monae_app.engine.errors import InputError
from monae_app.jobs.part_maps import PartMaps
from monae_app.jobs.registry import SHARED
from monae_app.web import map_frame
from monae_app.web.modalities import modality_title
from monae_app.web.two_runs import matched, side_of

if TYPE_CHECKING:
    from monae_app.jobs.part_maps import KeptMap
    from monae_app.web.explore import RunView
    from monae_app.web.services import Services


@dataclass(frozen=True)
class Part:
    """Some cells that were laid out alone.

    Parameters
    ----------
    key
        Of their map.
    title
        What the cells are called.
    """

    key: str
    title: str

    def to_json(self) -> dict[str, str]:
        """Return plain values, as a browser gets them."""
        return {"key": self.key, "title": self.title}


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


class Parts:
    """The maps of some cells that the one who asks can see.

    Parameters
    ----------
    services
        Of the app.
    """

    def __init__(self, services: Services) -> None:
        self._services = services

    def maps(self, run: str) -> PartMaps:
        """Return where they are kept; those that a link to a shared run shows are its owner's."""
        services = self._services
        owner = services.registry.get(run).owner if run.startswith(SHARED) else None
        return PartMaps(services.settings.store, services.users.current(), owner)

    def part(self, run: str, key: Any) -> Part | None:
        """Say what a key stands for; None where it stands for nothing of this run."""
        found = self.maps(run).read(self._services.view(run).folder, key) if isinstance(key, str) and key else None
        return None if found is None else Part(str(key), found.title)

    def shown(self, run: str, key: str | None) -> Shown:
        """Return the cells of a map, or all of the run where there is no key.

        Raises
        ------
        InputError
            If that map was not made, or is not kept any more.
        """
        view = self._services.view(run)
        if not key:
            return Shown(view, None, view.xy)
        if (side := side_of(key)) is not None:
            other = self._services.view(side[1])
            cells = matched(view, other)
            return Shown(view, cells.first, view.xy[cells.first] if side[0] == "first" else other.xy[cells.second])
        part = self.kept(run, key).part
        return Shown(view, part.rows, part.xy)

    def kept(self, run: str, key: str) -> KeptMap:
        """Return a map of some cells.

        Raises
        ------
        InputError
            If it was not made, or is not kept any more.
        """
        view = self._services.view(run)
        found = self.maps(run).read(view.folder, key)
        if found is None or (len(found.part.rows) and found.part.rows.max() >= view.n_cells):
            raise InputError(
                "The map of these cells is not there any more.", "one that was made within a week.", "draw it again."
            )
        return found
