"""Readers: one for each kind of file that the field writes, found by what the file holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from monae_app.engine.data.contents import ReadingOptions
from monae_app.engine.data.readers import h5ad

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
    return h5ad.read(path, options or ReadingOptions())
