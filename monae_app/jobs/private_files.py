"""Folders and files of the store that only the account which runs the app may read."""

from __future__ import annotations

import os
import secrets
from typing import TYPE_CHECKING, Any, BinaryIO

if TYPE_CHECKING:
    from pathlib import Path

FOLDER_MODE, FILE_MODE = 0o700, 0o600


def private_folder(path: Path) -> Path:
    """Make a folder, and those above it that are missing, for the owner alone; return it."""
    missing = [folder for folder in (path, *path.parents) if not folder.exists()]
    for folder in reversed(missing):
        folder.mkdir(mode=FOLDER_MODE, exist_ok=True)
    path.chmod(FOLDER_MODE)
    return path


def open_private(path: Path) -> BinaryIO:
    """Open a file for reading and writing in place; a new one is for the owner alone."""
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0)
    return os.fdopen(os.open(path, flags, FILE_MODE), "r+b")


def write_private(path: Path, content: bytes) -> None:
    """Replace a file whole or not at all; its folder must exist."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        with open_private(temporary) as file:
            file.write(content)
            flush(file)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def flush(file: Any) -> None:
    """Bring what was written to the disk itself, so that a power failure cannot take it back."""
    file.flush()
    getattr(os, "fdatasync", os.fsync)(file.fileno())
