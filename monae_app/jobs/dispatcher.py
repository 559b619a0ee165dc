"""The rules of the line, whoever computes: who may join and leave it, whose worker is gone, what a crash left behind.

All servers and workers of one store move its line on, each change alone, so that nothing is started twice.
"""

from __future__ import annotations

import logging
import signal
import threading
import time
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Protocol, TypeVar

from monae_app.engine.errors import InputError
from monae_app.jobs import processes
from monae_app.jobs.outlook import Outlook, outlook, seconds_left
from monae_app.jobs.run_limits import RunLimits
from monae_app.jobs.standing import bury, conclude, put_in_line
from monae_app.jobs.work_folder import job_of, jobs_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from pathlib import Path

    from monae_app.jobs.progress import JobFolder, Status
    from monae_app.jobs.queue import Claim, Line, Ticket

logger = logging.getLogger(__name__)

Asked = TypeVar("Asked")

KILL_SECONDS = 20.0
TICK_SECONDS = 2.0
LAST_TICK_SECONDS = 10.0
# A worker on a machine that this one cannot ask is gone when it has not written for this long.
SILENT_SECONDS = 60.0


class KeptLine(Protocol):
    """Where the line is kept: on disk (:class:`monae_app.jobs.queue.Queue`), or where several machines reach it."""

    def look(self) -> Line:
        """Return the line as it is now."""

    def change(self) -> AbstractContextManager[Line]:
        """Hold the line, alone among all processes, and keep what the body made of it unless it raises."""

    def close(self) -> None:
        """Let go of it."""


class Dispatcher(ABC):
    """What all launchers of a store have in common; see :class:`monae_app.jobs.launcher.Launcher`.

    Parameters
    ----------
    store
        Root of everything that the app keeps.
    queue
        Where the line is kept.
    limits
        How many runs may wait.
    """

    def __init__(self, store: Path, queue: KeptLine, limits: RunLimits | None = None) -> None:
        self.kill_seconds = KILL_SECONDS
        self.queue = queue
        self.store = store
        self._limits = limits or RunLimits()
        self._stop_wanted: dict[str, float] = {}
        self._beats: dict[str, tuple[float, float]] = {}
        self._closed = threading.Event()
        self._watcher: threading.Thread | None = None

    @abstractmethod
    def lanes_of(self, device: str) -> tuple[str, ...]:
        """Return the lanes that may compute what a setting ``device`` asks for, as they are named in the line."""

    @abstractmethod
    def _start_waiting(self, line: Line) -> None:
        """Let those who are next begin, where a lane is free."""

    @abstractmethod
    def _check_device(self, device: str, processes: int) -> None:
        """Refuse what no device can ever take, with an InputError."""

    def submit(self, user: str, run: JobFolder, *, resume: bool = False, expected_s: float | None = None) -> None:
        """Put a run at the end of the line and return at once."""
        device, processes = run.device(), run.processes()
        self._check_device(device, processes)
        with self.queue.change() as line:
            if line.ticket(user, run.path.name) or line.claim(user, run.path.name):
                return
            self._limits.check(line, user)
            status = put_in_line(run, expected_s)
            line.append(
                user, run.path.name, device, processes=processes, kind=run.kind, resume=resume,
                expected_s=status.expected_s,
            )  # fmt: skip
        self.tick()

    def cancel(self, user: str, run: JobFolder) -> None:
        """Take a run out of the line, or ask its worker to stop."""
        try:
            claim = self._leave(user, run)
        except InputError:
            # Whoever computes it looks into its folder; only a run that waits needs the line.
            if not run.read_status().computing:
                raise
            claim = None
        status = run.read_status()
        if not status.active:
            return
        run.cancel_path.touch()
        pid = status.pid or (claim.pid if claim and claim.host == processes.host() else None)
        if pid is not None and status.host in (None, processes.host()):
            processes.send(pid, signal.SIGTERM)

    def outlook(self, user: str, run: JobFolder) -> Outlook | None:
        """Tell the place of a run in line."""
        line = self.queue.look()
        ticket = line.ticket(user, run.path.name)
        return outlook(line, ticket, self._lanes_of_ticket, self._seconds_left) if ticket else None

    def prospect(self, device: str, processes: int = 1) -> Outlook:
        """Tell the place that one more run would have in line.

        Raises
        ------
        InputError
            If no device can take it, or the line cannot be used.
        """
        self._check_device(device, processes)
        line = self.queue.look()
        return outlook(
            line, line.append("", "", device, processes=processes), self._lanes_of_ticket, self._seconds_left
        )

    def tick(self) -> None:
        """Take note of workers that have ended, kill those that do not stop, and start who is next."""
        with self.queue.change() as line:
            for lane, claim in list(line.claims.items()):
                if self._ended(claim):
                    del line.claims[lane]
                    bury(self.run(claim.ticket))
                else:
                    self._kill_if_deaf(claim)
            self._start_waiting(line)

    def recover(self) -> None:
        """Bring line and run folders into agreement, and start who is next."""
        self.reconcile()
        self.tick()

    def reconcile(self) -> None:
        """Bring line and folders into agreement."""
        found = sorted(jobs_of(self.store), key=lambda pair: pair[1].written_status().created)
        with self.queue.change() as line:
            for user, run in found:
                status = run.written_status()
                if line.ticket(user, run.path.name) or line.claim(user, run.path.name):
                    continue
                if status.state == "queued":
                    line.append(
                        user,
                        run.path.name,
                        _asked(run.device, "auto"),
                        processes=_asked(run.processes, 1),
                        kind=run.kind,
                        resume=run.has_begun,
                        expected_s=status.expected_s,
                    )
                elif status.active:
                    self._recover_active(line, user, run, status)

    def watch(self) -> None:
        """Recover, then tick from a thread of its own until closed."""
        self._watcher = threading.Thread(target=self._watch, daemon=True, name="launcher")
        self._watcher.start()

    def close(self) -> None:
        """Stop ticking; workers go on."""
        self._closed.set()
        if self._watcher is not None:
            # In the middle of a question it must not lose its connection.
            self._watcher.join(LAST_TICK_SECONDS)
        self.queue.close()

    def run(self, ticket: Ticket) -> JobFolder:
        """Return the folder of a job in line, in the store as it is mounted here."""
        return job_of(self.store, ticket.user, ticket.kind, ticket.run)

    def waits(self, ticket: Ticket) -> bool:
        """Whether a run in line still wants its turn: who could not reach the line may have cancelled or deleted it."""
        run = self.run(ticket)
        return run.ordered and run.written_status().state == "queued"

    def _leave(self, user: str, run: JobFolder) -> Claim | None:
        with self.queue.change() as line:
            claim = line.claim(user, run.path.name)
            if line.leave(user, run.path.name) or claim is None:
                if run.read_status().state == "queued":
                    conclude(run, "cancelled", "Cancelled before it began.")
            else:
                line.claims[claim.lane] = claim.model_copy(update={"cancelled": True})
        return claim

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

    def _recover_active(self, line: Line, user: str, run: JobFolder, status: Status) -> None:
        """See to a run that was computing when the line forgot it."""
        if (now := run.read_status()) != status:
            run.write_status(now.model_copy(update={"updated": time.time()}))

    def _ended(self, claim: Claim) -> bool:
        living = processes.alive(claim.pid, claim.process, claim.host)
        if living is not None:
            return not living
        written, now = self.run(claim.ticket).written_status().updated, time.monotonic()
        known, since = self._beats.get(claim.lane, (None, now))
        if written != known:
            since = now
        self._beats[claim.lane] = (written, since)
        return now - since > SILENT_SECONDS

    def _kill_if_deaf(self, claim: Claim) -> None:
        run = self.run(claim.ticket)
        key = f"{claim.pid}:{claim.process}"
        if not run.cancel_path.exists():
            return
        since = self._stop_wanted.setdefault(key, time.monotonic())
        if time.monotonic() - since > self.kill_seconds and processes.alive(claim.pid, claim.process, claim.host):
            processes.kill(claim.pid)

    def _lanes_of_ticket(self, ticket: Ticket) -> tuple[str, ...]:
        return self.lanes_of(ticket.device)

    def _seconds_left(self, claim: Claim) -> float | None:
        status = self.run(claim.ticket).written_status()
        return claim.ticket.expected_s if status.state == "queued" else seconds_left(status)


def _asked(ask: Callable[[], Asked], otherwise: Asked) -> Asked:
    try:
        return ask()
    except InputError:
        return otherwise
