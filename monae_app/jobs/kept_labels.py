"""Labels that were worked out for a user: ``<store>/users/<user>/labels/<key>.npz``, for a week.

The key is worked out from the run and from what was asked: what is asked for again is there already, and nothing that a
browser says becomes a path. N cells that were labelled, C classes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from monae_app.jobs.kept_files import identity, key_of, user_folder
from monae_app.jobs.kept_npz import Kept
from monae_app.jobs.private_files import private_folder, write_private

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


class KeptLabels:
    """The labels of one user.

    Parameters
    ----------
    store
        Root of everything that the app keeps.
    user
        Whose they are.
    """

    def __init__(self, store: Path, user: str) -> None:
        self._folder = user_folder(store, user, "labels")

    def read(self, run: Path, asked: Mapping[str, Any]) -> Kept | None:
        """Return what was found for an order; None if it was not asked for, or not kept."""
        return Kept.read(self._path(run, asked))

    def write(self, run: Path, asked: Mapping[str, Any], found: Kept) -> None:
        """Keep what was found for an order."""
        private_folder(self._folder)
        write_private(self._path(run, asked), found.content())

    def _path(self, run: Path, asked: Mapping[str, Any]) -> Path:
        return self._folder / f"{key_of([*identity(run), dict(asked)])}.npz"


def asked_for(source: str, column: str, target: str, file: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Name a transfer, as :class:`KeptLabels` takes it; ``file`` is that which gives or gets labels, if one does."""
    asked = {"kind": "transfer", "source": source, "column": column, "target": target}
    return asked if file is None else {**asked, "file": dict(file)}


def markers_asked(text: str) -> dict[str, str]:
    """Name an annotation by markers."""
    return {"kind": "markers", "text": text}
