"""Names in a text file, one a line, as commands take them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from monae_app.engine.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


def names_in(path: Path) -> list[str]:
    """Return the names of a file, each once.

    Raises
    ------
    InputError
        If it is no text.
    """
    try:
        return distinct(path.read_text(encoding="utf-8").splitlines())
    except UnicodeDecodeError as error:
        raise InputError(f"{path.name} is no text.", "one name a line.", "save it as plain text (UTF-8).") from error


def distinct(names: Iterable[str]) -> list[str]:
    """Return names without spaces around them, each once, and none that is empty."""
    return list(dict.fromkeys(filter(None, map(str.strip, names))))
