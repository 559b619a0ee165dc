"""Bounds that a process sets upon itself before it opens files of others."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

try:
    import resource
except ImportError:  # not on Windows, where the bound in time is the only one
    resource = None  # type: ignore[assignment]

if TYPE_CHECKING:
    from collections.abc import Iterator

LEAST_MEMORY = 1 << 30
# the rest is for the system and for those who wait for the answer
SHARE_OF_MEMORY = 0.75
CGROUP_LIMIT, CGROUP_USED = Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory.current")


@contextlib.contextmanager
def with_own_temporary_files() -> Iterator[dict[str, str]]:
    """Give the environment of a process whose temporary files go in the end, also if it was killed."""
    with tempfile.TemporaryDirectory(prefix="monae-reading-", ignore_cleanup_errors=True) as folder:
        yield {**os.environ, **dict.fromkeys(("TMPDIR", "TEMP", "TMP"), folder)}


def available_memory() -> int:
    """Bytes that may be taken now, of the machine or of the container that this is."""
    free = int(psutil.virtual_memory().available)
    # there is no such file outside a container, and no number in it without a bound
    with contextlib.suppress(OSError, ValueError):
        free = min(free, int(CGROUP_LIMIT.read_text()) - int(CGROUP_USED.read_text()))
    return free


def memory_bound() -> int:
    """Bytes that a process may take which opens files of others."""
    return max(LEAST_MEMORY, int(SHARE_OF_MEMORY * available_memory()))


def bound_this_process(memory: int, cpu_seconds: int) -> None:
    """Limit this process for good: beyond the memory an allocation fails, beyond the time the process is ended.

    Parameters
    ----------
    memory
        Bytes of private memory.
    cpu_seconds
        Time on all its threads; a last resort, should nobody be left to wait for it.
    """
    if resource is None:
        return
    for what, amount in (
        (resource.RLIMIT_DATA, memory),
        (resource.RLIMIT_CPU, cpu_seconds),
        (resource.RLIMIT_CORE, 0),
    ):
        _, hardest = resource.getrlimit(what)
        allowed = amount if hardest == resource.RLIM_INFINITY else min(amount, hardest)
        resource.setrlimit(what, (allowed, hardest))
