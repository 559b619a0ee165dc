"""The line of jobs that wait for a device, on disk, shared by all servers and workers of one store.

Their folders are the truth: a line that is lost or damaged is made anew from them.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import diskcache
from pydantic import BaseModel, ConfigDict

from monae_app.engine.errors import InputError
from monae_app.jobs.private_files import private_folder
from monae_app.jobs.progress import Kind  # noqa: TC001 - pydantic reads it

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LINE = "line"
# Nobody holds the line for longer than it takes to start a process.
WAIT_SECONDS = 30.0
BETWEEN_TRIES = 0.05


class Ticket(BaseModel):
    """A job that waits: whose, for which device (as in RunConfig), and how long it may take.

    ``run`` is the name of its folder: of a run, or, where ``kind`` says so, of other work.
    """

    model_config = ConfigDict(frozen=True)

    number: int
    user: str
    run: str
    kind: Kind = "run"
    device: str = "auto"
    processes: int = 1
    resume: bool = False
    expected_s: float | None = None


class Claim(BaseModel):
    """A run that has a lane to itself: its ticket, and the process that computes it; several lanes, a claim each."""

    model_config = ConfigDict(frozen=True)

    ticket: Ticket
    lane: str
    pid: int
    process: str | None
    host: str
    # Whoever computes elsewhere may hear of it sooner from the line than from a shared folder.
    cancelled: bool = False


class Line(BaseModel):
    """All that wait, in order, and all that compute."""

    next_number: int = 1
    waiting: list[Ticket] = []
    claims: dict[str, Claim] = {}

    def ticket(self, user: str, run: str) -> Ticket | None:
        """Find a run that waits."""
        return next((each for each in self.waiting if (each.user, each.run) == (user, run)), None)

    def claim(self, user: str, run: str) -> Claim | None:
        """Find a run that computes."""
        of_run = (each for each in self.claims.values() if (each.ticket.user, each.ticket.run) == (user, run))
        return next(of_run, None)

    def of_user(self, user: str) -> int:
        """Count the runs of a user that wait or compute."""
        return sum(each.user == user for each in self.jobs())

    def jobs(self) -> list[Ticket]:
        """Return the tickets of all that wait or compute, each once."""
        computing = {each.ticket.number: each.ticket for each in self.claims.values()}
        return [*self.waiting, *computing.values()]

    def append(
        self,
        user: str,
        run: str,
        device: str = "auto",
        *,
        processes: int = 1,
        kind: Kind = "run",
        resume: bool = False,
        expected_s: float | None = None,
    ) -> Ticket:
        """Put a job at the end of the line."""
        ticket = Ticket(
            number=self.next_number, user=user, run=run, kind=kind, device=device, processes=processes, resume=resume,
            expected_s=expected_s,
        )  # fmt: skip
        self.next_number += 1
        self.waiting.append(ticket)
        return ticket

    def put_back(self, ticket: Ticket, *, resume: bool) -> None:
        """Let a run that could not go on where it was begin before all others."""
        self.waiting.insert(0, ticket.model_copy(update={"resume": resume}))

    def leave(self, user: str, run: str) -> bool:
        """Take a run out of the line; False if it does not wait."""
        ticket = self.ticket(user, run)
        if ticket is not None:
            self.waiting.remove(ticket)
        return ticket is not None


class Queue:
    """The line of one store.

    Parameters
    ----------
    store
        Root of everything that the app keeps.
    """

    def __init__(self, store: Path) -> None:
        self._folder = store / "queue"
        self._lock = threading.RLock()
        self._cache: diskcache.Cache | None = None

    def look(self) -> Line:
        """Return the line as it is now.

        Raises
        ------
        InputError
            If the store cannot be read.
        """
        with self._said_in_words():
            return self._read(self._open())

    @contextmanager
    def change(self) -> Iterator[Line]:
        """Hold the line, alone among all processes, and keep what the body made of it unless it raises.

        Raises
        ------
        InputError
            If the store cannot be read or written, or somebody else holds the line for too long.
        """
        with self._said_in_words(), self._lock:
            cache = self._open()
            with cache.transact(retry=True):
                line = self._read(cache)
                before = line.model_dump_json()
                yield line
                after = line.model_dump_json()
                if after != before:
                    cache.set(LINE, after)

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            if self._cache is not None:
                self._cache.close()
                self._cache = None

    def _open(self) -> diskcache.Cache:
        with self._lock:
            if self._cache is None:
                private_folder(self._folder)
                try:
                    self._cache = _cache(self._folder)
                except sqlite3.DatabaseError as error:
                    if isinstance(error, sqlite3.OperationalError):
                        raise
                    self._set_aside()
                    self._cache = _cache(self._folder)
            return self._cache

    def _read(self, cache: diskcache.Cache) -> Line:
        try:
            text = cache.get(LINE, retry=True)
            return Line() if text is None else Line.model_validate_json(text)
        except ValueError:
            # Written by something else: the folders of the jobs know what waited.
            return Line()

    def _set_aside(self) -> None:
        """Keep a damaged line for whoever wants to know why, and begin a new one."""
        aside = self._folder.with_name(f"queue.damaged-{time.strftime('%Y%m%d-%H%M%S')}-{time.monotonic_ns()}")
        self._folder.rename(aside)
        private_folder(self._folder)

    @contextmanager
    def _said_in_words(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.DatabaseError as error:
            # "file is not a database", "malformed": seen only when it is read.
            damaged = not isinstance(error, sqlite3.OperationalError)
            with self._lock:
                self.close()
                if damaged:
                    self._set_aside()
            raise _unusable(self._folder, error) from error
        except (OSError, diskcache.Timeout) as error:
            raise _unusable(self._folder, error) from error


def _cache(folder: Path) -> diskcache.Cache:
    # No eviction, and JSON: a pickle in a folder that others can write would be a way in.
    settings: dict[str, Any] = {"eviction_policy": "none", "size_limit": 2**40, "sqlite_journal_mode": "delete"}
    until = time.monotonic() + WAIT_SECONDS
    while True:
        try:
            return diskcache.Cache(str(folder), timeout=WAIT_SECONDS, disk=diskcache.JSONDisk, **settings)
        except sqlite3.OperationalError as error:
            # several processes that begin one line at once lock each other out, which SQLite does not wait for
            if "locked" not in str(error) or time.monotonic() > until:
                raise
            time.sleep(BETWEEN_TRIES)


def _unusable(folder: Path, error: Exception) -> InputError:
    return InputError(
        f"The list of waiting runs in {folder.parent.name}/{folder.name} cannot be used ({error}).",
        "a store that can be read and written, with free space.",
        "look after the folder that --store names; trainings that compute go on meanwhile.",
    )
