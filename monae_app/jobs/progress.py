"""What a run folder says about a run while it is going: config.json, status.json, progress.jsonl and log.txt.

Only the worker writes into a run while it lives; everybody else reads, so every file is whole or absent.
"""

from __future__ import annotations

import json
import os
import time
from typing import TYPE_CHECKING, Any, Literal

import psutil
from pydantic import BaseModel, ConfigDict

from monae_app.engine import result

if TYPE_CHECKING:
    from pathlib import Path

    from monae_app.engine.config import RunConfig

State = Literal["queued", "running", "cancelling", "cancelled", "failed", "done", "lost"]
ACTIVE: frozenset[State] = frozenset({"queued", "running", "cancelling"})
# A worker says who it is within about a second; one that has not after this long never started.
START_SECONDS = 60.0
# Creation times of processes are rounded by some systems.
SAME_START_SECONDS = 2.0


class Failure(BaseModel):
    """What went wrong, in three sentences."""

    model_config = ConfigDict(frozen=True)

    found: str
    expected: str = ""
    todo: str = ""


class Status(BaseModel):
    """Where a run stands (status.json); times in seconds since 1970, ``eta_s`` in seconds from ``updated``."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    state: State = "queued"
    name: str = ""
    stage: str = ""
    message: str = ""
    detail: Failure | None = None
    pid: int | None = None
    pid_started: float | None = None
    created: float = 0.0
    updated: float = 0.0
    step: int | None = None
    steps: int | None = None
    eta_s: float | None = None
    device: str | None = None

    @property
    def active(self) -> bool:
        """Whether the run is waiting or computing."""
        return self.state in ACTIVE


def process_alive(pid: int | None, started: float | None) -> bool:
    """Whether the process ``pid`` runs and is the one that began at ``started``, not a later one of equal number."""
    if pid is None:
        return False
    try:
        process = psutil.Process(pid)
        same = started is None or abs(process.create_time() - started) < SAME_START_SECONDS
        return same and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


class RunFolder:
    """The small files of one run folder.

    Parameters
    ----------
    path
        The folder; it need not exist yet.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.config_path = path / "config.json"
        self.status_path = path / "status.json"
        self.progress_path = path / "progress.jsonl"
        self.log_path = path / "log.txt"
        self.report_path = path / "report.json"

    def write_config(self, config: RunConfig) -> None:
        """Save what the run is made from."""
        result.write_config(self.path, config)

    def read_config(self) -> RunConfig:
        """Load what the run is made from.

        Raises
        ------
        InputError
            If there is no readable config.json.
        """
        return result.read_config(self.path)

    def read_status(self) -> Status:
        """Where the run stands; a live state whose process is gone reads ``lost``."""
        try:
            status = Status.model_validate_json(self.status_path.read_bytes())
        except (OSError, ValueError):
            finished = self.report_path.exists()
            return Status(state="done" if finished else "lost", name=self.path.name)
        if not status.active or process_alive(status.pid, status.pid_started):
            return status
        if status.pid is None and time.time() - status.updated < START_SECONDS:
            return status
        lost = "The worker is gone without a word: it was killed, or the machine went down."
        return status.model_copy(update={"state": "lost", "message": lost})

    def write_status(self, status: Status) -> None:
        """Replace status.json."""
        result.write_json(self.status_path, status.model_dump(mode="json"))

    def append_event(self, event: dict[str, Any]) -> None:
        """Add one whole line to progress.jsonl."""
        line = json.dumps(event, allow_nan=False, default=str) + "\n"
        with self.progress_path.open("ab", buffering=0) as handle:
            handle.write(line.encode())

    def read_events(self, offset: int = 0, limit: int = 4_000_000) -> tuple[list[dict[str, Any]], int]:
        """Read the events from byte ``offset`` on.

        A line that is still being written is left for the next call; one that is no JSON is passed over.

        Parameters
        ----------
        offset
            Where the call before ended; 0 for the beginning.
        limit
            At most this many bytes are read in one call.

        Returns
        -------
        The events and the offset to go on from.
        """
        try:
            with self.progress_path.open("rb") as handle:
                handle.seek(offset)
                block = handle.read(limit)
        except OSError:
            return [], offset
        whole = block[: block.rfind(b"\n") + 1]
        events = []
        for line in whole.splitlines():
            try:
                event = json.loads(line)
            except ValueError:
                continue
            if isinstance(event, dict):
                events.append(event)
        return events, offset + len(whole)

    def log_tail(self, lines: int = 40, limit: int = 32_768) -> str:
        """Return the last lines of log.txt."""
        try:
            with self.log_path.open("rb") as handle:
                handle.seek(0, os.SEEK_END)
                handle.seek(max(0, handle.tell() - limit))
                text = handle.read().decode(errors="replace")
        except OSError:
            return ""
        return "\n".join(text.splitlines()[-lines:])
