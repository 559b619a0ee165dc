"""Which process is which: a number alone is given again, and clocks are set while a training runs."""

from __future__ import annotations

import os
import signal
import socket
from functools import cache
from pathlib import Path

import psutil

# Creation times of processes are rounded by some systems.
SAME_START_SECONDS = 2.0


def host() -> str:
    """Name of this machine, or of this container."""
    return socket.gethostname()


@cache
def place() -> str:
    """Name the range in which process numbers mean the same: one start of one machine, one container.

    Empty where the system does not tell.
    """
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{boot}/{Path('/proc/self/ns/pid').readlink()}"
    except OSError:
        return ""


def identity(pid: int) -> str | None:
    """Tell a process from every other that ever had or will have its number here; None if there is none.

    Linux counts the start of a process in ticks since the machine started: setting the clock does not change them, as
    it does the time of day that is worked out from them.
    """
    try:
        if place():
            stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
            # The name in brackets may hold anything; what follows the last bracket are plain fields.
            return f"{place()}/{stat.rpartition(')')[2].split()[19]}"
        return f"/{psutil.Process(pid).create_time():.2f}"
    except (OSError, IndexError, psutil.Error):
        return None


def alive(pid: int | None, known: str | None, on: str | None = None) -> bool | None:
    """Whether a process still runs.

    Parameters
    ----------
    pid
        Its number.
    known
        What :func:`identity` said of it; None if nobody asked.
    on
        The machine it was seen on; None for this one.

    Returns
    -------
    None where that cannot be told from here: it runs on another machine.
    """
    if pid is None:
        return False
    if known and known.rpartition("/")[0] != place():
        # Of this machine before it was started anew; or of another one.
        return False if on in (None, host()) else None
    if known is None and on not in (None, host()):
        return None
    return _runs(pid) and _same(identity(pid), known)


def send(pid: int, number: int, *, group: bool = False) -> None:
    """Send a signal to a process, or to all that it started as well if it leads a group; none is no error."""
    try:
        if group and hasattr(os, "killpg") and os.getpgid(pid) == pid:
            os.killpg(pid, number)
        else:
            psutil.Process(pid).send_signal(number)
    except (ProcessLookupError, psutil.Error):
        return


def kill(pid: int) -> None:
    """End a process and its group at once."""
    send(pid, getattr(signal, "SIGKILL", signal.SIGTERM), group=True)


def _runs(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.Error:
        return False


def _same(now: str | None, known: str | None) -> bool:
    if known is None or now is None:
        return now is not None
    if place():
        return now == known
    return abs(float(now[1:]) - float(known[1:])) < SAME_START_SECONDS
