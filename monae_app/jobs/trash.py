"""Deleted runs of one user, kept for a week: ``<store>/users/<user>/trash/<run id>/``.

A run goes there, and comes back, in one step on the same file system: it is never half deleted.
"""

from __future__ import annotations

import json
import math
import secrets
import shutil
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from monae_app.engine.errors import InputError
from monae_app.jobs.about import read_about
from monae_app.jobs.kept_files import user_folder
from monae_app.jobs.private_files import private_folder, write_private
from monae_app.jobs.registry import SAFE_ID, RunRecord
from monae_app.jobs.sharing import Shares

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from monae_app.jobs.registry import Registry

KEPT_SECONDS = 7 * 24 * 3600.0
# Remembers in the folder of a deleted run when that was.
MARK = "deleted.json"
# What is being removed for good: no run is called so, and a removal that was interrupted goes on at the next sweep.
REMOVING = ".removing-"


@dataclass(frozen=True)
class Deleted:
    """A run in the trash; times in seconds since 1970.

    Parameters
    ----------
    id, name
        Of the run.
    deleted
        When it was deleted.
    purged
        When it will be removed for good.
    """

    id: str
    name: str
    deleted: float
    purged: float


class Trash:
    """The deleted runs of one user.

    A shared run shows nothing while it lies here, since links lead to the folder of runs; the link itself is kept,
    works again once the run is restored, and ends when the run is removed for good.

    Parameters
    ----------
    store
        Root of everything that the app keeps.
    user
        Whose runs these are.
    """

    def __init__(self, store: Path, user: str) -> None:
        self.user = user
        self.folder = user_folder(store, user, "trash")
        self._runs = user_folder(store, user, "runs")
        self._shares = Shares(store)

    def delete(self, registry: Registry, run_id: str) -> Deleted:
        """Move a run of one's own to the trash.

        Raises
        ------
        InputError
            If there is no such run, it belongs to somebody else, or it is waiting or computing.
        """
        record = registry.get(run_id)
        if record.read_only or record.folder.parent != self._runs:
            raise InputError(
                f"The run {record.name!r} cannot be deleted.", "a run of your own.", "leave it: it belongs to others."
            )
        if record.status.active:
            raise InputError(
                f"The run {record.name!r} is still {record.status.state}.",
                "a run that has ended.",
                "cancel it first, then delete it.",
            )
        place = private_folder(self.folder) / record.id
        if place.exists():
            raise InputError(
                f"The trash holds a run called {record.id} already.",
                "one of each.",
                "remove that one for good first.",
            )
        # Before the move: a run without a mark in the trash would not know when it came there.
        write_private(record.folder / MARK, json.dumps({"deleted": time.time()}).encode())
        record.folder.replace(place)
        return self._told(place)

    def list(self) -> list[Deleted]:
        """Return the deleted runs, the last deleted first."""
        return sorted(map(self._told, self._places()), key=lambda run: (run.deleted, run.id), reverse=True)

    def restore(self, run_id: str) -> RunRecord:
        """Move a run back to where it was.

        Raises
        ------
        InputError
            If the trash holds no such run, or a run of that id stands there again.
        """
        place, back = self._place(run_id), private_folder(self._runs) / run_id
        taken = InputError(
            f"There is a run called {run_id} again.",
            "no run in its place.",
            "delete that one first, then restore this.",
        )
        if back.exists():
            raise taken
        try:
            place.replace(back)
        except OSError as error:
            # Somebody else may have been faster.
            raise (taken if back.exists() else _gone(run_id)) from error
        (back / MARK).unlink(missing_ok=True)
        return RunRecord(run_id, back)

    def delete_for_good(self, run_id: str) -> None:
        """Remove a deleted run now.

        Raises
        ------
        InputError
            If the trash holds no such run.
        """
        self._remove(self._place(run_id))

    def purge(self, now: float | None = None) -> tuple[str, ...]:
        """Remove the runs that were deleted more than a week ago and return their ids.

        Parameters
        ----------
        now
            The time, in seconds since 1970. A clock that was set back lets runs stay longer, never shorter.
        """
        removed = []
        now = time.time() if now is None else now
        for place in self._places():
            if now - self._deleted(place) > KEPT_SECONDS:
                # It may be restored at this moment.
                with suppress(OSError):
                    self._remove(place)
                    removed.append(place.name)
        for rest in self.folder.glob(f"{REMOVING}*"):
            shutil.rmtree(rest, ignore_errors=True)
        return tuple(removed)

    def _remove(self, place: Path) -> None:
        # Out of sight first: what is half removed must not be restored.
        hidden = place.with_name(f"{REMOVING}{secrets.token_hex(8)}")
        place.replace(hidden)
        if not (self._runs / place.name).exists():
            self._shares.revoke(self.user, place.name)
        shutil.rmtree(hidden, ignore_errors=True)

    def _places(self) -> Iterator[Path]:
        for place in sorted(self.folder.glob("*")):
            if SAFE_ID.fullmatch(place.name) and place.is_dir():
                yield place

    def _place(self, run_id: str) -> Path:
        # The id comes from a browser: a name that is no plain folder name must never become a path.
        if SAFE_ID.fullmatch(run_id) and (self.folder / run_id).is_dir():
            return self.folder / run_id
        raise _gone(run_id)

    def _told(self, place: Path) -> Deleted:
        deleted = self._deleted(place)
        name = read_about(place).name or RunRecord(place.name, place).status.name or place.name
        return Deleted(place.name, name, deleted, deleted + KEPT_SECONDS)

    @staticmethod
    def _deleted(place: Path) -> float:
        """Say when a run was deleted; one that does not know has been from now on."""
        try:
            deleted = float(json.loads((place / MARK).read_bytes())["deleted"])
            if 0 < deleted < math.inf:
                return deleted
        except (OSError, ValueError, LookupError, TypeError, RecursionError):
            pass
        now = time.time()
        with suppress(OSError):
            write_private(place / MARK, json.dumps({"deleted": now}).encode())
        return now


def purge_all(store: Path, now: float | None = None) -> int:
    """Purge the trash of every user and return how many runs were removed; the server's sweep calls this."""
    users = [place.parent.name for place in store.glob("users/*/trash") if SAFE_ID.fullmatch(place.parent.name)]
    return sum(len(Trash(store, user).purge(now)) for user in users)


def _gone(run_id: str) -> InputError:
    return InputError(
        f"The trash holds no run {run_id[:80]!r}.",
        f"a run that was deleted within {KEPT_SECONDS / 86_400:.0f} days.",
        "look for it in the list of runs; it may have been restored, or removed for good.",
    )
