"""What is known of one upload, and how its folder says so.

A folder on its way holds upload.json (names and sizes), received.txt (a line "n offset" for each slice of file n that
was received and checked) and ``content/``. The folder of a finished upload is that content: one file, or one folder.
"""

from __future__ import annotations

import json
import os
import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from monae_app.jobs.private_files import open_private, private_folder, write_private

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

NAMES, RECEIVED, CONTENT = "upload.json", "received.txt", "content"
LINE = re.compile(r"(\d+) (\d+)")


@dataclass(frozen=True)
class Upload:
    """One file or folder of a user, whole or on its way.

    Parameters
    ----------
    id
        Unguessable.
    name
        Of the file or the folder, safe to be shown and to be a name on any disk.
    sizes
        Bytes of each file.
    received
        Bytes of each file that are there and checked.
    paths
        Where each file lies, below the folder ``content``, or of a finished upload below its own.
    finished
        When it was whole, in seconds since 1970; None while it is not.
    folder
        Whether it is a folder of files.
    """

    id: str
    name: str
    sizes: tuple[int, ...]
    received: tuple[int, ...]
    paths: tuple[str, ...]
    finished: float | None = None
    folder: bool = False

    @property
    def size(self) -> int:
        """Bytes of all files together."""
        return sum(self.sizes)


def begin(place: Path, name: str, files: Sequence[tuple[str, int]], *, folder: bool) -> None:
    """Make the folder of an upload of which nothing is there yet."""
    private_folder(place)
    for path, size in files:
        target = place / CONTENT / path
        private_folder(target.parent)
        if not size:
            open_private(target).close()
    said = {"name": name, "folder": folder, "files": list(files), "created": time.time()}
    write_private(place / NAMES, json.dumps(said).encode())


def is_begun(place: Path) -> bool:
    """Whether this is the folder of an upload on its way."""
    return (place / NAMES).is_file()


def read_unfinished(place: Path) -> Upload:
    """Read the folder of an upload on its way."""
    said = json.loads((place / NAMES).read_text(encoding="utf-8"))
    paths, sizes = zip(*said["files"], strict=True)
    received = [0] * len(sizes)
    if (place / RECEIVED).exists():
        journal = (place / RECEIVED).read_text(encoding="ascii", errors="replace")
        # A line that a crash has cut is not taken: that slice is sent once more.
        for line in journal[: journal.rfind("\n") + 1].splitlines():
            if found := LINE.fullmatch(line):
                received[int(found[1])] = int(found[2])
    return Upload(place.name, said["name"], sizes, tuple(received), paths, folder=said["folder"])


def note_received(place: Path, index: int, offset: int) -> None:
    """Write down that file ``index`` is there up to ``offset``."""
    with open_private(place / RECEIVED) as journal:
        journal.seek(0, os.SEEK_END)
        # The line break in front ends a line that a crash has cut.
        journal.write(f"\n{index} {offset}\n".encode())


def is_whole(place: Path, upload: Upload) -> bool:
    """Whether the files on the disk have the sizes that were announced."""
    return tuple((place / CONTENT / path).stat().st_size for path in upload.paths) == upload.sizes


def touched(place: Path) -> float:
    """When an upload on its way last grew, in seconds since 1970; a slice that is being written counts."""
    written = [path.stat().st_mtime for path in place.rglob("*") if path.is_file()]
    return max(written, default=place.stat().st_mtime)


def read_finished(place: Path) -> Upload:
    """Read the folder of a finished upload."""
    (content,) = place.iterdir()
    folder = content.is_dir()
    files = sorted(path for path in content.rglob("*") if path.is_file()) if folder else [content]
    sizes = tuple(path.stat().st_size for path in files)
    paths = tuple(path.relative_to(place).as_posix() for path in files)
    return Upload(place.name, content.name, sizes, sizes, paths, place.stat().st_mtime, folder=folder)
