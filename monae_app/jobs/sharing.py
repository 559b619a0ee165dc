"""Links that give somebody else sight of one run: an unguessable token, and who shared what with it."""

from __future__ import annotations

import json
import re
import secrets
import time
from typing import TYPE_CHECKING

from monae_app.jobs.private_files import private_folder, write_private

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TOKEN = re.compile(r"[0-9a-f]{32}")


class Shares:
    """The shared runs of all users: ``<store>/shares/<token>.json``.

    Parameters
    ----------
    store
        Root of everything that the app keeps.
    """

    def __init__(self, store: Path) -> None:
        self._folder = store / "shares"

    def share(self, user: str, run_id: str) -> str:
        """Return the token of a run; a run that is shared already keeps its own."""
        token = self.token(user, run_id) or secrets.token_hex(16)
        content = json.dumps({"user": user, "run": run_id, "created": time.time()})
        write_private(private_folder(self._folder) / f"{token}.json", content.encode())
        return token

    def token(self, user: str, run_id: str) -> str | None:
        """Return the token of a run, or None if it is not shared."""
        return next((token for token, owner in self._all() if owner == (user, run_id)), None)

    def owner(self, token: str) -> tuple[str, str] | None:
        """Return user and run id that a token stands for, or None if it stands for nothing."""
        return self._read(self._folder / f"{token}.json") if TOKEN.fullmatch(token) else None

    def revoke(self, user: str, run_id: str) -> None:
        """Make the link of a run worthless."""
        for token, owner in self._all():
            if owner == (user, run_id):
                (self._folder / f"{token}.json").unlink(missing_ok=True)

    def _all(self) -> Iterator[tuple[str, tuple[str, str]]]:
        for path in sorted(self._folder.glob("*.json")):
            if TOKEN.fullmatch(path.stem) and (owner := self._read(path)):
                yield path.stem, owner

    @staticmethod
    def _read(path: Path) -> tuple[str, str] | None:
        try:
            said = json.loads(path.read_text(encoding="utf-8"))
            return str(said["user"]), str(said["run"])
        except (OSError, ValueError, KeyError):
            return None
