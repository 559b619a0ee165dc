"""Long work that pages order beside runs: it stands in their line, and outlives page and server as they do.

Its folder is named by what was ordered, so that the same order given twice is one, and whoever asks again finds it.
"""

from __future__ import annotations

import shutil
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import FileLock, Timeout

from monae_app.engine.errors import InputError
from monae_app.jobs.kept_files import identity, key_of, user_folder
from monae_app.jobs.private_files import private_folder
from monae_app.jobs.progress import Status
from monae_app.jobs.work_folder import PLACES, Order, WorkFolder

if TYPE_CHECKING:
    from monae_app.jobs.launcher import Launcher
    from monae_app.jobs.outlook import Outlook

KEPT_SECONDS = 24 * 3600.0
LOCK = ".lock"
# A worker that has said its last word ends soon; until then its lane knows the old attempt.
GOODBYE_SECONDS, BETWEEN_TRIES = 5.0, 0.1


@dataclass(frozen=True)
class Asked:
    """One piece of work as a page orders it.

    Parameters
    ----------
    work, order, device
        As in :class:`~monae_app.jobs.work_folder.Order`; the order names the ``folder`` of a finished run.
    title
        In words.
    """

    work: str
    order: dict[str, Any]
    title: str
    device: str = "auto"

    @property
    def key(self) -> str:
        """Name of its folder: what is asked of a run that was trained anew is something else.

        Raises
        ------
        InputError
            If the run is gone.
        """
        try:
            return key_of([self.work, self.order, *identity(Path(self.order["folder"]))])
        except OSError as error:
            raise InputError("The run is not there any more.", "a finished run.", "choose another run.") from error


class Works:
    """The long work of one user.

    Parameters
    ----------
    store
        Root of everything that the app keeps.
    user
        Whose it is.
    launcher
        Who computes.
    """

    def __init__(self, store: Path, user: str, launcher: Launcher) -> None:
        self._folder, self._user, self._launcher = user_folder(store, user, PLACES["work"]), user, launcher

    def find(self, asked: Asked) -> WorkFolder:
        """Return where a piece of work stands; the folder is not there if nobody ordered it.

        Raises
        ------
        InputError
            If its run is gone.
        """
        return WorkFolder(self._folder / asked.key)

    def list(self) -> list[WorkFolder]:
        """Return all that wait or compute, in the order in which they were given."""
        with suppress(OSError):
            found = [WorkFolder(path) for path in self._folder.iterdir() if path.is_dir()]
            active = [(status.created, each) for each in found if (status := each.read_status()).active]
            return [each for _, each in sorted(active, key=lambda pair: pair[0])]
        return []

    def order(self, asked: Asked, expected_s: float | None = None) -> WorkFolder:
        """Put work in line, or join the same that waits or computes already.

        Parameters
        ----------
        asked
            What.
        expected_s
            How long it may take.

        Raises
        ------
        InputError
            If too much waits, no device can take it, or the store cannot be written.
        """
        work = self.find(asked)
        try:
            with FileLock(private_folder(self._folder) / LOCK, timeout=GOODBYE_SECONDS):
                if not work.read_status().computing:
                    self._put_in_line(work, asked, expected_s)
        except (OSError, Timeout) as error:
            raise InputError(
                f"The order could not be written into the store ({error}).", "a store that can be written, with room.",
                "free some space in the folder that --store names, then try again.",
            ) from error  # fmt: skip
        return work

    def cancel(self, work: WorkFolder) -> None:
        """Take work out of the line, or stop it.

        Raises
        ------
        InputError
            If it waits, and the line cannot be reached.
        """
        self._launcher.cancel(self._user, work)

    def outlook(self, work: WorkFolder) -> Outlook | None:
        """Tell the place of work in line; None if it does not wait, or the line cannot be read now."""
        try:
            return self._launcher.outlook(self._user, work)
        except InputError:
            return None

    def _put_in_line(self, work: WorkFolder, asked: Asked, expected_s: float | None) -> None:
        known = work.path.is_dir()
        began = time.time()
        if not known:
            private_folder(work.path)
        if not work.read_status().active:
            work.write_order(Order(work=asked.work, order=asked.order, device=asked.device))
            for path in (work.result_path, work.progress_path, work.log_path):
                path.unlink(missing_ok=True)
        if not known:
            work.write_status(Status(name=asked.title, message="Waiting", created=began, updated=began))
        try:
            self._submit(work, expected_s, began)
        except InputError:
            if not known:
                shutil.rmtree(work.path, ignore_errors=True)
            raise

    def _submit(self, work: WorkFolder, expected_s: float | None, began: float) -> None:
        until = time.monotonic() + GOODBYE_SECONDS
        while True:
            self._launcher.submit(self._user, work, expected_s=expected_s)
            status = work.written_status()
            if status.active or status.updated >= began:
                return
            if time.monotonic() > until:
                raise InputError(
                    "The attempt before has not quite ended.", "one attempt at a time.", "try again in a moment."
                )
            time.sleep(BETWEEN_TRIES)
            self._launcher.tick()


def sweep_works(store: Path) -> None:
    """Remove the folders of work that ended more than a day ago."""
    for folder in store.glob(f"users/*/{PLACES['work']}"):
        # Who orders work holds it.
        with suppress(OSError, Timeout), FileLock(folder / LOCK, timeout=0):
            for work in [WorkFolder(path) for path in folder.iterdir() if path.is_dir()]:
                status = work.read_status()
                if not status.active and time.time() - _last(work, status) > KEPT_SECONDS:
                    shutil.rmtree(work.path, ignore_errors=True)


def _last(work: WorkFolder, status: Status) -> float:
    return status.updated or work.path.stat().st_mtime
