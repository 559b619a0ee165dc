"""The folder whose files all users of a server may read: looked into one level at a time, never left."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from heapq import nsmallest
from typing import TYPE_CHECKING

from monae_app.engine.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SHOWN = 200
# Longer numbers are no counts of anything.
NUMBER = re.compile(r"([0-9]{1,18})")


@dataclass(frozen=True)
class Entry:
    """One file or folder.

    Parameters
    ----------
    name
        Its last part.
    path
        From the root, with ``/`` between folders.
    folder
        Whether it is a folder.
    size
        Bytes of a file; 0 for a folder.
    modified
        In seconds since 1970.
    """

    name: str
    path: str
    folder: bool
    size: int
    modified: float


@dataclass(frozen=True)
class Listing:
    """What stands in one folder.

    Parameters
    ----------
    path
        Of the folder from the root, empty for the root itself.
    entries
        Folders first, then files, by name and number; at most ``SHOWN``.
    found
        How many there are that fit.
    """

    path: str
    entries: tuple[Entry, ...]
    found: int


class DataRoot:
    """Files below one folder.

    Names that begin with a dot are hidden, and links that lead out of the folder are not followed.

    Parameters
    ----------
    folder
        The root.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()

    def find(self, path: str) -> Path:
        """Turn a path from the root, as a browser sends it, into where the file or folder really lies.

        Raises
        ------
        InputError
            If there is no such file or folder, it is hidden, or it lies outside of the root.
        """
        parts = [part for part in path.split("/") if part]
        plain = not any(part.startswith(".") or "\0" in part for part in parts) and not path.startswith(("/", "\\"))
        real = self._real(self.folder.joinpath(*parts)) if plain else None
        if real is None:
            raise InputError(
                f"{path[:200]!r} is not among the files that this server offers.",
                "a file or folder below the folder given as --data-root.",
                "choose it from the list.",
            )
        return real

    def list(self, path: str = "", containing: str = "") -> Listing:
        """List one folder.

        Parameters
        ----------
        path
            From the root.
        containing
            Keep names with this in them, upper and lower case alike.

        Raises
        ------
        InputError
            If there is no such folder, or it cannot be read.
        """
        folder, wanted = self.find(path), containing.strip().casefold()
        above = "/".join(part for part in path.split("/") if part)
        try:
            found = [(not is_folder, name) for name, is_folder in self._names(folder) if wanted in name.casefold()]
        except OSError as error:
            raise InputError(
                f"{path[:200] or 'The folder'!r} cannot be listed ({error.strerror}).",
                "a folder that the server may read.",
                "choose another, or ask who runs the server.",
            ) from None
        first = nsmallest(SHOWN, found, key=lambda each: (each[0], _order(each[1]), each[1]))
        entries = (self._entry(above, folder / name, name) for _, name in first)
        return Listing(above, tuple(entry for entry in entries if entry is not None), len(found))

    def _names(self, folder: Path) -> Iterator[tuple[str, bool]]:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.name.startswith("."):
                    continue
                if entry.is_symlink() and self._real(folder / entry.name) is None:
                    continue
                is_folder = entry.is_dir()
                if is_folder or entry.is_file():
                    yield entry.name, is_folder

    @staticmethod
    def _entry(above: str, place: Path, name: str) -> Entry | None:
        try:
            found = place.stat()
        except OSError:
            return None
        folder = place.is_dir()
        return Entry(name, f"{above}/{name}" if above else name, folder, 0 if folder else found.st_size, found.st_mtime)

    def _real(self, path: Path) -> Path | None:
        # What counts is where a file really lies: a link may point out of the folder.
        try:
            real = path.resolve(strict=True)
        except (OSError, RuntimeError):
            return None
        hidden = real.is_relative_to(self.folder) and any(
            part.startswith(".") for part in real.relative_to(self.folder).parts
        )
        readable = real.is_dir() or real.is_file()
        return real if readable and real.is_relative_to(self.folder) and not hidden else None


def _order(name: str) -> list[str | int]:
    """Sort sample2 before sample10; text and numbers alternate, so that like is compared with like."""
    parts = NUMBER.split(name.casefold())
    return [int(part) if index % 2 else part for index, part in enumerate(parts)]
