"""What the folder of a job says while it is going: status.json, progress.jsonl and log.txt.

Only the worker writes into it while it lives; everybody else reads, so every file is whole or absent.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict

from monae_app.engine import result
from monae_app.jobs import lines, processes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


State = Literal["queued", "running", "cancelling", "cancelled", "failed", "done", "lost"]
Kind = Literal["run", "work"]
ACTIVE: frozenset[State] = frozenset({"queued", "running", "cancelling"})
# Nobody works on it, and it has no result: it can go on, from its checkpoint or from the start.
STOPPED: frozenset[State] = frozenset({"cancelled", "failed", "lost"})


class Failure(BaseModel):
    """What went wrong, in three sentences."""

    model_config = ConfigDict(frozen=True)

    found: str
    expected: str = ""
    todo: str = ""


class Status(BaseModel):
    """Where a run stands (status.json).

    Times are seconds since 1970, ``eta_s`` and ``expected_s`` (of the whole run) seconds, memory bytes. ``process``
    tells the process ``pid`` of ``host`` from any other (see :func:`monae_app.jobs.processes.identity`), ``lane`` is
    the device it has to itself, ``done`` of ``total`` parts of the present stage are behind it.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    state: State = "queued"
    name: str = ""
    stage: str = ""
    message: str = ""
    detail: Failure | None = None
    pid: int | None = None
    pid_started: float | None = None
    process: str | None = None
    host: str | None = None
    lane: str | None = None
    created: float = 0.0
    started: float | None = None
    updated: float = 0.0
    stage_began: float | None = None
    done: int | None = None
    total: int | None = None
    step: int | None = None
    steps: int | None = None
    eta_s: float | None = None
    expected_s: float | None = None
    device: str | None = None
    memory: int | None = None
    device_memory: int | None = None
    warnings: tuple[str, ...] = ()

    @property
    def active(self) -> bool:
        """Whether the run is waiting or computing."""
        return self.state in ACTIVE

    @property
    def computing(self) -> bool:
        """Whether a worker has begun with it and has not ended."""
        return self.active and self.pid is not None


class JobFolder(ABC):
    """The small files of one job: of a run, or of other work that stands in line with the runs.

    Parameters
    ----------
    path
        The folder; it need not exist yet.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.status_path = path / "status.json"
        self.progress_path = path / "progress.jsonl"
        self.log_path = path / "log.txt"
        # Asks the worker to stop, wherever it runs.
        self.cancel_path = path / "cancel"
        # One process at a time computes a job: the system takes the lock back when it ends, however it ends.
        self.lock_path = path / ".lock"

    @property
    @abstractmethod
    def kind(self) -> Kind:
        """What the line calls such jobs."""

    @property
    @abstractmethod
    def ordered(self) -> bool:
        """Whether it says what is to be done."""

    @property
    @abstractmethod
    def finished(self) -> bool:
        """Whether there is a result."""

    @property
    @abstractmethod
    def has_checkpoint(self) -> bool:
        """Whether it can go on from where it stood."""

    @property
    def has_begun(self) -> bool:
        """Whether there is anything to go on from."""
        return self.has_checkpoint

    @property
    @abstractmethod
    def goes_on(self) -> str:
        """How it can go on after it was broken off, in a sentence."""

    @abstractmethod
    def device(self) -> str:
        """Return which device it asks for, as RunConfig does.

        Raises
        ------
        InputError
            If that cannot be read.
        """

    def processes(self) -> int:
        """Return how many processes compute it, on a GPU each or on the CPU; raises as :meth:`device` does."""
        return 1

    @abstractmethod
    def needs(self) -> Iterator[Path]:
        """Name what has to be there where it is computed.

        Raises
        ------
        InputError
            If that cannot be read.
        """

    def read_status(self) -> Status:
        """Where the job stands; a live state whose process is gone reads as what it left behind."""
        status = self.written_status()
        if status.computing and processes.alive(status.pid, status.process, status.host) is False:
            return self.left_behind(status)
        return status

    def written_status(self) -> Status:
        """Return what status.json says, whether or not it still holds."""
        try:
            return Status.model_validate_json(self.status_path.read_bytes())
        except (OSError, ValueError):
            if self.finished:
                return Status(state="done", name=self.path.name)
            return Status(state="lost", name=self.path.name, message="What it was doing is not known any more.")

    def left_behind(self, status: Status) -> Status:
        """Where a job stands whose process ended without a word."""
        if self.finished:
            # The result is the last to be written.
            changes: dict[str, Any] = {"state": "done", "message": "Finished"}
        elif self.cancel_path.exists():
            changes = {"state": "cancelled", "message": f"Stopped by force. {self.goes_on}"}
        else:
            lost = "The worker is gone without a word: it was killed, or the machine went down."
            changes = {"state": "lost", "message": f"{lost} {self.goes_on}"}
        return status.model_copy(update={**changes, "eta_s": None})

    def write_status(self, status: Status, *, durable: bool = True) -> None:
        """Replace status.json.

        Parameters
        ----------
        status
            Where the run stands.
        durable
            Whether that shall outlast a loss of power; what is written every second need not.
        """
        result.write_json(self.status_path, status.model_dump(mode="json"), durable=durable)

    def append_event(self, event: dict[str, Any], *, on_new_line: bool = False) -> None:
        """Add one whole line to progress.jsonl.

        Parameters
        ----------
        event
            What happened.
        on_new_line
            Whether the line before may have been cut off.

        Raises
        ------
        OSError
            If it could not be written, or not all of it.
        """
        lines.append(self.progress_path, event, on_new_line=on_new_line)

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
        return lines.read(self.progress_path, offset, limit)

    def log_tail(self, number: int = 40) -> str:
        """Return the last lines of log.txt."""
        return lines.tail(self.log_path, number)
