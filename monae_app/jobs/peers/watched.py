"""A process of another method: it tells that it works, and ends with the one that asked."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from typing import TYPE_CHECKING

from monae_app.jobs.peers.catalogue import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

ASK_SECONDS, LOOK_SECONDS = 0.2, 1.0
# of what a method said, to say why it failed
LAST_LINES, MOST_SIGNS = 3, 300


def run_watched(command: Sequence[str], folder: Path, tell: Callable[[], object]) -> str:
    """Run a process until it ends; where ``tell`` raises, it is ended first.

    Parameters
    ----------
    command
        What to start; it finds the modules of the app.
    folder
        Takes what it prints.
    tell
        Called some times a second.

    Returns
    -------
    str
        What it said last if it failed; empty if it did not.
    """
    log = folder / "said.txt"
    found = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    with log.open("wb") as said:
        child = subprocess.Popen(command, env=os.environ | {"PYTHONPATH": found}, stdout=said, stderr=said)
        try:
            while child.poll() is None:
                tell()
                time.sleep(ASK_SECONDS)
        finally:
            if child.poll() is None:
                child.kill()
                child.wait()
    if not child.returncode:
        return ""
    lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-LAST_LINES:]
    return " | ".join(lines)[:MOST_SIGNS] or f"status {child.returncode}"


def end_with_parent() -> None:
    """End this process when the one that started it is gone, even where that was killed."""
    if not hasattr(os, "getppid"):
        return
    parent = os.getppid()

    def look() -> None:
        while os.getppid() == parent:
            time.sleep(LOOK_SECONDS)
        os._exit(1)

    threading.Thread(target=look, daemon=True, name="parent").start()
