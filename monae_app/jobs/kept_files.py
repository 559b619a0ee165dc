"""Where what was made for a user is kept: ``<store>/users/<user>/<what>/``, for a week where it can be made anew."""

from __future__ import annotations

import json
import time
from contextlib import suppress
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from monae_app.engine.errors import InputError
from monae_app.engine.result import CELLS
from monae_app.jobs.registry import SAFE_ID

if TYPE_CHECKING:
    from pathlib import Path

KEPT_SECONDS = 7 * 24 * 3600.0
# What can be made anew from a run.
MADE_ANEW = ("comparisons", "holdout", "labels", "maps", "methods", "regulation", "trajectory")


def user_folder(store: Path, user: str, what: str) -> Path:
    """Return where something of a user is kept; it may not be there yet.

    Raises
    ------
    InputError
        If ``user`` is no user.
    """
    if not SAFE_ID.fullmatch(user):
        raise InputError(f"{user[:80]!r} is no user.", "a user of this server.", "reload the page.")
    return store / "users" / user / what


def key_of(asked: Any) -> str:
    """Name something by what was asked, in plain values: 40 hexadecimal digits.

    What is asked for again is found by it, and nothing that a browser says becomes a path.
    """
    return sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()[:40]


def identity(run: Path) -> list[str]:
    """Return what tells a finished run from others, and from itself once it was trained anew."""
    return [str(run.resolve()), str((run / CELLS).stat().st_mtime_ns)]


def sweep_kept(store: Path) -> None:
    """Remove what was made anew for any user more than a week ago."""
    for what in MADE_ANEW:
        for path in store.glob(f"users/*/{what}/*"):
            # what is a folder stays
            with suppress(OSError):
                if time.time() - path.stat().st_mtime > KEPT_SECONDS:
                    path.unlink()
