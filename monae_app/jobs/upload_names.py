"""Names of uploaded files: whatever a browser sends becomes a plain name that cannot leave its folder."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from typing import TYPE_CHECKING

from monae_app.jobs.upload_slices import UploadError

if TYPE_CHECKING:
    from collections.abc import Sequence

LONGEST_NAME = 150  # bytes
DEEPEST = 16
# Zarr keeps what its arrays are in files that begin with a dot.
ZARR = re.compile(r"\.z(group|array|attrs|metadata)")
UNWANTED = re.compile(r"[^\w .()+=@,~-]")
# Names that Windows keeps for devices, with any ending.
DEVICES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)


def safe_name(name: str) -> str:
    """Turn any text into the name of one file: no separator, no leading dot, no control character, never empty."""
    last = re.split(r"[/\\]", unicodedata.normalize("NFC", name))[-1]
    plain = _shortened(UNWANTED.sub("_", last).strip(" ."))
    if not plain:
        return "file"
    return f"_{plain}" if DEVICES.fullmatch(plain) else plain


def safe_paths(paths: Sequence[str]) -> list[str]:
    """Turn the paths of the files of one upload into relative paths, each different from all others.

    Parameters
    ----------
    paths
        As the browser names them, with ``/`` between folders.

    Raises
    ------
    UploadError
        400 if a path is absolute, leads upwards, or is a file in one place and a folder in another.
    """
    found: list[str] = []
    files: set[str] = set()
    taken: Counter[str] = Counter()
    folders: set[str] = set()
    for path in paths:
        *above, name = _parts(path)
        # Two names that differ only in what was replaced, or in upper and lower case, must not overwrite each other.
        whole = wanted = "/".join([*above, name])
        while whole.casefold() in files:
            taken[wanted.casefold()] += 1
            whole = "/".join([*above, _numbered(name, taken[wanted.casefold()])])
        files.add(whole.casefold())
        folders |= {"/".join(above[:depth]).casefold() for depth in range(1, len(above) + 1)}
        found.append(whole)
    if both := files & folders:
        raise UploadError(
            400,
            f"{min(both)[:80]!r} is a file and a folder at once.",
            "files and folders with names of their own.",
            "upload the folder as it lies on your disk.",
        )
    return found


def _parts(path: str) -> list[str]:
    parts = path.replace("\\", "/").split("/")
    if any(part in ("", ".", "..") for part in parts) or len(parts) > DEEPEST:
        raise UploadError(
            400,
            f"{path[:80]!r} is no path inside a folder.",
            f"file names, or paths of at most {DEEPEST} parts without '..'.",
            "choose the file or the folder itself.",
        )
    return [part if ZARR.fullmatch(part) else safe_name(part) for part in parts]


def _numbered(name: str, count: int) -> str:
    stem, dot, ending = name.partition(".")
    return f"{stem}_{count + 1}{dot}{ending}"


def _shortened(name: str) -> str:
    # The ending says what a file is, so the cut goes out of the middle.
    room = LONGEST_NAME
    while len(name.encode()) > LONGEST_NAME:
        room -= 1
        name = name[: room // 2] + name[-(room - room // 2) :]
    return name
