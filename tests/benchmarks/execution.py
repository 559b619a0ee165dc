"""Runs a command as a child and counts what it used."""

from __future__ import annotations

import os
import subprocess
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.benchmarks.datasets import ROOT

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

OF_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS", "MONAE_THREADS")
LAST_LINES = 5


class ChildFailedError(Exception):
    """A command ended with an error; the message holds its last lines."""


@dataclass(frozen=True)
class Used:
    """CPU seconds, user and system, of a child and its own children; wall seconds; peak memory."""

    cpu_s: float
    wall_s: float
    peak_memory_mb: int


def run_child(command: Sequence[str], log: Path, threads: int = 1) -> Used:
    """Run on so many threads, output to ``log``.

    Raises
    ------
    ChildFailedError
        If the exit status is not 0.
    """
    began = time.perf_counter()
    allowed = {**dict.fromkeys(OF_THREADS, str(threads)), "OMP_WAIT_POLICY": "PASSIVE"}
    with log.open("wb") as output:
        child = subprocess.Popen(command, cwd=ROOT, env=os.environ | allowed, stdout=output, stderr=output)
        try:
            _, status, used = os.wait4(child.pid, 0)
        except BaseException:
            child.kill()
            child.wait()
            raise
        # wait4 has reaped the child, which subprocess cannot know
        child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        said = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-LAST_LINES:]
        msg = f"exit status {child.returncode}: " + " | ".join(said)
        raise ChildFailedError(msg)
    return Used(
        round(used.ru_utime + used.ru_stime, 2), round(time.perf_counter() - began, 1), round(used.ru_maxrss / 1024)
    )
