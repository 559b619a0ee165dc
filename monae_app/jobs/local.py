"""Starts workers on this machine, one a device or on several devices, first come first served; loads no model itself.

Servers and workers of one store all move the line on, so that it moves while no server runs and never twice.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

from filelock import FileLock

from monae_app.engine.errors import InputError
from monae_app.jobs import devices, processes
from monae_app.jobs.dispatcher import Dispatcher
from monae_app.jobs.lane_choice import FreeLanes, lanes_needed
from monae_app.jobs.private_files import private_folder
from monae_app.jobs.queue import Claim, Line, Queue, Ticket
from monae_app.jobs.standing import conclude

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from monae_app.jobs.progress import JobFolder
    from monae_app.jobs.run_limits import RunLimits

WORKER = (sys.executable, "-m", "monae_app.jobs.worker")
# Held until they end: whoever started them may be gone before, and Python warns of a process that nobody holds.
_going_on: list[subprocess.Popen[bytes]] = []


def lane_lock(store: Path, lane: str) -> FileLock:
    """Return the lock that a worker holds as long as it has a lane to itself."""
    return FileLock(private_folder(store / "queue.locks") / f"{lane.replace(':', '-')}.lock")


def start_worker(
    command: Sequence[str], run: JobFolder, lanes: Sequence[str], *, resume: bool
) -> subprocess.Popen[bytes]:
    """Start the process that computes a run.

    Parameters
    ----------
    command
        What is started; ``--resume`` is added if need be.
    run
        Takes what the process prints.
    lanes
        The devices of this machine that it has to itself.
    resume
        Go on from the checkpoint.

    Raises
    ------
    OSError
        If it cannot be started.
    """
    with run.log_path.open("ab") as log:
        # A session of its own: the worker outlives the web server, and closed descriptors leave it no port.
        child = subprocess.Popen(  # the command is ours
            [*command, *(["--resume"] if resume else [])],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            close_fds=True,
            env=os.environ | devices.environment(lanes),
        )
    _going_on[:] = [each for each in _going_on if each.poll() is None]
    _going_on.append(child)
    return child


class LocalLauncher(Dispatcher):
    """Detached workers of one store.

    Parameters
    ----------
    store
        Root of everything that the app keeps.
    limits
        How many runs may wait.
    worker
        Command that a run folder and options are appended to.
    lanes_for
        Which lanes of this machine may compute what a setting ``device`` asks for.
    """

    def __init__(
        self,
        store: Path,
        limits: RunLimits | None = None,
        worker: Sequence[str] | None = None,
        lanes_for: Callable[[str], tuple[str, ...]] = devices.lanes_for,
    ) -> None:
        super().__init__(store, Queue(store), limits)
        self._worker = tuple(worker or WORKER)
        self._lanes_for = lanes_for
        self._children: list[subprocess.Popen[bytes]] = []
        self._lock = threading.RLock()

    def lanes_of(self, device: str) -> tuple[str, ...]:
        """Return the lanes of this machine that may compute what a setting ``device`` asks for."""
        return self._lanes_for(device)

    def tick(self) -> None:
        """Take note of workers that have ended, kill those that do not stop, and start who is next."""
        self._reap()
        super().tick()

    def worker_done(self, lanes: Sequence[str], pid: int) -> None:
        """Give lanes back and start who is next on them (called by the worker, which then ends)."""
        with self.queue.change() as line:
            for lane in lanes:
                claim = line.claims.get(lane)
                if claim is not None and claim.pid == pid:
                    del line.claims[lane]
            self._start_waiting(line, only=lanes)

    def close(self) -> None:
        """Stop ticking; workers go on."""
        self._reap()
        super().close()

    def _check_device(self, device: str, processes: int) -> None:
        lanes = self.lanes_of(device)
        if not lanes:
            raise InputError(f"This machine has no {device} device.", "a device that is there.", "choose another.")
        if lanes_needed(lanes, processes) > len(lanes):
            raise InputError(
                f"This machine has {len(lanes)} GPU{'s' if len(lanes) > 1 else ''}, and processes = {processes}.",
                "a GPU for each process.",
                "lower processes, or train on the CPU.",
            )

    def _start_waiting(self, line: Line, only: Sequence[str] | None = None) -> None:
        free = FreeLanes(line.claims, only)
        for ticket in list(line.waiting):
            lanes = self.lanes_of(ticket.device)
            if not self.waits(ticket):
                line.waiting.remove(ticket)
                continue
            needed = lanes_needed(lanes, ticket.processes)
            if len(lanes) < needed:
                line.waiting.remove(ticket)
                what = f"{ticket.device} device" if needed == 1 else f"{needed} GPUs"
                conclude(self.run(ticket), "failed", f"This machine has no {what} any more.")
            elif given := free.give(lanes, needed):
                line.waiting.remove(ticket)
                self._start(line, ticket, given)

    def _start(self, line: Line, ticket: Ticket, lanes: tuple[str, ...]) -> None:
        run = self.run(ticket)
        command = [*self._worker, str(run.path), "--lane", ",".join(lanes), "--store", str(self.store)]
        try:
            child = start_worker(command, run, lanes, resume=ticket.resume)
        except OSError as error:
            conclude(run, "failed", f"The worker could not be started ({error}).")
            return
        with self._lock:
            self._children.append(child)
        for lane in lanes:
            line.claims[lane] = Claim(
                ticket=ticket, lane=lane, pid=child.pid, process=processes.identity(child.pid), host=processes.host()
            )  # fmt: skip

    def _reap(self) -> None:
        with self._lock:
            self._children = [child for child in self._children if child.poll() is None]
