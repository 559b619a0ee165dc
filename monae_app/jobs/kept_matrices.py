"""Large matrices of a user's files as runs and pages read them: ``<store>/users/<user>/matrices/``.

Written by whoever reads a file first, opened by all that come after; they go when the file goes.
"""

from __future__ import annotations

import shutil
import time
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING

from monae_app.engine.data.store.kept import Entry, kept_in
from monae_app.jobs.registry import SAFE_ID

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

MATRICES = "matrices"
UNUSED_SECONDS = 30 * 24 * 3600.0


def matrices_of(path: Path) -> Path | None:
    """Return where matrices are kept of the user whose run, upload or work a path is; None if it is none's."""
    for user in path.resolve().parents:
        if user.parent.name == "users" and SAFE_ID.fullmatch(user.name):
            return user / MATRICES
    return None


@contextmanager
def matrices_kept(own: Path | None = None) -> Iterator[None]:
    """Keep the matrices of large files that are read in the body, by cells and by features.

    Those of an upload lie with whose upload it is, whoever looks at it; those of other files in a folder of one's own,
    or nowhere.
    """
    with kept_in(lambda path: matrices_of(path) or own, both_sides=True):
        yield


def matrices_kept_of(run: Path) -> AbstractContextManager[None]:
    """Keep the matrices that are read for a run: with its user, or else in its own folder, as the engine does."""
    own = matrices_of(run)
    return nullcontext() if own is None else matrices_kept(own)


def sweep_matrices(store: Path) -> None:
    """Remove what belongs to no file any more, and what nobody opened for a month."""
    for folder in store.glob(f"users/*/{MATRICES}/*"):
        entry = Entry.read(folder)
        if entry is not None and entry.is_current() and time.time() - entry.used() < UNUSED_SECONDS:
            continue
        # whoever has it mapped keeps it; where somebody writes it is left alone
        with Entry(folder, folder, "").writing() as mine:
            if mine:
                shutil.rmtree(folder, ignore_errors=True)
