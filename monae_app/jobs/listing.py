"""The runs of a user as a list shows them; files that have not changed since the last look are not read again."""

from __future__ import annotations

import json
import os
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from monae_app.jobs.about import ABOUT, About, read_about
from monae_app.jobs.archive_import import ABSENT
from monae_app.jobs.progress import Status

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable
    from pathlib import Path

    from monae_app.jobs.registry import Registry, RunRecord

MOST_KEPT = 20_000
SCORES = ("foscttm", "label_transfer")


@dataclass(frozen=True)
class Listed:
    """One run in a list.

    Parameters
    ----------
    record
        The run.
    name, note
        What people say of it.
    status
        Where it stands.
    finished
        Whether there is a result to look at.
    steps
        Training steps, done or wanted; None where nobody knows yet.
    scores
        Those of ``SCORES`` that were computed.
    extends
        Name of the run that it goes on from; empty for none.
    imported
        Whether it came in an archive.
    problem
        Why nothing can be said of it; empty for none.
    """

    record: RunRecord
    name: str
    note: str
    status: Status
    finished: bool
    steps: int | None
    scores: dict[str, float]
    extends: str = ""
    imported: bool = False
    problem: str = ""

    @property
    def id(self) -> str:
        """Id of the run."""
        return self.record.id

    @property
    def seconds(self) -> float | None:
        """Return how long it computed until now or until it ended."""
        status = self.status
        if status.started is None or status.state == "queued":
            return None
        return max(0.0, status.updated - status.started)


class Listing:
    """Remembers what the files of runs said, by their time and size."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[tuple[str, str], tuple[Hashable, Any]] = {}

    def of(self, registry: Registry) -> list[Listed]:
        """List the runs that can be seen: newest first, opened and bundled ones last."""
        own = sorted(map(self.look, registry.own()), key=lambda run: (run.status.created, run.id), reverse=True)
        listed = [*own, *map(self.look, registry.foreign())]
        names = {run.id: run.name for run in listed}
        return [_with_parent(run, self._about(run.record.folder).extends, names) for run in listed]

    def look(self, record: RunRecord) -> Listed:
        """Say how one run stands."""
        try:
            return self._look(record)
        except OSError as error:
            said = f"The folder of this run cannot be read ({error.strerror or error})."
            status = Status(state="lost", name=record.id, message=said)
            return Listed(record, record.id, "", status, finished=False, steps=None, scores={}, problem=said)

    def _look(self, record: RunRecord) -> Listed:
        files, folder = record.files, record.folder
        # Raises what the calls below pass over.
        os.stat(f"{folder}/.")  # noqa: PTH116 - a Path would leave the point out
        status = self._once(files.status_path, lambda _: files.written_status())
        if status.computing:
            status = files.read_status()
        about = self._about(folder)
        said = self._once(files.report_path, _report)
        scores = {name: float(said["metrics"][name]) for name in SCORES if name in said["metrics"]}
        settings = self._once(files.config_path, _settings)
        steps = said["steps"] or status.steps or settings["steps"]
        problem = "" if os.path.isfile(files.config_path) else "Its settings (config.json) are gone."  # noqa: PTH113
        name = record.named(about, status)
        return Listed(
            record, name, about.note, status, record.finished, steps, scores,
            imported=settings["imported"], problem=problem,
        )  # fmt: skip

    def _about(self, folder: Path) -> About:
        about: About = self._once(folder / ABOUT, lambda path: read_about(path.parent))
        return about

    def _once(self, path: Path, read: Callable[[Path], Any]) -> Any:
        try:
            found = path.stat()
            state: Hashable = (found.st_mtime_ns, found.st_size, found.st_ino)
        except OSError:
            state = None
        key = (str(path), read.__qualname__)
        with self._lock:
            known = self._known.get(key)
        if known is not None and known[0] == state:
            return known[1]
        value = read(path)
        with self._lock:
            if len(self._known) >= MOST_KEPT:
                self._known.clear()
            self._known[key] = (state, value)
        return value


def _with_parent(run: Listed, parent: str | None, names: dict[str, str]) -> Listed:
    if parent is None:
        return run
    return Listed(**{**vars(run), "extends": names.get(parent, "a run that is gone")})


def _report(path: Path) -> dict[str, Any]:
    try:
        said = json.loads(path.read_bytes())
        metrics = {name: value for name, value in said["metrics"].items() if isinstance(value, int | float)}
        return {"metrics": metrics, "steps": int(said["steps"]) if said.get("steps") else None}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {"metrics": {}, "steps": None}


def _settings(path: Path) -> dict[str, Any]:
    try:
        said = json.loads(path.read_bytes())
        inputs = [name for names in said["inputs"].values() for name in ([names] if isinstance(names, str) else names)]
        return {"steps": said.get("steps"), "imported": bool(inputs) and all(f"/{ABSENT}/" in name for name in inputs)}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {"steps": None, "imported": False}
