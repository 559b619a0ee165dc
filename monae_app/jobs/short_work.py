"""Work of seconds to minutes for a page: ordered by a ticket, done once, by a process of its own.

Whoever orders checks what the user may see and writes a ticket with plain values, paths among them, into the store. A
browser learns nothing but the ticket's number, which cannot be guessed: no request can name a folder or a user.

``<store>/short_work/tickets/<number>.json`` waits; ``<store>/short_work/jobs/<number>/`` is being done.
"""

from __future__ import annotations

import json
import logging
import os
import re
import secrets
import shutil
import time
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

from monae_app.engine.errors import InputError
from monae_app.jobs import processes
from monae_app.jobs.private_files import private_folder, write_private

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

logger = logging.getLogger(__name__)

# What can be ordered, by name; imported by the process that does it, since some of it takes seconds to load.
WORK = {
    "compare": "monae_app.jobs.short_tests:compare_groups",
    "export": "monae_app.jobs.short_files:export_archive",
    "import": "monae_app.jobs.short_files:import_archive",
    "imputed": "monae_app.jobs.short_files:export_imputed",
    "tables": "monae_app.jobs.short_tables:export_tables",
    "map": "monae_app.jobs.short_maps:map_some_cells",
    "report": "monae_app.jobs.short_report:make_report",
    "labels": "monae_app.jobs.short_labels:transfer_labels",
    "labels_file": "monae_app.jobs.short_labels:write_labels",
    "markers": "monae_app.jobs.short_markers:score_marker_lists",
    "markers_file": "monae_app.jobs.short_markers:write_marker_scores",
    "regulation": "monae_app.jobs.short_regulation:regulate_run",
    "agreement": "monae_app.jobs.short_agreement:measure_agreement",
    "before_after": "monae_app.jobs.short_before:map_before_and_after",
    "two_runs": "monae_app.jobs.short_two_runs:compare_two_runs",
    "trajectory": "monae_app.jobs.short_trajectory:follow_cells",
    "nearest": "monae_app.jobs.short_nearest:write_nearest_features",
}
NUMBER = re.compile(r"[0-9a-f]{32}")
TICKET, OWNER = "ticket.json", "owner.json"
# A page comes for its ticket at once; one that did not is gone.
TICKET_SECONDS, ABANDONED_SECONDS = 120.0, 24 * 3600.0
MOST_OF_A_USER, MOST_OF_ALL = 4, 12

Outcome = dict[str, Any]


@dataclass(frozen=True)
class Ticket:
    """What is to be done.

    Parameters
    ----------
    work
        A name in ``WORK``.
    user
        For whom.
    order
        Plain values that the work takes.
    """

    work: str
    user: str
    order: dict[str, Any]


@dataclass(frozen=True)
class Bench:
    """What a piece of work is given beside its order.

    Parameters
    ----------
    store
        Root of everything that the app keeps.
    user
        For whom.
    folder
        For its temporary files; goes when the work ends, however it ends.
    tell
        Called with the share that is done (None where that is not known) and with what is being done.
    """

    store: Path
    user: str
    folder: Path
    tell: Callable[[float | None, str], None]


class Tickets:
    """The tickets of one store.

    Parameters
    ----------
    store
        Root of everything that the app keeps.
    """

    def __init__(self, store: Path) -> None:
        self._store = store
        self._waiting, self._doing = store / "short_work" / "tickets", store / "short_work" / "jobs"

    def issue(self, work: str, user: str, order: dict[str, Any]) -> str:
        """Write a ticket and return its number.

        Raises
        ------
        InputError
            If the user, or all together, have enough work going on.
        """
        self.sweep()
        users = [ticket.user for ticket in self._pending()]
        if users.count(user) >= MOST_OF_A_USER or len(users) >= MOST_OF_ALL:
            mine = users.count(user) >= MOST_OF_A_USER
            raise InputError(
                f"{len(users)} pieces of work are going on{' for you' if mine else ' on this server'}.",
                f"at most {MOST_OF_A_USER} for one user and {MOST_OF_ALL} together.",
                "wait until one is done, or cancel it.",
            )
        number = secrets.token_hex(16)
        content = json.dumps({"work": work, "user": user, "order": order}, allow_nan=False)
        write_private(private_folder(self._waiting) / f"{number}.json", content.encode())
        return number

    def take(self, number: str) -> tuple[Ticket, Path]:
        """Take a ticket, which nobody can after this, and return it with the folder to work in.

        Raises
        ------
        InputError
            If there is no such ticket.
        """
        gone = InputError(
            "This work is not waiting any more.", "an order that was just given.", "press the button again."
        )
        # The number comes from a browser: one that is no number must never become a path.
        if not NUMBER.fullmatch(number):
            raise gone
        waiting, taken = self._waiting / f"{number}.json", self._waiting / f"{number}.taken"
        try:
            # Of several who try at once, one succeeds.
            waiting.replace(taken)
            folder = private_folder(self._doing / number)
            owner = {"host": processes.host(), "pid": os.getpid(), "process": processes.identity(os.getpid())}
            write_private(folder / OWNER, json.dumps(owner).encode())
            taken.replace(folder / TICKET)
            return self._read(folder / TICKET), folder
        except (OSError, ValueError, LookupError, TypeError) as error:
            raise gone from error

    def drop(self, number: str) -> None:
        """Remove a ticket and the files of its work."""
        if NUMBER.fullmatch(number):
            for path in self._waiting.glob(f"{number}.*"):
                path.unlink(missing_ok=True)
            shutil.rmtree(self._doing / number, ignore_errors=True)

    def sweep(self) -> None:
        """Remove tickets that nobody came for, and the files of work whose process is gone."""
        for path in self._waiting.glob("*"):
            with suppress(OSError):
                if _age(path) > TICKET_SECONDS:
                    path.unlink()
        for folder in self._doing.glob("*"):
            with suppress(OSError):
                if not _worked_on(folder):
                    shutil.rmtree(folder)

    def _pending(self) -> Iterator[Ticket]:
        for path in [*self._waiting.glob("*.json"), *self._doing.glob(f"*/{TICKET}")]:
            with suppress(OSError, ValueError, LookupError, TypeError):
                yield self._read(path)

    @staticmethod
    def _read(path: Path) -> Ticket:
        said = json.loads(path.read_bytes())
        return Ticket(str(said["work"]), str(said["user"]), dict(said["order"]))


def perform(store: Path, number: str, tell: Callable[[float | None, str], None]) -> Outcome:
    """Do the work of a ticket in this process.

    Returns
    -------
    dict
        ``{"state": "done", "result": ...}``, or ``{"state": "failed", "found", "expected", "todo"}``: whatever goes
        wrong is said in words.
    """
    tickets = Tickets(store)
    try:
        ticket, folder = tickets.take(number)
    except InputError as error:
        return failed(error)
    # imported here: the server orders work and reads no matrix
    from monae_app.jobs.kept_matrices import matrices_kept, matrices_of

    try:
        module, _, name = WORK[ticket.work].partition(":")
        work = getattr(import_module(module), name)
        with matrices_kept(matrices_of(store / "users" / ticket.user / "any")):
            return {"state": "done", "result": work(ticket.order, Bench(store, ticket.user, folder, tell))}
    except InputError as error:
        return failed(error)
    except MemoryError:
        return failed(
            InputError(
                "The machine ran out of memory.", "enough memory.", "choose less, or wait until others are done."
            )
        )
    except OSError as error:
        logger.exception("Short work failed")
        reason = error.strerror or type(error).__name__
        return failed(InputError(f"A file could not be read or written ({reason}).", "a disk with room.", "try again."))
    except Exception as error:
        logger.exception("Short work failed")
        return failed(
            InputError(
                f"The program met an error of its own ({type(error).__name__}).",
                "no error.",
                "please report it with the lines that the server wrote.",
            )
        )
    finally:
        tickets.drop(number)


def failed(error: InputError) -> Outcome:
    """Return the outcome that says what was the matter."""
    return {"state": "failed", "found": error.found, "expected": error.expected, "todo": error.todo}


def _age(path: Path) -> float:
    # A clock that was set back makes nothing old.
    return max(0.0, time.time() - path.stat().st_mtime)


def _worked_on(folder: Path) -> bool:
    try:
        owner = json.loads((folder / OWNER).read_bytes())
        if owner["host"] == processes.host():
            return bool(processes.alive(int(owner["pid"]), owner["process"]))
    except (OSError, ValueError, LookupError, TypeError):
        # It may be just being made.
        return _age(folder) < TICKET_SECONDS
    return _age(folder) < ABANDONED_SECONDS


def bound_threads() -> None:
    """Keep libraries from taking all cores; before they are loaded."""
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
        os.environ.setdefault(name, os.environ.get("MONAE_THREADS", "1"))
