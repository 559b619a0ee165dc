"""Groups of cells as a page offers them: saved selections, and the groups of columns. N cells."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from monae_app.engine.errors import InputError
from monae_app.jobs import bitsets

if TYPE_CHECKING:
    from collections.abc import Sequence

    from monae_app.web.explore import RunView
    from monae_app.web.selections import Selections

SET, OBS, NOTE = "set", "obs", "note"
MOST_GROUPS = 60


class GroupChoice:
    """The groups of one run that the one who asks can choose.

    Parameters
    ----------
    view, run
        The run and its id.
    selections
        What is saved of runs.
    """

    def __init__(self, view: RunView, run: str, selections: Selections) -> None:
        self._view, self._run, self._selections = view, run, selections
        self._saved = selections.of(run)
        self._offered: dict[bool, list[dict[str, str]]] = {}

    def offered(self, *, every: bool = False) -> list[dict[str, str]]:
        """Return options of a dropdown: ``set:<id>``, ``note:<column>=<group>`` and ``obs:<column>=<group>``.

        Parameters
        ----------
        every
            The modalities too: their cells differ in nothing that was measured in both.
        """
        # what is on offer is read from columns, and a page asks for it several times a request
        if every not in self._offered:
            self._offered[every] = self._found(every=every)
        return self._offered[every]

    def first(self) -> list[str]:
        """Return what is chosen as long as nobody has: the first group of the first column."""
        return [each["value"] for each in self.offered() if each["value"].startswith(OBS)][:1]

    def cells(self, keys: Sequence[str]) -> np.ndarray:
        """Return the cells of any of these groups, (N,) booleans.

        Raises
        ------
        InputError
            If nothing is chosen, or one of them is not there.
        """
        if not keys:
            raise InputError("No cells are chosen.", "a group or a saved selection.", "choose one.")
        mask = np.zeros(self._view.n_cells, bool)
        for key in keys:
            mask |= self._of(key)
        return mask

    def named(self, keys: Sequence[str]) -> str:
        """Say which groups these are."""
        labels = {each["value"]: each["label"] for each in self.offered()}
        return ", ".join(labels.get(key, key.partition("=")[2]).partition(" (selection")[0] for key in keys)

    def _found(self, *, every: bool) -> list[dict[str, str]]:
        state = self._saved.annotations.state()
        found = [
            {"value": f"{SET}:{each.id}", "label": f"{each.name} (selection, {each.count:,})"} for each in state.sets
        ]
        for column in state.columns:
            found += [_option(NOTE, column.name, group.name) for group in column.groups]
        for name in self._view.groupings:
            groups = self._view.group_names(name)
            if (every or name != "modality") and len(groups) <= MOST_GROUPS:
                found += [_option(OBS, name, group) for group in groups]
        return found

    def _of(self, key: str) -> np.ndarray:
        kind, _, rest = key.partition(":")
        if kind == SET:
            return bitsets.unpack(self._saved.annotations.sets.bits(rest), self._view.n_cells)
        for name in self._view.groupings if kind == OBS else self._selections.names(self._run):
            if rest.startswith(f"{name}="):
                column = self._view.run.column(name) if kind == OBS else self._selections.values(self._run, name)
                group = rest.removeprefix(f"{name}=")
                if column is not None and (mine := (column.astype(str) == group).to_numpy()).any():
                    return np.asarray(mine)
        raise InputError(
            f"This run has no group {rest[:80]!r}.", "a group of a column, or a saved selection.", "choose another one."
        )


def _option(kind: str, column: str, group: str) -> dict[str, str]:
    return {"value": f"{kind}:{column}={group}", "label": f"{group} · {column}"}
