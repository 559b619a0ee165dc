"""Files that were made for one user to download: ``<store>/users/<user>/downloads/<token>/<name>``, for an hour."""

from __future__ import annotations

import re
import secrets
import shutil
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from monae_app.engine.errors import InputError
from monae_app.jobs.kept_files import user_folder
from monae_app.jobs.private_files import private_folder
from monae_app.jobs.upload_names import safe_name

if TYPE_CHECKING:
    from pathlib import Path

KEPT_SECONDS = 3600.0
TOKEN = re.compile(r"[0-9a-f]{32}")


class Downloads:
    """The downloads of one user.

    Parameters
    ----------
    store
        Root of everything that the app keeps.
    user
        Whose they are.
    """

    def __init__(self, store: Path, user: str) -> None:
        self._folder = user_folder(store, user, "downloads")

    def add(self, path: Path, name: str) -> str:
        """Move a finished file of the same file system here and return its token.

        Parameters
        ----------
        path
            The file.
        name
            Under which it is offered.
        """
        token = secrets.token_hex(16)
        place = private_folder(self._folder / token) / safe_name(name)
        path.replace(place)
        place.touch()
        return token

    def find(self, token: str) -> Path:
        """Return the file of a token.

        Raises
        ------
        InputError
            If the user has none, or its hour is over.
        """
        if TOKEN.fullmatch(token):
            with suppress(OSError):
                for path in sorted((self._folder / token).iterdir()):
                    if path.is_file() and not _over(path):
                        return path
        raise InputError(
            "There is no such file to download.",
            "one that was made for you within the last hour.",
            "make it again.",
        )


def sweep_downloads(store: Path) -> None:
    """Remove the files of all users whose hour is over."""
    for place in store.glob("users/*/downloads/*"):
        with suppress(OSError):
            if all(_over(path) for path in place.iterdir()) and _over(place):
                shutil.rmtree(place)


def _over(path: Path) -> bool:
    return time.time() - path.stat().st_mtime > KEPT_SECONDS
