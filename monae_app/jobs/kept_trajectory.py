"""Trajectories that were worked out for a user: ``<store>/users/<user>/trajectory/<key>.npz``, for a week.

The key is worked out from the run and from what was asked: what is asked for again is there already, and nothing that a
browser says becomes a path.
"""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

from monae_app.jobs.kept_files import identity, key_of, user_folder
from monae_app.jobs.kept_npz import Kept
from monae_app.jobs.kept_regulation import inputs_of, key_name
from monae_app.jobs.private_files import private_folder, write_private

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

# beside the files of a bundled run: what was worked out when it was made
WITH_RUN = "trajectory"
# counts up whenever trajectories are worked out in another way, or more is kept of them
WORKED_OUT = 2


class KeptTrajectories:
    """The trajectories of one user's runs.

    Parameters
    ----------
    store
        Root of everything that the app keeps.
    user
        Whose they are.
    """

    def __init__(self, store: Path, user: str) -> None:
        self._folder = user_folder(store, user, "trajectory")

    def key(self, run: Path, asked: Mapping[str, Any]) -> str:
        """Name what was asked of a run; what travels with a bundled run is named by the order alone."""
        short = key_of(dict(asked))
        if self._with_run(run, short).exists():
            return short
        return key_of([*identity(run), inputs_of(run), WORKED_OUT, dict(asked)])

    def read(self, run: Path, key: str) -> Kept | None:
        """Return what is kept under a key; None if nothing is."""
        try:
            own = self._folder / f"{key_name(key)}.npz"
        except ValueError:
            return None
        return Kept.read(own if own.exists() else self._with_run(run, key))

    def write(self, run: Path, asked: Mapping[str, Any], found: Kept) -> str:
        """Keep what was found for an order and return its key."""
        private_folder(self._folder)
        key = self.key(run, asked)
        write_private(self._folder / f"{key}.npz", found.content())
        return key

    def forget_beside(self, run: Path, asked: Mapping[str, Any]) -> None:
        """Remove what travels with a run, so that it is worked out anew."""
        self._with_run(run, key_of(dict(asked))).unlink(missing_ok=True)

    def copy_beside(self, run: Path, asked: Mapping[str, Any]) -> None:
        """Put what was found for an order beside the files of a run that is to be bundled."""
        (run / WITH_RUN).mkdir(exist_ok=True)
        shutil.copyfile(self._folder / f"{self.key(run, asked)}.npz", self._with_run(run, key_of(dict(asked))))

    @staticmethod
    def _with_run(run: Path, key: str) -> Path:
        return run / WITH_RUN / f"{key}.npz"


def asked_for(column: str, root: Mapping[str, Any], cells: str | None = None, space: str = "shared") -> dict[str, Any]:
    """Name a trajectory.

    Parameters
    ----------
    column
        Of the groups.
    root
        ``group`` with its name, ``cell`` with its row, or ``feature`` with its key.
    cells
        Bits of the cells to follow, in base 64; None for all.
    space
        ``shared`` axes, or a modality whose imputed features are followed.
    """
    return {"column": column, "root": dict(root), "cells": cells, "space": space}
