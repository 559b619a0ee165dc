"""By what a file is known to be as it was: where it lies, how long it is, and when it was changed."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def state_of(path: Path) -> Iterator[tuple[str, int, int]]:
    """Yield path, size and time of a file, or of all files of a folder; nothing of what is not there."""
    if path.is_dir():
        for each in sorted(path.rglob("*")):
            if each.is_file():
                yield from state_of(each)
        return
    # it may go at any moment
    with suppress(OSError):
        about = path.stat()
        yield str(path.resolve()), about.st_size, about.st_mtime_ns
