"""What the cells on the map can be coloured by, and the frame or the single value of it. N cells, n of them shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from monae_app.engine.errors import InputError
from monae_app.jobs.gene_sets import GeneSets
from monae_app.web import map_frame
from monae_app.web.explore import Colouring, Hit
from monae_app.web.trajectory_view import TRAJECTORY, TrajectoryView
from monae_app.web.two_runs import pair_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from monae_app.web.explore import RunView
    from monae_app.web.extra_columns import ExtraColumns
    from monae_app.web.services import Services

NOTE, SET, TWO = "note", "set", "two"
MEASURED, IMPUTED = "measured", "imputed"
LOWEST, HIGHEST = 1.0, 99.0


@dataclass(frozen=True)
class Asked:
    """A colour as a browser asks for it.

    Parameters
    ----------
    key
        As :class:`monae_app.web.explore.Hit` has it, or "note:<column>"; empty for none.
    measured
        Whether features are shown as measured, rather than as imputed.
    low, high
        Percentiles that the ends of the scale stand for.
    nonzero
        Whether zeros are left out of the percentiles.
    other
        A second feature, to be blended with the first; empty for none.
    """

    key: str
    measured: bool = False
    low: float = LOWEST
    high: float = HIGHEST
    nonzero: bool = False
    other: str = ""

    @classmethod
    def from_query(cls, said: Mapping[str, str]) -> Asked:
        """Take what the URL says.

        Raises
        ------
        InputError
            If that is no colour that could be.
        """
        values = said.get("values") or IMPUTED
        if values not in (IMPUTED, MEASURED):
            raise InputError(f"There are no values {values[:80]!r}.", "imputed or measured.", "choose one of these.")
        try:
            low, high = (float(said.get(name) or default) for name, default in (("low", LOWEST), ("high", HIGHEST)))
        except ValueError:
            low, high = 0.0, 0.0
        if not 0 <= low < high <= 100:
            raise InputError(
                f"The scale cannot go from {said.get('low')!r} to {said.get('high')!r}.",
                "two percentiles from 0 to 100, the lower one first.",
                "choose others.",
            )
        nonzero = said.get("nonzero") == "1"
        return cls(said.get("key", ""), values == MEASURED, low, high, nonzero, said.get("with", ""))


class MapColours:
    """Colours of the runs of the one who asks.

    Parameters
    ----------
    services
        Of the app.
    extra
        Keeps columns that do not stand in the files of a run.
    """

    def __init__(self, services: Services, extra: ExtraColumns) -> None:
        self._services, self._extra = services, extra

    @property
    def sets(self) -> GeneSets:
        """Gene sets of the one who asks."""
        return GeneSets(self._services.settings.store, self._services.users.current())

    def frame(self, run: str, view: RunView, asked: Asked, rows: np.ndarray | None) -> bytes:
        """Return the frame of a colour.

        Parameters
        ----------
        rows
            Of the cells that are shown, (n,); None for all.

        Raises
        ------
        InputError
            If the run has no such column or feature, or groups were to be blended.
        """
        first = self.colouring(run, view, asked.key or view.default_colour, measured=asked.measured)
        about = {"key": asked.key or view.default_colour, "title": first.title, "unit": first.unit}
        if asked.other:
            return self._blend(run, view, asked, rows, first)
        if first.categorical:
            names = [str(name) for name in first.values.cat.categories]
            header, codes = map_frame.groups(_some(first.values.cat.codes.to_numpy(), rows), names)
        else:
            numbers = _some(first.values.to_numpy(), rows)
            header, codes = map_frame.values(numbers, asked.low, asked.high, nonzero=asked.nonzero)
        return map_frame.frame(header | about, codes)

    def value(self, run: str, view: RunView, asked: Asked, row: int) -> str | float | None:
        """Return the value of one cell; None where it has none, or nothing was asked for."""
        if not asked.key:
            return None
        values = self.colouring(run, view, asked.key, measured=asked.measured).values
        found = values.iloc[row]
        if isinstance(values.dtype, pd.CategoricalDtype):
            return None if pd.isna(found) else str(found)
        return float(found) if np.isfinite(found) else None

    def version(self, run: str, view: RunView, asked: Asked) -> list[str]:
        """Return what changes when the values do, beside the run itself."""
        return [self._version(run, view, key, measured=asked.measured) for key in (asked.key, asked.other) if key]

    def search(self, run: str, view: RunView, text: str, limit: int) -> list[Hit]:
        """Find columns, those that were added included, gene sets and features."""
        wanted = text.strip().casefold()
        added = [Hit(f"{NOTE}:{name}", name, "cells") for name in self._extra.names(run) if wanted in name.casefold()]
        added += [
            Hit(f"{SET}:{each.id}", each.name, "gene set", f"{len(each.genes):,} genes")
            for each in self.sets.list()
            if wanted in each.name.casefold()
        ]
        return [*added, *view.search(text, limit)][:limit]

    def colouring(self, run: str, view: RunView, key: str, *, measured: bool) -> Colouring:
        """Give every cell its value.

        Raises
        ------
        InputError
            If the run has no such column or feature.
        """
        kind, _, name = key.partition(":")
        if kind == NOTE and (found := self._extra.values(run, name)) is not None:
            return Colouring(name, "", found)
        if kind == TWO:
            return self._in_common(run, name)
        if kind == TRAJECTORY:
            return self._trajectory(view, name)
        if kind == SET:
            return view.mean_of(self.sets.get(name), measured=measured)
        return view.colouring(key, measured=measured)

    def _in_common(self, run: str, asked: str) -> Colouring:
        """Share of the neighbours that a cell has in common in two runs; ``asked``: the second run, "|", the label."""
        second, _, label = asked.partition("|")
        found = pair_of(self._services, run, second, label or None).known
        if found is None:
            raise InputError(
                "The neighbours in both runs were not compared yet.", "a comparison.", "press 'Compare neighbourhoods'."
            )
        return Colouring("neighbours in common", "share of the 30 nearest cells", pd.Series(found.overlap))

    def _trajectory(self, view: RunView, name: str) -> Colouring:
        key, _, what = name.partition(":")
        found = TrajectoryView(self._services, None).by_key(view, key)
        if found is None:
            raise InputError("This trajectory is not kept any more.", "one of this week.", "follow the cells again.")
        return found.colouring(what)

    def _version(self, run: str, view: RunView, key: str, *, measured: bool) -> str:
        kind, _, name = key.partition(":")
        if kind == NOTE:
            return self._extra.version(run, name)
        if kind == TWO:
            return self._services.view(name.partition("|")[0]).version
        # the name of a trajectory changes when it does
        if kind == TRAJECTORY or not measured:
            return ""
        # the id of a set tells its genes, not in which modality they will be found
        return "-".join(map(view.measured_version, [kind] if kind in view.modalities else view.modalities))

    def _blend(self, run: str, view: RunView, asked: Asked, rows: np.ndarray | None, first: Colouring) -> bytes:
        second = self.colouring(run, view, asked.other, measured=asked.measured)
        for each in (first, second):
            if each.categorical:
                raise InputError(
                    f"{each.title!r} holds groups, which cannot be blended.",
                    "two genes, peaks or columns of numbers.",
                    "choose another second feature.",
                )
        numbers, others = (_some(each.values.to_numpy(), rows) for each in (first, second))
        header, codes = map_frame.blend(numbers, others, asked.low, asked.high)
        header |= {"titles": [first.title, second.title], "units": [first.unit, second.unit]}
        about = {"key": asked.key, "with": asked.other, "title": f"{first.title} and {second.title}"}
        return map_frame.frame(header | about, codes)


def _some(values: np.ndarray, rows: np.ndarray | None) -> np.ndarray:
    return values if rows is None else values[rows]
