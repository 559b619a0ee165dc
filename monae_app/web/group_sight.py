"""What pages that show features over groups ask alike: the run, its columns of groups, and their groups."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from monae_app.web.marker_groups import column_options, group_options

if TYPE_CHECKING:
    from monae_app.web.explore import RunView
    from monae_app.web.selections import Selections
    from monae_app.web.services import Services


@dataclass(frozen=True)
class GroupSight:
    """Runs as the one who asks may see them."""

    services: Services
    selections: Selections

    def view(self, run: str | None) -> RunView | None:
        """Open a finished run; None if there is none."""
        return self.services.opened(run)

    def columns(self, run: str) -> list[dict[str, str]]:
        """Offer columns of groups."""
        return column_options(self.services.view(run), run, self.selections)

    def groups(self, run: str, column: str) -> list[dict[str, str]]:
        """Offer the groups of a column, and saved selections.

        Raises
        ------
        InputError
            If the column has fewer than two groups.
        """
        return group_options(self.services.view(run), run, self.selections, column)


def options_with_chosen(offered: dict[str, str], chosen: list[str] | None) -> list[dict[str, str]]:
    """Offer features by their keys and labels, and those that are chosen: a value that is not offered is thrown away.

    Parameters
    ----------
    offered
        Labels by key, ``<modality>:<name>``.
    chosen
        Keys.
    """
    every = offered | {key: offered.get(key, key.partition(":")[2]) for key in chosen or []}
    return [{"value": key, "label": label} for key, label in every.items()]
