"""What people say of a run, and may change while it computes: about.json in its folder.

The web process alone writes it; the worker writes everything else.
"""

from __future__ import annotations

import json
import re
import threading
import unicodedata
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from monae_app.engine.errors import InputError
from monae_app.jobs.private_files import write_private

if TYPE_CHECKING:
    from pathlib import Path

ABOUT = "about.json"
LONGEST_NAME, LONGEST_NOTE = 80, 5000
# A note of the greatest length and a data set of many files stay far below.
MOST_BYTES = 1 << 20
RUN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")
# They turn the text around them, which makes one name look like another.
TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")

# Two changes at once must not undo each other.
_CHANGING = threading.Lock()


@dataclass(frozen=True)
class About:
    """What people say of a run.

    Parameters
    ----------
    name
        What they call it; empty where nobody has said.
    note
        Text of their own.
    source
        The data set that it was started with, as the Data page writes it; None where that is not known.
    extends
        Id of the run that it goes on from.
    """

    name: str = ""
    note: str = ""
    source: dict[str, Any] | None = None
    extends: str | None = None


def clean_name(text: str) -> str:
    """Return a name as it is kept: on one line, without spaces around it.

    Raises
    ------
    InputError
        If nothing is left, it is too long, or it holds characters that cannot be seen.
    """
    name = " ".join(text.split())
    expected = f"1 to {LONGEST_NAME} characters on one line."
    if not name:
        raise InputError("The name is empty.", expected, "type a name.")
    if len(name) > LONGEST_NAME:
        raise InputError(f"The name has {len(name)} characters.", expected, "shorten it; the note has room for more.")
    if any(_unseen(character) for character in name):
        raise InputError("The name holds characters that cannot be seen.", expected, "type it anew.")
    return name


def clean_note(text: str) -> str:
    """Return a note as it is kept: ends of lines alike, without space around it.

    Raises
    ------
    InputError
        If it is too long or holds characters that are no text.
    """
    note = text.replace("\r\n", "\n").replace("\r", "\n").strip()
    expected = f"text of at most {LONGEST_NOTE:,} characters."
    if len(note) > LONGEST_NOTE:
        raise InputError(f"The note has {len(note):,} characters.", expected, "shorten it.")
    if any(_unseen(character) for character in note if character not in "\n\t"):
        raise InputError("The note holds characters that are no text.", expected, "type it anew.")
    return note


def read_about(folder: Path) -> About:
    """Read what is said of a run; whatever is missing or damaged counts as not said."""
    try:
        with (folder / ABOUT).open("rb") as file:
            said = json.loads(file.read(MOST_BYTES))
    except (OSError, ValueError, RecursionError):
        return About()
    if not isinstance(said, dict):
        return About()
    source, extends = said.get("source"), said.get("extends")
    return About(
        name=_or_nothing(clean_name, said.get("name")),
        note=_or_nothing(clean_note, said.get("note")),
        source=source if isinstance(source, dict) else None,
        extends=extends if isinstance(extends, str) and RUN_ID.fullmatch(extends) else None,
    )


def write_about(folder: Path, about: About) -> None:
    """Replace what is said of a run, whole or not at all.

    Raises
    ------
    InputError
        If the name (an empty one is none) or the note cannot be kept, or the run is gone.
    """
    content = {
        "name": clean_name(about.name) if about.name else "",
        "note": clean_note(about.note),
        "source": about.source,
        "extends": about.extends,
    }
    text = json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False)
    try:
        # What cannot be written as text, such as half of a pair of surrogates, is left as a question mark.
        write_private(folder / ABOUT, text.encode("utf-8", errors="replace") + b"\n")
    except FileNotFoundError:
        raise InputError(
            "This run is not there any more.", "a run in the list.", "reload the page; look for it in the trash."
        ) from None


def change_about(folder: Path, *, name: str | None = None, note: str | None = None) -> About:
    """Rename a run or write a note to it; what is None stays.

    Raises
    ------
    InputError
        If the name or the note cannot be kept, or the run is gone.
    """
    changes: dict[str, Any] = {} if name is None else {"name": clean_name(name)}
    if note is not None:
        changes["note"] = clean_note(note)
    with _CHANGING:
        about = replace(read_about(folder), **changes)
        write_about(folder, about)
    return about


def _unseen(character: str) -> bool:
    return unicodedata.category(character) in ("Cc", "Cs") or character in TURNING


def _or_nothing(clean: Any, text: object) -> str:
    try:
        return str(clean(text)) if isinstance(text, str) else ""
    except InputError:
        return ""
