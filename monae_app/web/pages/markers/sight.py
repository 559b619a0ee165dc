"""What the parts of the page ask of a run: its features beside the groups that were chosen."""

from __future__ import annotations

from dataclasses import dataclass

from monae_app.engine.errors import InputError
from monae_app.web.group_choice import SET
from monae_app.web.group_sight import GroupSight
from monae_app.web.marker_groups import marker_groups, number_of
from monae_app.web.marker_view import MarkerView, Wanted
from monae_app.web.pages.markers.layout import EVERY


@dataclass(frozen=True)
class Seen:
    """A run and its groups.

    Parameters
    ----------
    markers
        Features beside the groups.
    group
        Number of the group that is chosen.
    column
        Key of the column.
    named
        What tells these groups from others.
    """

    markers: MarkerView
    group: int
    column: str
    named: str

    @property
    def name(self) -> str:
        """Of the group."""
        return self.markers.names[self.group]


@dataclass(frozen=True)
class Sight(GroupSight):
    """Runs as the one who asks may see them, and their features beside groups."""

    def seen(self, run: str | None, column: str | None, group: str | None) -> Seen | None:
        """Compare a run's features with groups; None where nothing is chosen yet.

        Raises
        ------
        InputError
            If the run has no such groups, or fewer than two.
        """
        view = self.view(run)
        if view is None or run is None or not column:
            return None
        chosen = marker_groups(view, run, self.selections, column, group)
        named = f"{chosen.column}@{chosen.version}"
        return Seen(MarkerView.of(view, chosen.groups, named), number_of(chosen, group), column, named)

    def seen_or_none(self, run: str | None, column: str | None, group: str | None) -> Seen | None:
        """Do the same where another part of the page says what is the matter."""
        try:
            return self.seen(run, column, group)
        except InputError:
            return None


def wanted(modality: str | None, specific: float | None, share: float | None = 0.0) -> Wanted:
    """Take what the fields say."""
    return Wanted("" if modality in (None, EVERY) else str(modality), float(specific or 0), float(share or 0))


def outside(group: str | None) -> str | None:
    """Return the group if it is a saved selection, which groups the cells anew; None for a group of the column."""
    return group if group and group.startswith(f"{SET}:") else None
