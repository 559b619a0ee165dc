"""Starts, stops and asks worker processes on this machine; loads no model itself."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

import psutil

from monae_app.engine.errors import InputError
from monae_app.jobs.isolation import with_own_temporary_files
from monae_app.jobs.looking import how_it_ended
from monae_app.jobs.looking import look as look
from monae_app.jobs.progress import State, process_alive

if TYPE_CHECKING:
    from collections.abc import Sequence

    from monae_app.jobs.registry import Registry, RunRecord

WORKER = (sys.executable, "-m", "monae_app.jobs.worker")
INSPECTOR = (sys.executable, "-m", "monae_app.jobs.inspector")
KILL_SECONDS = 20.0
INSPECT_SECONDS = 900.0


class Launcher:
    """Detached workers, one training at a time.

    Parameters
    ----------
    registry
        Whose runs are started.
    worker
        Command that a run folder is appended to.
    """

    def __init__(self, registry: Registry, worker: Sequence[str] = WORKER) -> None:
        self._registry = registry
        self._worker = tuple(worker)
        self._lock = threading.RLock()
        self._children: dict[str, tuple[RunRecord, subprocess.Popen[bytes]]] = {}

    def start(self, record: RunRecord) -> None:
        """Begin to compute a run that was created and return at once; a run that is refused is withdrawn.

        Raises
        ------
        InputError
            If another run of this user is computing.
        """
        with self._lock:
            self.reap()
            busy = self._registry.active(besides=record.id)
            if busy is not None:
                self._registry.withdraw(record)
                raise InputError(
                    f"The run {busy.name!r} is still computing.",
                    "one training at a time.",
                    "wait until it is done, or cancel it, then start this one.",
                )
            with record.files.log_path.open("ab") as log:
                # A session of its own: the worker outlives the web server, and closed descriptors leave it no port.
                child = subprocess.Popen(  # the command is ours
                    [*self._worker, str(record.folder)],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                    close_fds=True,
                )
            self._children[record.id] = (record, child)

    def cancel(self, record: RunRecord, *, kill_after: float = KILL_SECONDS) -> None:
        """Ask a run to stop after its current step, and kill it if it has not after ``kill_after`` seconds."""
        status = record.status
        if record.read_only or not status.active:
            return
        _, child = self._children.get(record.id, (record, None))
        pid = status.pid or (child.pid if child else None)
        if pid is None:
            self._conclude(record, "cancelled", "Cancelled before it began.")
            return
        _send(pid, signal.SIGTERM)
        threading.Thread(
            target=self._kill_later, args=(record, pid, status.pid_started, kill_after), daemon=True, name="cancel"
        ).start()

    def reap(self) -> None:
        """Take note of workers that have ended: none remains as a zombie, none that never began is waited for."""
        with self._lock:
            ended = {run: pair for run, pair in self._children.items() if pair[1].poll() is not None}
            for run, (record, child) in ended.items():
                del self._children[run]
                if record.status.state == "queued":
                    message = f"The worker ended before it began (code {child.returncode}); the log has the details."
                    self._conclude(record, "failed", message)

    def _kill_later(self, record: RunRecord, pid: int, started: float | None, seconds: float) -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until and process_alive(pid, started):
            time.sleep(0.2)
        if process_alive(pid, started):
            _send(pid, getattr(signal, "SIGKILL", signal.SIGTERM), group=True)
        while process_alive(pid, started):
            time.sleep(0.05)
        # Killed, or stopped before it could say a word of its own.
        if record.status.active or record.status.state == "lost":
            self._conclude(record, "cancelled", "Cancelled before a checkpoint was written.")
        self.reap()

    @staticmethod
    def _conclude(record: RunRecord, state: State, message: str) -> None:
        changes = {"state": state, "message": message, "updated": time.time(), "eta_s": None}
        record.files.write_status(record.status.model_copy(update=changes))


def inspect(values: dict[str, Any], *, seconds: float = INSPECT_SECONDS) -> dict[str, Any]:
    """Read the input files of a run in a process of its own and say what they hold together.

    Parameters
    ----------
    values
        Settings of a run: at least ``inputs``, and ``genome`` or ``bed``.
    seconds
        Give up after this long.

    Returns
    -------
    The summary as report.json keeps it under "dataset".

    Raises
    ------
    InputError
        If a file cannot be used, or reading takes too long.
    """
    try:
        with with_own_temporary_files() as environment:
            done = subprocess.run(  # the command is ours
                [*INSPECTOR, json.dumps(values, default=str)],
                capture_output=True,
                timeout=seconds,
                check=False,
                text=True,
                env=environment,
            )
    except subprocess.TimeoutExpired:
        raise InputError(
            f"Reading the files took longer than {seconds:.0f} seconds.",
            "files that can be read in that time.",
            "copy them to a faster disk, or train from the command line: `monae run`.",
        ) from None
    lines = done.stdout.strip().splitlines()
    answer = _parsed(lines[-1]) if lines else None
    if answer is None:
        raise InputError(
            f"The files could not be read: they ended the program that reads them ({how_it_ended(done.returncode)}).",
            "whole files of a known kind that fit into memory.",
            "write or download them anew: one is damaged, or too large for this machine.",
        )
    if "error" in answer:
        raise InputError(**answer["error"])
    summary: dict[str, Any] = answer["summary"]
    return summary


def _parsed(line: str) -> dict[str, Any] | None:
    try:
        answer = json.loads(line)
    except ValueError:
        return None
    return answer if isinstance(answer, dict) else None


def _send(pid: int, number: int, *, group: bool = False) -> None:
    try:
        # The worker leads a session of its own; a run from the command line does not, and its group is the shell's.
        if group and hasattr(os, "killpg") and os.getpgid(pid) == pid:
            os.killpg(pid, number)
        else:
            psutil.Process(pid).send_signal(number)
    except (ProcessLookupError, psutil.Error):
        return
