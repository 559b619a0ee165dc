"""Maps of groups of cells that were made for a user: ``<store>/users/<user>/maps/<key>.npz``.

The key is worked out from the run, the column and the groups: what is asked for again is there already, and nothing
that a browser says becomes a path.
"""

from __future__ import annotations

import io
import json
import time
from contextlib import suppress
from hashlib import sha256
from typing import TYPE_CHECKING

import numpy as np

from monae_app.engine.errors import InputError
from monae_app.engine.result import CELLS
from monae_app.jobs.private_files import private_folder, write_private
from monae_app.jobs.registry import SAFE_ID

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

KEPT_SECONDS = 7 * 24 * 3600.0


class GroupMaps:
    """The maps of one user.

    Parameters
    ----------
    store
        Root of everything that the app keeps.
    user
        Whose they are.
    """

    def __init__(self, store: Path, user: str) -> None:
        if not SAFE_ID.fullmatch(user):
            raise InputError(f"{user[:80]!r} is no user.", "a user of this server.", "reload the page.")
        self._folder = store / "users" / user / "maps"

    def read(self, run: Path, column: str, groups: Sequence[str]) -> tuple[np.ndarray, np.ndarray] | None:
        """Return rows (n,) and coordinates (n, 2) of a map; None if it was not made, or not kept."""
        try:
            with np.load(self._path(run, column, groups), allow_pickle=False) as file:
                return file["rows"], file["xy"]
        except (OSError, ValueError, LookupError, EOFError):
            return None

    def write(self, run: Path, column: str, groups: Sequence[str], rows: np.ndarray, xy: np.ndarray) -> None:
        """Keep a map."""
        content = io.BytesIO()
        np.savez_compressed(content, rows=rows.astype(np.int64), xy=xy.astype(np.float32))
        private_folder(self._folder)
        write_private(self._path(run, column, groups), content.getvalue())

    def _path(self, run: Path, column: str, groups: Sequence[str]) -> Path:
        about = [str(run.resolve()), (run / CELLS).stat().st_mtime_ns, column, sorted(groups)]
        return self._folder / f"{sha256(json.dumps(about).encode()).hexdigest()[:40]}.npz"


def sweep_maps(store: Path) -> None:
    """Remove the maps of all users that were made more than a week ago."""
    for path in store.glob("users/*/maps/*"):
        with suppress(OSError):
            if time.time() - path.stat().st_mtime > KEPT_SECONDS:
                path.unlink()
