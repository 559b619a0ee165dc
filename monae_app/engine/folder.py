"""The folder of a run as a place on a disk: what is left there by processes that died, and disks that are full."""

from __future__ import annotations

import errno
import json
import os
import re
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import psutil
import safetensors

from monae_app.engine.errors import MonaeError, StorageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TEMPORARY = ".tmp"
_LEFT = re.compile(r"\..+\.(\d+)\.tmp")
# words of libraries that pass on the system's error as text
_FULL = ("No space left on device", "StorageFull", "os error 28", "errno = 28", "Disk quota exceeded")


def sweep(folder: Path) -> None:
    """Take away temporary files whose writers are dead."""
    for path in left_by_the_dead(folder, _LEFT):
        path.unlink(missing_ok=True)


def left_by_the_dead(folder: Path, name: re.Pattern[str]) -> Iterator[Path]:
    """Yield what a folder holds of dead processes; the first group of a name is the number of its process."""
    for path in folder.iterdir():
        found = name.fullmatch(path.name)
        if found and not psutil.pid_exists(int(found[1])):
            yield path


def sync_folder(folder: Path) -> None:
    """Make the names in a folder outlast a loss of power, where the system can."""
    # Windows opens no folders, and some network drives do not sync them
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def is_full(error: BaseException) -> bool:
    """Whether an error says that a disk, or one's share of it, is full."""
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return True
    return any(word in str(error) for word in _FULL)


def checkpoint_steps(path: Path) -> tuple[int, int] | None:
    """Return the steps that a checkpoint holds and the budget it was trained towards; None if it cannot be read."""
    try:
        with safetensors.safe_open(path, framework="numpy") as file:
            about = file.metadata() or {}
        step = int(about["step"])
        return step, int(json.loads(about["monitor"]).get("steps", step))
    except (safetensors.SafetensorError, OSError, KeyError, ValueError):
        return None


@contextmanager
def in_words(folder: Path) -> Iterator[None]:
    """Turn what a disk says while the body writes the files of a run into words.

    Raises
    ------
    StorageError
        If the disk is full or cannot be written.
    """
    try:
        yield
    except MonaeError:
        raise
    except Exception as error:
        full = is_full(error)
        if not full and not isinstance(error, OSError):
            raise
        reason = "the disk is full" if full else str(error)
        kept = any(folder.glob("checkpoint.*"))
        raise StorageError(
            f"The files of the run could not be written into {folder}: {reason}.",
            "a folder that can be written to, on a disk with room for the result.",
            ("free some space" if full else "make the folder writable")
            + (" and resume the run: what was trained is kept in its checkpoint." if kept else " and start it again."),
        ) from error
