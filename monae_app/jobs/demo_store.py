"""Stores of demos, ``<store>/demo/<number>/``: each demo begins in a clean one, and never in the one people work in.

A demo holds the lock beside its folder for as long as it runs, so that no other demo clears it away meanwhile.
"""

from __future__ import annotations

import secrets
import shutil
import time
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from itertools import chain, count
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from monae_app.engine.errors import InputError
from monae_app.jobs import processes
from monae_app.jobs.dispatcher import Dispatcher
from monae_app.jobs.launcher import make_launcher
from monae_app.jobs.private_files import private_folder, write_private
from monae_app.jobs.run_folder import RunFolder

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from monae_app.jobs.launcher import Launcher

# Tells the browser one demo from the next.
ID = "demo.id"
# Nothing that a demo computes is worth waiting for; a worker that has not begun is asked in vain.
GRACE_SECONDS, PATIENCE_SECONDS, POLL_SECONDS = 2.0, 20.0, 0.05


@dataclass(frozen=True)
class Demo:
    """One demo that runs.

    Parameters
    ----------
    folder
        Its store.
    id
        Another one whenever it began clean.
    told
        What was done with what was there, in a sentence.
    """

    folder: Path
    id: str
    told: str


@contextmanager
def open_demo(store: Path, *, keep: bool = False) -> Iterator[Demo]:
    """Hold a store for a demo.

    Parameters
    ----------
    store
        Root of everything that the app keeps; nothing of it is touched but ``demo``.
    keep
        Go on with what the last demo left, instead of a clean state.

    Raises
    ------
    OSError
        If the store cannot be written.
    InputError
        If a training of an older demo cannot be ended.
    """
    base = private_folder(store / "demo")
    with ExitStack() as held:
        folder = _free(base, held, keep=keep)
        if keep and (folder / ID).is_file():
            told = f"Going on with the demo that was left in {folder}."
        else:
            told = _cleared(folder)
            begin_anew(folder)
        # Which one was used last is seen by its time.
        folder.touch()
        yield Demo(folder, (folder / ID).read_text(encoding="ascii"), told)


def begin_anew(folder: Path) -> str:
    """Give a demo another id, so that browsers forget what they kept of it; return the id."""
    made = secrets.token_hex(8)
    write_private(private_folder(folder) / ID, made.encode("ascii"))
    return made


def end_trainings(store: Path, launcher: Launcher, user: str = "*") -> int:
    """End all trainings that wait or compute, and wait until their processes are gone.

    Parameters
    ----------
    store, launcher
        Where they are.
    user
        Whose they are; "*" for all.

    Returns
    -------
    How many there were.

    Raises
    ------
    InputError
        If a process does not end, or computes on a machine that cannot be asked.
    """
    runs = [(folder.parent.parent.name, RunFolder(folder)) for folder in sorted(store.glob(f"users/{user}/runs/*"))]
    active = [(owner, run) for owner, run in runs if run.written_status().active]
    known = _computing(launcher, active)
    for owner, run in active:
        launcher.cancel(owner, run)
    began = time.monotonic()
    while left := [each for each in known | _computing(launcher, active) if processes.alive(*each) is not False]:
        waited = time.monotonic() - began
        if waited > PATIENCE_SECONDS:
            raise InputError(
                f"A training of the demo does not end (process {left[0][0]}).",
                "trainings that can be ended from here.",
                "end it by hand, then try again.",
            )
        if waited > GRACE_SECONDS:
            for pid, *_ in left:
                processes.kill(pid)
        time.sleep(POLL_SECONDS)
    return len(active)


def empty_user(store: Path, launcher: Launcher, user: str) -> int:
    """Remove all that a user has in a store: runs, uploads, selections, comparisons; return how many trainings ended.

    Raises
    ------
    InputError
        If a training does not end; nothing is removed then.
    """
    ended = end_trainings(store, launcher, user)
    _remove(store / "users" / user)
    return ended


def _free(base: Path, held: ExitStack, *, keep: bool) -> Path:
    """Find a folder that no demo holds, and hold it: the one used last if its content is wanted, else the first."""
    known = [path for path in base.iterdir() if path.is_dir() and path.name.isdigit()] if keep else []
    latest_first = sorted(known, key=lambda path: path.stat().st_mtime, reverse=True)
    for folder in chain(latest_first, (base / str(number) for number in count(1))):
        with suppress(Timeout):
            held.enter_context(FileLock(base / f"{folder.name}.lock", timeout=0))
            return folder
    raise AssertionError("numbers do not end")


def _cleared(folder: Path) -> str:
    if not folder.exists():
        return f"A clean demo in {folder}."
    launcher = make_launcher(folder)
    try:
        runs, ended = len(list(folder.glob("users/*/runs/*"))), end_trainings(folder, launcher)
    finally:
        launcher.close()
    _remove(folder)
    there = f"{runs} run{'' if runs == 1 else 's'} of the last one removed" if runs else "the last one is removed"
    stopped = f", {ended} training{'' if ended == 1 else 's'} ended" if ended else ""
    return f"A clean demo in {folder}: {there}{stopped}. `monae demo --keep` goes on with one instead."


def _remove(folder: Path) -> None:
    # In one step out of the way: what still holds a name in it finds nothing to write into.
    aside = folder.with_name(f".removing-{secrets.token_hex(4)}")
    with suppress(FileNotFoundError):
        folder.rename(aside)
        shutil.rmtree(aside, ignore_errors=True)


def _computing(launcher: Launcher, runs: Sequence[tuple[str, RunFolder]]) -> set[tuple[int, str | None, str | None]]:
    """Name the processes that compute these runs: number, identity and machine, as ``processes.alive`` asks for."""
    said = [run.written_status() for _, run in runs]
    found = {(status.pid, status.process, status.host) for status in said if status.pid is not None}
    if isinstance(launcher, Dispatcher):
        # One that has only just been started has written nothing yet.
        wanted = {(owner, run.path.name) for owner, run in runs}
        claims = launcher.queue.look().claims.values()
        found |= {
            (each.pid, each.process, each.host) for each in claims if (each.ticket.user, each.ticket.run) in wanted
        }
    return found
