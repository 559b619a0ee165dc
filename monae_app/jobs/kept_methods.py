"""How other methods did on the data of a run: ``<store>/users/<user>/methods/<key>.json``, for a week.

Those of a bundled run travel with it in its folder ``methods``: figures alone, no program of others.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from monae_app.jobs.kept_files import identity, key_of, user_folder
from monae_app.jobs.private_files import private_folder, write_private

if TYPE_CHECKING:
    from pathlib import Path

# part of every key: what was scored otherwise is scored anew
FORMAT = 1
WITH_RUN, METHODS = "methods", "methods"


class KeptMethods:
    """What was found for one user.

    Parameters
    ----------
    store
        Root of everything that the app keeps.
    user
        Whose it is.
    """

    def __init__(self, store: Path, user: str) -> None:
        self._folder = user_folder(store, user, METHODS)

    def read(self, run: Path, method: str, label: str | None) -> dict[str, Any] | None:
        """Return how a method did by a label; None if nobody computed it."""
        for path in (self._folder / f"{_key(run, method, label)}.json", with_run(run, method, label)):
            try:
                return dict(json.loads(path.read_text(encoding="utf-8")))
            except (OSError, ValueError):
                continue
        return None

    def write(self, run: Path, method: str, label: str | None, found: dict[str, Any]) -> None:
        """Keep how a method did."""
        private_folder(self._folder)
        text = json.dumps(found, allow_nan=False, indent=1)
        write_private(self._folder / f"{_key(run, method, label)}.json", text.encode())


def is_across(direction: str) -> bool:
    """Whether ``source>target`` leads from one modality to another: within one, a method was given what it imputes."""
    source, _, target = direction.partition(">")
    return source != target


def with_run(run: Path, method: str, label: str | None) -> Path:
    """Return where it travels with a bundled run."""
    return run / WITH_RUN / f"{method}-{key_of([label, FORMAT])[:12]}.json"


def _key(run: Path, method: str, label: str | None) -> str:
    return key_of([*identity(run), method, label, FORMAT])
