"""Readers: one for each kind of file that the field writes, found by what the file holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from monae_app.engine.data.contents import ReadingOptions
from monae_app.engine.data.readers.formats import read_any
from monae_app.engine.data.readers.guard import guard_matrices, guarded
from monae_app.engine.data.readers.refusals import EXPECTED

if TYPE_CHECKING:
    from pathlib import Path

    from monae_app.engine.data.contents import Contents


def open_file(path: Path, options: ReadingOptions | None = None) -> Contents:
    """Find out what a file or folder is, and read what it holds.

    Raises
    ------
    InputError
        If it is not there, is damaged, or is nothing that can be read.
    """
    with guarded(path, "data", EXPECTED.rstrip("."), "check that it is the file you mean, and copy it again"):
        return guard_matrices(read_any(path, options or ReadingOptions()))
