"""Hold-out checks of runs: ``<store>/users/<user>/holdout/<key>.json``, or beside the files of a bundled run."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from monae_app.engine.result import CELLS
from monae_app.jobs.kept_files import identity, key_of, user_folder
from monae_app.jobs.private_files import private_folder, write_private

if TYPE_CHECKING:
    from pathlib import Path

WITH_RUN = "holdout.json"
# of the training of a check
MOST_STEPS = 1000


class KeptHoldout:
    """The checks of one user.

    Parameters
    ----------
    store
        Root of everything that the app keeps.
    user
        Whose they are.
    """

    def __init__(self, store: Path, user: str) -> None:
        self._folder = user_folder(store, user, "holdout")

    def read(self, run: Path) -> dict[str, Any] | None:
        """Return what was found for a run; None if it was not checked."""
        return _read(self._path(run), run) or _read(run / WITH_RUN, run)

    def write(self, run: Path, found: dict[str, Any]) -> None:
        """Keep what was found."""
        private_folder(self._folder)
        write_private(self._path(run), json.dumps(found, ensure_ascii=False).encode())

    def _path(self, run: Path) -> Path:
        return self._folder / f"{key_of(identity(run))}.json"


def read_of(run: Path) -> dict[str, Any] | None:
    """Return the check of a run that its owner made or that lies in its folder; None if there is none."""
    whole = run.resolve()
    if len(whole.parents) > 3 and (whole.parent.name, whole.parents[2].name) == ("runs", "users"):
        return KeptHoldout(whole.parents[3], whole.parents[1].name).read(run)
    return _read(run / WITH_RUN, run)


def _read(path: Path, run: Path) -> dict[str, Any] | None:
    with suppress(OSError, ValueError):
        found = json.loads(path.read_text(encoding="utf-8"))
        # a run that was trained anew has other cells
        if isinstance(found, dict) and found.get("version") == version_of_cells(run):
            return found
    return None


def overall_shares(found: dict[str, Any]) -> list[dict[str, Any]]:
    """Lay out a check by method: ``method``, its title, and by modality the median share of the noise ceiling.

    Methods stand in the order in which the check names them; None where a method was not scored.
    """
    titles: dict[str, str] = {}
    for said in found["modalities"].values():
        titles |= said["methods"]
    return [
        {"method": title, **{name: said["summary"][0].get(key) for name, said in found["modalities"].items()}}
        for key, title in titles.items()
    ]


def version_of_cells(folder: Path) -> str:
    """Return what changes when a run is trained anew, wherever it lies."""
    return f"{(folder / CELLS).stat().st_size:x}"
