"""Background callbacks: each in a process of its own, started fresh, told apart by the number of its ticket."""

from __future__ import annotations

import os
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import multiprocess
import psutil
from dash import DiskcacheManager

from monae_app.engine.errors import InputError
from monae_app.jobs import short_process
from monae_app.jobs.cluster import redis_url
from monae_app.jobs.json_cache import open_cache
from monae_app.jobs.short_process import KEPT_SECONDS, asked_key, progress_key
from monae_app.jobs.short_work import NUMBER, Outcome, Tickets, failed

if TYPE_CHECKING:
    from pathlib import Path

    from dash.background_callback.managers import BaseBackgroundCallbackManager

    from monae_app.web.settings import Settings

# Name under which the server knows what does its short work.
MANAGER = "monae short work"
# Of the package multiprocess, for these processes alone: a forked one would hold the server's port and locks.
SPAWN = multiprocess.get_context("spawn")
ENDED = InputError(
    "The work ended without a word, perhaps for want of memory.", "enough memory.", "choose less, or try again."
)
UNKNOWN = InputError("The server was started anew meanwhile.", "one server until the work is done.", "start it again.")


def manager(settings: Settings) -> BaseBackgroundCallbackManager:
    """Return what background callbacks are done with: processes of this machine, or workers where there are several.

    Raises
    ------
    InputError
        If the store cannot be written, or ``MONAE_REDIS_URL`` cannot be used.
    """
    if (url := redis_url()) is not None:
        from monae_app.web.cluster_work import ClusterManager

        return ClusterManager(url, settings.store)
    try:
        return FreshProcessManager(settings.store)
    except OSError as error:
        raise InputError(
            f"The store {settings.store} cannot be used ({error.strerror or error}).",
            "a folder in which the app may write.",
            "choose another one: `monae app --store FOLDER`.",
        ) from error


@dataclass
class _Job:
    process: Any
    key: str
    cancelled: bool = False


class FreshProcessManager(DiskcacheManager):
    """Dash's manager over diskcache, but for the processes.

    Dash names a job by the number of its process, and ends whatever has that number; here it is the ticket, and only
    processes that were started here are ended. The callback itself is not sent: the process takes the ticket.

    Parameters
    ----------
    store
        Root of everything that the app keeps.
    """

    def __init__(self, store: Path) -> None:
        self._store, self._folder = store, store / "short_work" / "cache"
        self._tickets = Tickets(store)
        self._lock = threading.RLock()
        self._jobs: dict[str, _Job] = {}
        # Cancelled before their process was started.
        self._called_off: dict[str, None] = {}
        super().__init__(open_cache(self._folder))  # type: ignore[no-untyped-call]

    def make_job_fn(self, fn: Any, _progress: Any, _key: Any = None) -> Any:
        """Return what stands for the callback; nothing of it is sent to the process."""
        return fn

    def call_job_fn(self, key: str, _job_fn: Any, args: Any, _context: Any) -> str:
        """Start the process of a ticket and return its number."""
        number = str(next(iter(args.values() if isinstance(args, dict) else args), ""))
        # What a request names and is no number starts nothing; its page is told that there is no such work.
        if NUMBER.fullmatch(number):
            arguments = (str(self._store), str(self._folder), key, number, os.getpid())
            with self._lock:
                if number not in self._jobs and number not in self._called_off:
                    # Where the server ends in order, those that still work are ended first.
                    process = SPAWN.Process(target=short_process.main, args=arguments, daemon=True)
                    process.start()
                    self._forget_ended()
                    self._jobs[number] = _Job(process, key)
        return number

    def get_progress(self, key: str) -> Any:
        """Return the progress, and note that a page waits."""
        self.handle.set(asked_key(key), time.time(), expire=KEPT_SECONDS)
        return super().get_progress(key)  # type: ignore[no-untyped-call]

    def get_result(self, key: str, job: str | None) -> Any:
        """Return the outcome once it is there, in words also where the process ended without one."""
        ended = not self._alive(job)
        # Asked for after that: it may have been written in between.
        outcome = self.handle.get(key, self.UNDEFINED)
        if outcome is self.UNDEFINED and ended:
            outcome = self._without_a_word(job)
        if outcome is self.UNDEFINED:
            return outcome
        for name in (key, progress_key(key), asked_key(key)):
            self.handle.delete(name)
        self.terminate_job(job)
        return outcome

    def job_running(self, job: str | None) -> bool:
        """Whether the process of a ticket works, or has said what a page has not heard yet."""
        known = self._jobs.get(str(job))
        return known is not None and not known.cancelled and (self._alive(job) or known.key in self.handle)

    def terminate_job(self, job: str | None) -> None:
        """End the work of a ticket and remove what it has left behind."""
        with self._lock:
            known = self._jobs.get(str(job))
            if known is None:
                self._call_off(str(job))
                return
            known.cancelled = True
        with suppress(psutil.Error):
            for child in psutil.Process(known.process.pid).children(recursive=True):
                with suppress(psutil.Error):
                    child.kill()
        known.process.kill()
        known.process.join(5)
        self._tickets.drop(str(job))

    def end_all(self) -> None:
        """End all work that was started here."""
        for number in list(self._jobs):
            self.terminate_job(number)

    def terminate_unhealthy_job(self, job: str | None) -> bool:
        """Nothing is unhealthy here: a process that does not work has ended."""
        return False

    def _alive(self, job: str | None) -> bool:
        known = self._jobs.get(str(job))
        return known is not None and known.process.is_alive()

    def _without_a_word(self, job: str | None) -> Outcome:
        known = self._jobs.get(str(job))
        if known.cancelled if known is not None else str(job) in self._called_off:
            return {"state": "cancelled"}
        return failed(UNKNOWN if known is None else ENDED)

    def _call_off(self, number: str) -> None:
        if NUMBER.fullmatch(number):
            self._called_off[number] = None
            self._tickets.drop(number)
            for earliest in list(self._called_off)[:-100]:
                del self._called_off[earliest]

    def _forget_ended(self) -> None:
        """Keep the last hundred that have ended, for pages that ask late."""
        ended = [number for number, job in self._jobs.items() if not job.process.is_alive()]
        for number in ended[:-100]:
            del self._jobs[number]
