"""Where matrices of files are kept, and under which name: a file that was changed has another.

``<folder>/<key>/by_cell`` and ``<folder>/<key>/by_feature`` hold the same matrix by its two sides.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import tempfile
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from monae_app.engine.data.file_state import state_of
from monae_app.engine.data.store.lines import Lines
from monae_app.engine.folder import left_by_the_dead

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

BY_CELL, BY_FEATURE, SOURCE, LOCK = "by_cell", "by_feature", "source.json", "lock"
VERSION = 1
ONCE, FOR_ONCE = ".matrix-", re.compile(r"\.matrix-(\d+)-.+")


@dataclass(frozen=True)
class Keeping:
    """Where matrices go.

    Parameters
    ----------
    folder_of
        Says which folder those of a file are kept in, made when something is; None for none.
    both_sides
        Whether matrices are kept by features too, for those who ask for one feature of all cells.
    """

    folder_of: Callable[[Path], Path | None]
    both_sides: bool = False

    def of(self, path: Path, place: str) -> Entry | None:
        """Return where the matrix at a place of a file is kept, or would be; None if nowhere."""
        folder = self.folder_of(path)
        return None if folder is None else Entry(folder / key_of(path, place), path, place, self.both_sides)


@dataclass(frozen=True)
class Entry:
    """One matrix of one file.

    Parameters
    ----------
    folder
        Where it is kept.
    source, place
        The file or folder that it comes from, and where in that.
    both_sides
        Whether it is to be kept by features too.
    """

    folder: Path
    source: Path
    place: str
    both_sides: bool = False

    @classmethod
    def read(cls, folder: Path) -> Entry | None:
        """Find out whose a folder is; None if that cannot be told."""
        try:
            found = json.loads((folder / SOURCE).read_text(encoding="utf-8"))
            return cls(folder, Path(found["path"]), str(found["place"]))
        except (OSError, ValueError, LookupError, TypeError):
            return None

    def by_cell(self) -> Lines | None:
        """Open its cells; None if they are not there."""
        return self._side(BY_CELL)

    def by_feature(self) -> Lines | None:
        """Open its features; None if they are not there."""
        return self._side(BY_FEATURE)

    def is_current(self) -> bool:
        """Whether the file is there as it was."""
        return self.source.exists() and self.folder.name == key_of(self.source, self.place)

    def used(self) -> float:
        """Return when it was opened last, in seconds of the clock."""
        return (self.folder / SOURCE).stat().st_mtime

    @contextmanager
    def writing(self) -> Iterator[bool]:
        """Have the folder to oneself while the body runs; False, and nothing else, where another process has it."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / LOCK).open("ab") as file:
            if not _locked(file.fileno()):
                yield False
                return
            said = {"path": str(self.source.resolve()), "place": self.place}
            (self.folder / SOURCE).write_text(json.dumps(said), encoding="utf-8")
            yield True

    def _side(self, name: str) -> Lines | None:
        found = Lines.open(self.folder / name)
        if found is not None:
            with suppress(OSError):
                os.utime(self.folder / SOURCE)
        return found


_keeping: ContextVar[Keeping | None] = ContextVar("where matrices are kept", default=None)
_told: ContextVar[Callable[[int, int], None] | None] = ContextVar("who is told how far it is", default=None)


@contextmanager
def kept_in(folder_of: Callable[[Path], Path | None], *, both_sides: bool = False) -> Iterator[None]:
    """Keep large matrices of files that are opened in the body, and take what is kept; see :class:`Keeping`."""
    token = _keeping.set(Keeping(folder_of, both_sides))
    try:
        yield
    finally:
        _keeping.reset(token)


def keeping() -> Keeping | None:
    """Return where matrices are kept at present; None if nowhere."""
    return _keeping.get()


@contextmanager
def telling(tell: Callable[[int, int], None]) -> Iterator[None]:
    """Have it told, while the body runs, how many of how many values of a matrix are on disk."""
    token = _told.set(tell)
    try:
        yield
    finally:
        _told.reset(token)


def tell(done: int, total: int) -> None:
    """Say how far it is to whoever wants to know."""
    told = _told.get()
    if told is not None:
        told(done, total)


@contextmanager
def for_once(parent: str | None) -> Iterator[Path]:
    """Give a folder whose files go with the last who has mapped them; those of processes that were killed go, too."""
    for left in left_by_the_dead(Path(parent or tempfile.gettempdir()), FOR_ONCE):
        shutil.rmtree(left, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(prefix=f"{ONCE}{os.getpid()}-", dir=parent))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def key_of(path: Path, place: str) -> str:
    """Name the matrix at a place of a file or folder as it is now."""
    found = hashlib.blake2b(digest_size=16)
    found.update(f"{VERSION}\0{path.resolve()}\0{place}".encode())
    for state in state_of(path):
        found.update(f"\0{state}".encode())
    return found.hexdigest()


def _locked(descriptor: int) -> bool:
    """Take a lock that ends with the process."""
    try:
        import fcntl
    except ImportError:  # Windows: whoever comes second writes for itself
        return os.name != "nt"
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
