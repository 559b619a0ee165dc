"""Files that grow by lines while somebody reads them: events as JSON, and a log."""

from __future__ import annotations

import errno
import json
import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

TAIL_BYTES = 32_768


def append(path: Path, event: dict[str, Any], *, on_new_line: bool) -> None:
    """Add one whole line; see :meth:`monae_app.jobs.progress.JobFolder.append_event`."""
    line = json.dumps(event, allow_nan=False, default=str) + "\n"
    content = (b"\n" if on_new_line else b"") + line.encode()
    with path.open("ab", buffering=0) as handle:
        if handle.write(content) != len(content):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))


def read(path: Path, offset: int, limit: int) -> tuple[list[dict[str, Any]], int]:
    """Read whole lines from a byte on; see :meth:`monae_app.jobs.progress.JobFolder.read_events`."""
    try:
        with path.open("rb") as handle:
            handle.seek(offset)
            block = handle.read(limit)
    except OSError:
        return [], offset
    whole = block[: block.rfind(b"\n") + 1]
    events = []
    for line in whole.splitlines():
        try:
            event = json.loads(line)
        except ValueError:
            continue
        if isinstance(event, dict):
            events.append(event)
    return events, offset + len(whole)


def tail(path: Path, number: int) -> str:
    """Return the last lines of a file; empty if it is not there."""
    try:
        with path.open("rb") as handle:
            handle.seek(0, os.SEEK_END)
            handle.seek(max(0, handle.tell() - TAIL_BYTES))
            text = handle.read().decode(errors="replace")
    except OSError:
        return ""
    return "\n".join(text.splitlines()[-number:])
