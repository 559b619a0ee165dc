"""Groups of cells that features are compared with: those of a column, and a saved selection beside them. N cells."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import numpy as np

from monae_app.engine.analysis.coembedding.groups import Groups
from monae_app.engine.errors import InputError
from monae_app.jobs import bitsets
from monae_app.web.cell_columns import as_groups
from monae_app.web.group_choice import MOST_GROUPS, NOTE, OBS, SET

if TYPE_CHECKING:
    import pandas as pd

    from monae_app.jobs.annotation_state import SavedSet
    from monae_app.web.explore import RunView
    from monae_app.web.selections import Selections

# Features of a modality differ from those of another in the cells of either: that tells nothing.
NO_GROUPS = ("modality",)
NAMED = "in"


@dataclass(frozen=True)
class MarkerGroups:
    """What was chosen.

    Parameters
    ----------
    groups
        Of all cells.
    column
        Key of their column, as a map is coloured by it.
    version
        Changes when the groups do.
    """

    groups: Groups
    column: str
    version: str


def column_options(view: RunView, run: str, selections: Selections) -> list[dict[str, str]]:
    """Offer columns of groups: those of the run, labels first, and those that somebody made."""
    own = [
        {"value": f"{OBS}:{name}", "label": name}
        for name in view.groupings
        if name not in NO_GROUPS and 1 < len(view.group_names(name)) <= MOST_GROUPS
    ]
    return own + [{"value": f"{NOTE}:{name}", "label": f"{name} (annotation)"} for name in selections.names(run)]


def group_options(view: RunView, run: str, selections: Selections, column: str) -> list[dict[str, str]]:
    """Offer the groups of a column as ``in:<name>``, and saved selections as ``set:<id>``.

    Raises
    ------
    InputError
        If the run has no such column, or fewer than two groups.
    """
    names = marker_groups(view, run, selections, column, None).groups.names
    return [{"value": f"{NAMED}:{name}", "label": name} for name in names] + [
        {"value": f"{SET}:{each.id}", "label": _selection(each)} for each in _sets(run, selections)
    ]


def marker_groups(view: RunView, run: str, selections: Selections, column: str, group: str | None) -> MarkerGroups:
    """Read the groups of a column; a selection that is chosen is one more, its cells taken out of the others.

    Raises
    ------
    InputError
        If the run has no such column or selection, or fewer than two groups.
    """
    names, codes, version = _column(view, run, selections, column)
    if group and group.startswith(f"{SET}:"):
        chosen = next((each for each in _sets(run, selections) if f"{SET}:{each.id}" == group), None)
        if chosen is None:
            raise InputError("This selection is not there any more.", "a saved selection.", "choose another group.")
        bits = selections.of(run).annotations.sets.bits(chosen.id)
        codes = np.where(bitsets.unpack(bits, view.n_cells), len(names), codes)
        names = [*names, _selection(chosen)]
        version = f"{version}+{sha256(bits).hexdigest()[:16]}"
    return MarkerGroups(Groups.of(names, codes.astype(np.int32)), column, version)


def number_of(found: MarkerGroups, group: str | None) -> int:
    """Return the number of the group that a key names; that of the selection, which is the last, or of the first."""
    kind, _, name = (group or "").partition(":")
    if kind == SET:
        return len(found.groups.names) - 1
    return found.groups.names.index(name) if name in found.groups.names else 0


def _column(view: RunView, run: str, selections: Selections, column: str) -> tuple[list[str], np.ndarray, str]:
    kind, _, name = column.partition(":")
    values: pd.Series[Any] | None = None
    version = ""
    if kind == OBS and name in view.groupings and name not in NO_GROUPS:
        values = as_groups(view.run.column(name))
    elif kind == NOTE and (values := selections.values(run, name)) is not None:
        version = selections.version(run, name)
    if values is None:
        raise InputError(f"This run has no groups {name[:80]!r}.", "a column of groups.", "choose another column.")
    return [str(each) for each in values.cat.categories], values.cat.codes.to_numpy(), version


def _sets(run: str, selections: Selections) -> list[SavedSet]:
    return list(selections.of(run).annotations.state().sets)


def _selection(item: SavedSet) -> str:
    return f"{item.name} (selection)"
