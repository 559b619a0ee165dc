"""The runs of one user: ``<store>/users/<user>/runs/<run_id>/``, beside the finished runs that travel with the app."""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from monae_app.engine.config import make_config
from monae_app.engine.errors import InputError
from monae_app.engine.folder import checkpoint_steps
from monae_app.engine.result import CHECKPOINT, write_atomically
from monae_app.jobs.about import About, read_about, write_about
from monae_app.jobs.private_files import private_folder
from monae_app.jobs.progress import Status
from monae_app.jobs.run_folder import RunFolder
from monae_app.jobs.sample_folders import sample_folders

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
    def about(self) -> About:
        """What people say of the run."""
        return read_about(self.folder)

    @property
    def finished(self) -> bool:
        """Whether there is a result to look at."""
        return self.files.finished and os.path.isfile(self.folder / "cells.h5ad")  # noqa: PTH113

    @property
    def name(self) -> str:
        """What people call the run."""
        return self.named(self.about, self.status)

    def named(self, about: About, status: Status) -> str:
        """Return what people call the run, where its files have been read already."""
        if about.name:
            return about.name
        if not self.read_only:
            return status.name or self.id
        return _sample_title(self.folder.parent) or status.name or self.folder.name


def _is_run(folder: Path) -> bool:
    # os.path, not Path: a folder that may not be read is no error. It is listed, and the list says what is wrong.
    return any(os.path.lexists(folder / name) for name in ("config.json", "status.json")) or (
        os.path.isdir(folder) and not os.access(folder, os.R_OK | os.X_OK)  # noqa: PTH112
    )


def without_checkpoint(parent: RunRecord) -> InputError:
    """Say why a run cannot be trained further."""
    return InputError(
        f"The run {parent.name!r} keeps no checkpoint to go on from.",
        "a run that was trained here by this version of the app.",
        "train it anew first: 'Change settings and try again' fills the form.",
    )


def _link_or_copy(source: Path, target: Path) -> None:
    # A checkpoint is replaced, never written into: two names of one file do not disturb each other.
    with suppress(OSError, NotImplementedError):
        os.link(source, target)
        return
    write_atomically(target, lambda temporary: shutil.copyfile(source, temporary))


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

    def create(
        self, config: RunConfig, name: str = "", *, source: dict[str, Any] | None = None, extends: str | None = None
    ) -> RunRecord:
        """Make a folder for a new run and put its config.json there; nothing computes yet.

        Parameters
        ----------
        config
            What it is made from.
        name
            What it is called at first.
        source
            The data set, as the Data page writes it.
        extends
            Id of the run that it goes on from.

        Raises
        ------
        InputError
            If the store cannot be written.
        """
        now = time.time()
        run_id = f"{time.strftime('%Y%m%d-%H%M%S', time.localtime(now))}-{secrets.token_hex(3)}"
        record = RunRecord(run_id, self.runs / run_id)
        status = Status(state="queued", name=name.strip() or run_id, message="Waiting", created=now, updated=now)
        try:
            private_folder(record.folder)
            record.files.write_config(config)
            if source or extends:
                write_about(record.folder, About(source=source, extends=extends))
            record.files.write_status(status)
        except OSError as error:
            self.withdraw(record)
            raise InputError(
                f"The run could not be written into the store ({error.strerror or error}).",
                "a store that can be written, with free space.",
                "free some space in the folder that --store names, or look who may write there.",
            ) from error
        return record

    def extend(self, parent: RunRecord, more: int, name: str = "") -> RunRecord:
        """Make a run that goes on where another one ended; the parent is not changed.

        Parameters
        ----------
        parent
            A run that has a checkpoint.
        more
            Training steps beyond those that the parent had.
        name
            What the new run is called at first; as its parent, with the further steps, if left out.

        Raises
        ------
        InputError
            If the parent has no checkpoint, or so many steps are not possible.
        """
        known = checkpoint_steps(parent.files.checkpoint_path)
        if known is None:
            raise without_checkpoint(parent)
        settings = parent.files.read_config().model_dump() | {"steps": max(known) + more, "epochs": None}
        name = name or f"{parent.name[:60]} +{more:,} steps"
        record = self.create(make_config(**settings), name, source=parent.about.source, extends=parent.id)
        try:
            _link_or_copy(parent.folder / CHECKPOINT, record.folder / CHECKPOINT)
        except OSError as error:
            self.withdraw(record)
            raise InputError(
                f"The checkpoint could not be copied ({error.strerror or error}).", "free space in the store.",
                "free some space, then try again.",
            ) from error  # fmt: skip
        return record

    def list(self) -> list[RunRecord]:
        """Return the runs that can be seen, newest first, opened and bundled ones last."""
        own = sorted(self.own(), key=lambda record: (record.status.created, record.id), reverse=True)
        return [*own, *self.foreign()]

    def own(self) -> Iterator[RunRecord]:
        """Yield the runs of the user, in no order."""
        for path in _folders(self.runs):
            if SAFE_ID.fullmatch(path.name) and _is_run(path):
                yield RunRecord(path.name, path)

    def get(self, run_id: str) -> RunRecord:
        """Find a run by its id.

        Raises
        ------
        InputError
            If there is no such run among those that can be seen.
        """
        for record in self.foreign():
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

    def foreign(self) -> Iterator[RunRecord]:
        """Yield the runs that are not the user's: opened ones, then bundled ones."""
        for index, path in enumerate(self._opened):
            yield RunRecord(f"opened-{index}", path, read_only=True)
        if self._bundled is None:
            return
        for sample in sample_folders(self._bundled):
            # beside the run that is seen first there may be others: run_monae-e is sample-NAME-monae-e
            for folder in sorted(sample.glob("run*")):
                if (folder / "report.json").is_file():
                    suffix = folder.name.removeprefix("run").replace("_", "-", 1)
                    yield RunRecord(f"sample-{sample.name}{suffix}", folder, read_only=True)
