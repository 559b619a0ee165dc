"""The runs of one user: ``<store>/users/<user>/runs/<run_id>/``, beside the finished runs that travel with the app."""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from monae_app.engine.errors import InputError
from monae_app.jobs.private_files import private_folder
from monae_app.jobs.progress import RunFolder, Status

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from monae_app.engine.config import RunConfig
    from monae_app.jobs.sharing import Shares

# The one user where there is only one.
LOCAL = "local"
SHARED = "shared-"
SAFE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")


@dataclass(frozen=True)
class RunRecord:
    """One run that a user can see."""

    id: str
    folder: Path
    read_only: bool = False

    @property
    def files(self) -> RunFolder:
        """The folder's small files."""
        return RunFolder(self.folder)

    @property
    def owner(self) -> str:
        """The user in whose folder it lies."""
        return self.folder.parent.parent.name

    @property
    def status(self) -> Status:
        """Where the run stands now."""
        return self.files.read_status()

    @property
    def finished(self) -> bool:
        """Whether there is a result to look at."""
        return self.files.finished and (self.folder / "cells.h5ad").is_file()

    @property
    def name(self) -> str:
        """What people call the run."""
        if not self.read_only:
            return self.status.name or self.id
        return _sample_title(self.folder.parent) or self.status.name or self.folder.name


def _is_run(folder: Path) -> bool:
    # os.path, not Path: a folder that may not be read is no run, and no error.
    return os.path.isfile(folder / "config.json")  # noqa: PTH113


def _folders(parent: Path) -> list[Path]:
    try:
        return sorted(parent.iterdir())
    except OSError:
        return []


def _sample_title(folder: Path) -> str:
    try:
        return str(json.loads((folder / "sample.json").read_text(encoding="utf-8"))["title"])
    except (OSError, ValueError, KeyError):
        return ""


class Registry:
    """Where runs are kept and found.

    Parameters
    ----------
    store
        Root of everything that the app keeps.
    user
        Whose runs these are.
    bundled
        Folder of the samples: ``<bundled>/<sample>/run`` is a finished run that all may read.
    opened
        Run folders from elsewhere, to be read only.
    shares
        Which runs of others may be looked at, by ``shared-<token>``.
    """

    def __init__(
        self,
        store: Path,
        user: str = LOCAL,
        bundled: Path | None = None,
        opened: Sequence[Path] = (),
        shares: Shares | None = None,
    ) -> None:
        if not SAFE_ID.fullmatch(user):
            raise InputError(
                f"{user!r} is no user name.", "letters, digits, dot, dash and underscore.", "choose another."
            )
        self.user = user
        self.runs = store / "users" / user / "runs"
        self._store = store
        self._shares = shares
        self._bundled = bundled
        self._opened = tuple(path.resolve() for path in opened)

    def create(self, config: RunConfig, name: str = "") -> RunRecord:
        """Make a folder for a new run and put its config.json there; nothing computes yet."""
        now = time.time()
        run_id = f"{time.strftime('%Y%m%d-%H%M%S', time.localtime(now))}-{secrets.token_hex(3)}"
        folder = private_folder(self.runs / run_id)
        record = RunRecord(run_id, folder)
        record.files.write_config(config)
        record.files.write_status(
            Status(
                state="queued", name=name.strip() or run_id, message="Waiting for a worker", created=now, updated=now
            )
        )
        return record

    def list(self) -> list[RunRecord]:
        """Return the runs that can be seen, newest first, opened and bundled ones last."""
        own = [RunRecord(path.name, path) for path in _folders(self.runs) if _is_run(path)]
        own.sort(key=lambda record: (record.status.created, record.id), reverse=True)
        return own + list(self._foreign())

    def get(self, run_id: str) -> RunRecord:
        """Find a run by its id.

        Raises
        ------
        InputError
            If there is no such run among those that can be seen.
        """
        for record in self._foreign():
            if record.id == run_id:
                return record
        if (shared := self._shared(run_id)) is not None:
            return shared
        # The id comes from a URL: a name that is no plain folder name must never become a path.
        if SAFE_ID.fullmatch(run_id) and _is_run(self.runs / run_id):
            return RunRecord(run_id, self.runs / run_id)
        raise InputError(
            f"There is no run {run_id[:80]!r}.",
            "one of the runs in the list at the top of the page.",
            "choose a run there; it may have been deleted, or belong to somebody else.",
        )

    def withdraw(self, record: RunRecord) -> None:
        """Remove a run that was created and could not be started."""
        if not record.read_only and record.folder.parent == self.runs:
            shutil.rmtree(record.folder, ignore_errors=True)

    def _shared(self, run_id: str) -> RunRecord | None:
        owner = self._shares.owner(run_id.removeprefix(SHARED)) if self._shares and run_id.startswith(SHARED) else None
        if owner is None:
            return None
        user, original = owner
        folder = self._store / "users" / user / "runs" / original
        safe = SAFE_ID.fullmatch(user) and SAFE_ID.fullmatch(original) and _is_run(folder)
        return RunRecord(run_id, folder, read_only=True) if safe else None

    def _foreign(self) -> Iterator[RunRecord]:
        for index, path in enumerate(self._opened):
            yield RunRecord(f"opened-{index}", path, read_only=True)
        if self._bundled is None or not self._bundled.is_dir():
            return
        for sample in sorted(self._bundled.iterdir()):
            if (sample / "run" / "report.json").is_file():
                yield RunRecord(f"sample-{sample.name}", sample / "run", read_only=True)
