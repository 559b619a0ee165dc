"""Starts workers on this machine, one a device, first come first served; loads no model itself.

Servers and workers of one store all move the line on, so that it moves while no server runs and never twice.
"""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING

from filelock import FileLock

from monae_app.engine.errors import InputError
from monae_app.jobs import devices, processes
from monae_app.jobs.outlook import Outlook, outlook, seconds_left
from monae_app.jobs.private_files import private_folder
from monae_app.jobs.progress import RunFolder
from monae_app.jobs.queue import Claim, Line, Queue, Ticket
from monae_app.jobs.run_limits import RunLimits
from monae_app.jobs.standing import bury, conclude, put_in_line

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path


logger = logging.getLogger(__name__)

WORKER = (sys.executable, "-m", "monae_app.jobs.worker")
KILL_SECONDS = 20.0
TICK_SECONDS = 2.0
# A worker on a machine that this one cannot ask is gone when it has not written for this long.
SILENT_SECONDS = 60.0


def lane_lock(store: Path, lane: str) -> FileLock:
    """Return the lock that a worker holds as long as it has a lane to itself."""
    return FileLock(private_folder(store / "queue.locks") / f"{lane.replace(':', '-')}.lock")


class LocalLauncher:
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
        self.kill_seconds = KILL_SECONDS
        self.queue = Queue(store)
        self._store = store
        self._limits = limits or RunLimits()
        self._worker = tuple(worker or WORKER)
        self._lanes_for = lanes_for
        self._children: list[subprocess.Popen[bytes]] = []
        self._stop_wanted: dict[str, float] = {}
        self._beats: dict[str, tuple[float, float]] = {}
        self._closed = threading.Event()
        self._lock = threading.RLock()

    def submit(self, user: str, run: RunFolder, *, resume: bool = False, expected_s: float | None = None) -> None:
        """Put a run at the end of the line and return at once; see :class:`monae_app.jobs.launcher.Launcher`."""
        device = run.read_config().device
        if not self._lanes_for(device):
            raise InputError(f"This machine has no {device} device.", "a device that is there.", "choose another.")
        with self.queue.change() as line:
            if line.ticket(user, run.path.name) or line.claim(user, run.path.name):
                return
            self._limits.check(line, user)
            status = put_in_line(run, expected_s)
            line.append(user, run.path.name, device, resume=resume, expected_s=status.expected_s)
        self.tick()

    def cancel(self, user: str, run: RunFolder) -> None:
        """Take a run out of the line, or ask its worker to stop."""
        with self.queue.change() as line:
            claim = line.claim(user, run.path.name)
            if line.leave(user, run.path.name) or claim is None:
                status = run.read_status()
                if status.state == "queued":
                    conclude(run, "cancelled", "Cancelled before it began.")
        status = run.read_status()
        if not status.active:
            return
        run.cancel_path.touch()
        pid = status.pid or (claim.pid if claim else None)
        if pid is not None and status.host in (None, processes.host()):
            processes.send(pid, signal.SIGTERM)

    def outlook(self, user: str, run: RunFolder) -> Outlook | None:
        """Tell the place of a run in line."""
        line = self.queue.look()
        ticket = line.ticket(user, run.path.name)
        return outlook(line, ticket, self._lanes_of, self._seconds_left) if ticket else None

    def prospect(self, device: str) -> Outlook:
        """Tell the place that one more run would have in line."""
        line = self.queue.look()
        return outlook(line, line.append("", "", device), self._lanes_of, self._seconds_left)

    def tick(self) -> None:
        """Take note of workers that have ended, kill those that do not stop, and start who is next."""
        self._reap()
        with self.queue.change() as line:
            for lane, claim in list(line.claims.items()):
                if self._ended(claim):
                    del line.claims[lane]
                    bury(self._run(claim.ticket))
                else:
                    self._kill_if_deaf(claim)
            self._start_waiting(line)

    def worker_done(self, lane: str, pid: int) -> None:
        """Give a lane back and start who is next on it (called by the worker, which then ends)."""
        with self.queue.change() as line:
            claim = line.claims.get(lane)
            if claim is not None and claim.pid == pid:
                del line.claims[lane]
            self._start_waiting(line, only=lane)

    def recover(self) -> None:
        """Bring line and run folders into agreement."""
        found = sorted(
            ((folder.parent.parent.name, RunFolder(folder)) for folder in self._store.glob("users/*/runs/*")),
            key=lambda pair: pair[1].written_status().created,
        )
        with self.queue.change() as line:
            for user, run in found:
                status = run.written_status()
                if line.ticket(user, run.path.name) or line.claim(user, run.path.name):
                    continue
                if status.state == "queued":
                    line.append(
                        user, run.path.name, _device(run), resume=run.has_checkpoint, expected_s=status.expected_s
                    )  # fmt: skip
                elif status.active and (now := run.read_status()) != status:
                    run.write_status(now.model_copy(update={"updated": time.time()}))
        self.tick()

    def watch(self) -> None:
        """Recover, then tick from a thread of its own until closed."""
        threading.Thread(target=self._watch, daemon=True, name="launcher").start()

    def close(self) -> None:
        """Stop ticking; workers go on."""
        self._closed.set()
        self._reap()
        self.queue.close()

    def _watch(self) -> None:
        work = self.recover
        while not self._closed.is_set():
            try:
                work()
                work = self.tick
            except (InputError, OSError) as error:
                # A store that is away for a while may come back.
                logger.warning("%s", error)
                work = self.recover
            self._closed.wait(TICK_SECONDS)

    def _start_waiting(self, line: Line, only: str | None = None) -> None:
        for ticket in list(line.waiting):
            run = self._run(ticket)
            lanes = self._lanes_of(ticket)
            if run.written_status().state != "queued" or not run.config_path.is_file():
                # Cancelled or deleted by somebody who could not reach the line.
                line.waiting.remove(ticket)
                continue
            if not lanes:
                line.waiting.remove(ticket)
                conclude(run, "failed", f"This machine has no {ticket.device} device any more.")
                continue
            free = next((lane for lane in lanes if lane not in line.claims and only in (None, lane)), None)
            if free is not None:
                line.waiting.remove(ticket)
                self._start(line, ticket, free)

    def _start(self, line: Line, ticket: Ticket, lane: str) -> None:
        run = self._run(ticket)
        command = [*self._worker, str(run.path), "--lane", lane, "--store", str(self._store)]
        try:
            with run.log_path.open("ab") as log:
                # A session of its own: the worker outlives the web server, and closed descriptors leave it no port.
                child = subprocess.Popen(  # the command is ours
                    [*command, *(["--resume"] if ticket.resume else [])],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                    close_fds=True,
                    env=os.environ | devices.environment(lane),
                )
        except OSError as error:
            conclude(run, "failed", f"The worker could not be started ({error}).")
            return
        with self._lock:
            self._children.append(child)
        line.claims[lane] = Claim(
            ticket=ticket, lane=lane, pid=child.pid, process=processes.identity(child.pid), host=processes.host()
        )  # fmt: skip

    def _ended(self, claim: Claim) -> bool:
        living = processes.alive(claim.pid, claim.process, claim.host)
        if living is not None:
            return not living
        written, now = self._run(claim.ticket).written_status().updated, time.monotonic()
        known, since = self._beats.get(claim.lane, (None, now))
        if written != known:
            since = now
        self._beats[claim.lane] = (written, since)
        return now - since > SILENT_SECONDS

    def _kill_if_deaf(self, claim: Claim) -> None:
        run = self._run(claim.ticket)
        key = f"{claim.pid}:{claim.process}"
        if not run.cancel_path.exists():
            return
        since = self._stop_wanted.setdefault(key, time.monotonic())
        if time.monotonic() - since > self.kill_seconds and processes.alive(claim.pid, claim.process, claim.host):
            processes.kill(claim.pid)

    def _reap(self) -> None:
        with self._lock:
            self._children = [child for child in self._children if child.poll() is None]

    def _run(self, ticket: Ticket) -> RunFolder:
        return RunFolder(self._store / "users" / ticket.user / "runs" / ticket.run)

    def _lanes_of(self, ticket: Ticket) -> tuple[str, ...]:
        return self._lanes_for(ticket.device)

    def _seconds_left(self, claim: Claim) -> float | None:
        status = self._run(claim.ticket).written_status()
        return claim.ticket.expected_s if status.state == "queued" else seconds_left(status)


def _device(run: RunFolder) -> str:
    try:
        return run.read_config().device
    except InputError:
        return "auto"
