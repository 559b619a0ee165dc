"""Where the saved selections and columns of a run lie: ``state.json``, and one file for each set of cells.

The files of cells are named by what they hold and never change; ``state.json`` is replaced as a whole, so that whatever
ends a process leaves the state before or after a change. Changes from several tabs come one after another by a lock,
and each is applied to what the one before has left. N cells.
"""

from __future__ import annotations

import contextlib
import hashlib
import zlib
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout
from pydantic import ValidationError

from monae_app.engine.errors import InputError
from monae_app.jobs.annotation_state import LEAST_STEPS, State
from monae_app.jobs.private_files import private_folder, write_private

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from monae_app.jobs.registry import RunRecord

FOLDER = "annotations"
STATE, LOCK, SUFFIX = "state.json", ".lock", ".cells"
MOST_BYTES, LONGEST_STATE = 256 << 20, 32 << 20
PATIENCE_S = 10.0
# Most selections shrink a lot already at the quickest level.
LEVEL = 1


def annotation_folder(record: RunRecord, runs: Path, cells: int) -> Path:
    """Return where a user keeps what is saved of a run: in the run's folder, if it is the user's own.

    A run that comes with the app or was opened from elsewhere is not written into: what is saved of it lies beside the
    user's runs then, by the run and its number of cells. That of a shared run is its owner's, to be looked at.

    Parameters
    ----------
    record
        The run.
    runs
        Folder of the user's own runs.
    cells
        Of the run.
    """
    if record.folder.parent == runs or record.id.startswith("shared-"):
        return record.folder / FOLDER
    # A bundled run may lie elsewhere after an update; one that was opened is known by its place alone.
    known = record.id if record.id.startswith("sample-") else str(record.folder)
    return runs.parent / FOLDER / f"{hashlib.sha256(known.encode()).hexdigest()[:24]}-{cells}"


class AnnotationFiles:
    """The files of one user and one run.

    Parameters
    ----------
    folder
        Where they lie; made by the first change.
    cells
        N, of the run.
    """

    def __init__(self, folder: Path, cells: int) -> None:
        self.folder = folder
        self.cells = cells

    def state(self) -> State:
        """Return what is saved now.

        Raises
        ------
        InputError
            If it cannot be read, or belongs to another number of cells.
        """
        try:
            with (self.folder / STATE).open("rb") as file:
                state = State.model_validate_json(file.read(LONGEST_STATE))
        except FileNotFoundError:
            return State(cells=self.cells)
        except (OSError, ValidationError) as error:
            raise InputError(
                "What was saved of this run cannot be read.",
                "the file that the app wrote.",
                f"restore {STATE} in the folder {FOLDER!r} from a backup, or remove it to begin anew.",
            ) from error
        if state.cells != self.cells:
            raise InputError(
                f"What was saved of this run belongs to {state.cells:,} cells.",
                f"the {self.cells:,} cells of the run.",
                "open the run that it was saved with.",
            )
        return state

    def change(self, make: Callable[[State], State]) -> State:
        """Replace the state by what ``make`` makes of it; nobody else changes it meanwhile.

        Raises
        ------
        InputError
            If ``make`` refuses, there is too much to keep, or the store cannot be written.
        """
        try:
            with self._alone():
                before = self.state()
                after = make(before)
                if after is before:
                    return before
                after = self._bounded(after)
                write_private(self.folder / STATE, after.model_dump_json().encode())
                self._sweep(after.blobs)
                return after
        except OSError as error:
            raise InputError(
                f"That could not be saved ({error.strerror or error}).",
                "a store that can be written, with free space.",
                "free some space in the folder that --store names, then try again.",
            ) from error

    def write(self, content: bytes) -> str:
        """Keep the cells of one item, inside of :meth:`change`; return their sum."""
        blob = hashlib.sha256(content).hexdigest()[:32]
        path = self.folder / f"{blob}{SUFFIX}"
        if not path.exists():
            write_private(path, zlib.compress(content, LEVEL))
        return blob

    def read(self, blob: str, size: int) -> bytes:
        """Return what was kept under a sum, ``size`` bytes.

        Raises
        ------
        InputError
            If it is damaged or gone.
        """
        try:
            # Never more than expected, whatever a damaged file unfolds to.
            content = zlib.decompressobj().decompress((self.folder / f"{blob}{SUFFIX}").read_bytes(), size + 1)
        except (OSError, zlib.error):
            content = b""
        if len(content) != size or not hashlib.sha256(content).hexdigest().startswith(blob):
            raise InputError(
                "The cells of something that was saved are damaged or gone.",
                "the files that the app wrote.",
                "undo the last step, or delete what cannot be shown.",
            )
        return content

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        private_folder(self.folder)
        try:
            with FileLock(self.folder / LOCK, timeout=PATIENCE_S):
                yield
        except Timeout as error:
            raise InputError(
                "Another tab is saving for a long time.", "one change after another.", "try again in a moment."
            ) from error

    def _bounded(self, state: State) -> State:
        sizes = {path.stem: path.stat().st_size for path in self.folder.glob(f"*{SUFFIX}")}
        while sum(sizes.get(blob, 0) for blob in state.blobs) > MOST_BYTES:
            if len(state.past) <= LEAST_STEPS:
                self._sweep(self.state().blobs)
                raise InputError(
                    "What was saved of this run takes too much room.",
                    f"at most {MOST_BYTES >> 20} MB, undo included.",
                    "delete selections or columns that you no longer need.",
                )
            state = state.forgetting(1)
        return state

    def _sweep(self, needed: set[str]) -> None:
        for path in self.folder.glob(f"*{SUFFIX}"):
            if path.stem not in needed:
                path.unlink(missing_ok=True)
