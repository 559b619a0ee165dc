"""The memory that a process has for itself, now and at most; what it has mapped from files the system can take back."""

from __future__ import annotations

import os
import threading
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from collections.abc import Iterator

SECONDS_BETWEEN_LOOKS = 0.25
STATM = Path("/proc/self/statm")


def memory_taken() -> int:
    """Return bytes of this process that are in memory and in no file; where the system does not tell, all of them."""
    with suppress(OSError, ValueError):
        _, resident, of_files = STATM.read_text(encoding="ascii").split()[:3]
        return (int(resident) - int(of_files)) * os.sysconf("SC_PAGE_SIZE")
    return int(psutil.Process().memory_info().rss)


class _Peak:
    def __init__(self) -> None:
        self.most = 0

    def look(self) -> int:
        self.most = max(self.most, memory_taken())
        return self.most


_peak: ContextVar[_Peak | None] = ContextVar("the most memory so far", default=None)


@contextmanager
def watching_memory() -> Iterator[None]:
    """Look four times a second how much memory is taken, in a thread, while the body runs."""
    peak, ended = _Peak(), threading.Event()

    def watch() -> None:
        while not ended.wait(SECONDS_BETWEEN_LOOKS):
            peak.look()

    thread = threading.Thread(target=watch, daemon=True, name="memory")
    token = _peak.set(peak)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
        _peak.reset(token)


def most_memory_taken() -> int | None:
    """Return the most bytes since :func:`watching_memory` began; None where nobody watches."""
    peak = _peak.get()
    return None if peak is None else peak.look()
