"""Looks after one device of one machine: takes the next run in line, starts its process and stays until it has ended.

What becomes of a run is decided in the line, alone among all machines; a process that was started before is found again
by its claim, whoever started it.
"""

from __future__ import annotations

import logging
import signal
import time
from typing import TYPE_CHECKING

from monae_app.engine.errors import InputError
from monae_app.jobs import local, processes
from monae_app.jobs.dispatcher import KILL_SECONDS
from monae_app.jobs.progress import Failure
from monae_app.jobs.queue import Claim
from monae_app.jobs.standing import bury, computed_elsewhere, conclude, put_in_line

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

    from monae_app.jobs.cluster.lanes import Lane
    from monae_app.jobs.cluster.launcher import ClusterLauncher
    from monae_app.jobs.progress import JobFolder
    from monae_app.jobs.queue import Line, Ticket

logger = logging.getLogger(__name__)

LOOK_SECONDS = 0.1
# The folder tells at once of a wish to stop, unless the shared disk is slow to: the line is asked now and then.
ASK_SECONDS = 1.0
# How long a worker that shall end tries to tell an unreachable line what became of its run.
LAST_WORDS_SECONDS = 10.0
SHUT_DOWN = "Waiting for a worker: the one before was shut down"


class Keeper:
    """The one that computes on a lane.

    Parameters
    ----------
    launcher
        Of the store: knows line, folders and who may take what.
    lane
        Which device.
    leaving
        Whether the worker shall end: the run is stopped then, and put back in line.
    """

    def __init__(self, launcher: ClusterLauncher, lane: Lane, leaving: Callable[[], bool]) -> None:
        self.kill_seconds = KILL_SECONDS
        self._launcher, self._lane, self._leaving = launcher, lane, leaving
        self._computing: int | None = None

    def announce(self) -> None:
        """Say that the lane is there, and what computes on it.

        Raises
        ------
        InputError
            If Redis cannot be reached.
        """
        self._launcher.lanes.announce(self._lane.model_copy(update={"computing": self._computing}))

    def work(self) -> bool:
        """Compute the next run in line that this lane may take, or stay with the one that computes here already.

        Returns
        -------
        False if there was nothing to do: whoever calls too often or too late does no harm.

        Raises
        ------
        InputError
            If the line cannot be reached; nothing was begun then.
        """
        child: subprocess.Popen[bytes] | None = None
        try:
            with self._launcher.queue.change() as line:
                if self._lane.key not in line.claims and not self._leaving():
                    child = self._take(line)
                claim = line.claims.get(self._lane.key)
        except InputError:
            # The line does not know of it.
            if child is not None:
                processes.kill(child.pid)
                child.wait()
            raise
        if claim is None:
            return False
        self._say_computing(claim.pid)
        try:
            self._settle(claim, left=self._stay(claim, child))
        finally:
            self._say_computing(None)
        return True

    def _say_computing(self, pid: int | None) -> None:
        self._computing = pid
        try:
            self.announce()
        except InputError as error:
            # Said again and again in any case.
            logger.warning("%s", error)

    def _take(self, line: Line) -> subprocess.Popen[bytes] | None:
        # Asked once: who is passed over must not depend on when a worker was heard of.
        mine = {
            device: self._lane.key in self._launcher.lanes_of(device) for device in {t.device for t in line.waiting}
        }
        for ticket in list(line.waiting):
            run = self._launcher.run(ticket)
            if not self._launcher.waits(ticket):
                line.waiting.remove(ticket)
                continue
            if not mine[ticket.device] or computed_elsewhere(run):
                continue
            line.waiting.remove(ticket)
            if (child := self._start(ticket, run)) is not None:
                line.claims[self._lane.key] = Claim(
                    ticket=ticket,
                    lane=self._lane.key,
                    pid=child.pid,
                    process=processes.identity(child.pid),
                    host=processes.host(),
                )
                return child
        return None

    def _start(self, ticket: Ticket, run: JobFolder) -> subprocess.Popen[bytes] | None:
        try:
            if missing := next((path for path in run.needs() if not path.exists()), None):
                logger.warning("%s is missing", missing)
                found = f"The file {missing.name} is not there on the machine that was to compute ({processes.host()})."
                todo = "mount the store and the data root there at the same places as on the server, then go on."
                expected = "the same files on all machines."
                conclude(run, "failed", found, Failure(found=found, expected=expected, todo=todo))
                return None
            command = [*local.WORKER, str(run.path), "--lane", self._lane.lane]
            child = local.start_worker(command, run, [self._lane.lane], resume=ticket.resume)
        except (InputError, OSError) as error:
            conclude(run, "failed", f"The worker could not be started ({error}).")
            return None
        logger.info("%s computes on %s", run.path.name, self._lane.key)
        return child

    def _stay(self, claim: Claim, child: subprocess.Popen[bytes] | None) -> bool:
        """Wait until the process has ended; return whether it was stopped because this worker leaves."""
        run = self._launcher.run(claim.ticket)
        asked, told, left, put_back = time.monotonic(), None, False, False
        cancelled = claim.cancelled
        while _runs(claim, child):
            now = time.monotonic()
            cancelled = cancelled or run.cancel_path.exists()
            if not cancelled and now - asked > ASK_SECONDS:
                asked, cancelled = now, self._cancelled(claim)
            if told is None and (cancelled or self._leaving()):
                told, left = now, not cancelled
                processes.send(claim.pid, signal.SIGTERM)
            if told is not None and now - told > self.kill_seconds:
                processes.kill(claim.pid)
            if left and not put_back and run.written_status().state == "cancelled":
                # At once: who follows the run need not hear that it was cancelled.
                put_in_line(run, message=SHUT_DOWN)
                put_back = True
            time.sleep(LOOK_SECONDS)
        return left

    def _settle(self, claim: Claim, *, left: bool) -> None:
        """Give the lane back, and write what became of the run; a line that is away for a while is waited for."""
        since: float | None = None
        while True:
            try:
                with self._launcher.queue.change() as line:
                    held = line.claims.get(self._lane.key)
                    if held is None or (held.pid, held.process) != (claim.pid, claim.process):
                        return
                    del line.claims[self._lane.key]
                    self._judge(line, held, left=left)
                    return
            except InputError as error:
                logger.warning("%s", error)
                if self._leaving():
                    since = since or time.monotonic()
                    if time.monotonic() - since > LAST_WORDS_SECONDS:
                        return
            time.sleep(1.0)

    def _judge(self, line: Line, claim: Claim, *, left: bool) -> None:
        run = self._launcher.run(claim.ticket)
        status = run.written_status()
        if left and not claim.cancelled and not run.finished and (status.active or status.state == "cancelled"):
            put_in_line(run, message=SHUT_DOWN)
            line.put_back(claim.ticket, resume=run.has_begun)
        elif left and claim.cancelled and status.state == "queued":
            conclude(run, "cancelled", "Cancelled while its worker was shut down.")
        else:
            bury(run)

    def _cancelled(self, claim: Claim) -> bool:
        try:
            held = self._launcher.queue.look().claims.get(self._lane.key)
        except InputError:
            return False
        return held is not None and held.pid == claim.pid and held.cancelled


def _runs(claim: Claim, child: subprocess.Popen[bytes] | None) -> bool:
    if child is not None:
        return child.poll() is None
    return bool(processes.alive(claim.pid, claim.process, claim.host))
