"""Writes what happens in a run into its folder: from the computing thread, and from a heartbeat beside it."""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import psutil

from monae_app.engine.memory_taken import memory_taken
from monae_app.jobs import processes
from monae_app.jobs.progress import Failure, JobFolder, Status

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

logger = logging.getLogger("monae_app.worker")

HEARTBEAT_SECONDS = 0.5
# Longer than this nothing is silent: the heartbeat says again what is being done.
SILENT_SECONDS = 1.4
# The page looks once a second.
STATUS_SECONDS = 0.4
# After a signal: the promise is ten seconds, so a stage that does not look at the flag is left a little earlier.
GRACE_SECONDS = 8.0
# Room for the last words on a disk that is full.
RESERVE, RESERVE_BYTES = ".reserve", 65_536

Event = dict[str, Any]


class Recorder:
    """The only one that writes into the folder of a run while it computes.

    A disk that is full, or gone for a while, costs some lines of progress but not the training.

    Parameters
    ----------
    run
        The folder's small files.
    echo
        Called with every event as well.
    lane
        The device that the run has to itself.
    """

    def __init__(self, run: JobFolder, echo: Callable[[Event], None] | None = None, lane: str | None = None) -> None:
        self.run = run
        self.signal: int | None = None
        self._echo = echo
        self._stopped_at: float | None = None
        self._lock = threading.RLock()
        self._said_at = self._written_at = self._stage_at = time.monotonic()
        self._broken_line = False
        known = run.written_status() if run.status_path.exists() else Status(name=run.path.name, created=time.time())
        self._process = psutil.Process()
        self._status = known.model_copy(
            update={
                "state": "running",
                "stage": "read",
                "message": "Starting",
                "detail": None,
                "pid": self._process.pid,
                "pid_started": self._process.create_time(),
                "process": processes.identity(self._process.pid),
                "host": processes.host(),
                "lane": lane,
                "started": time.time(),
                "stage_began": time.time(),
                "done": None,
                "total": None,
                "step": None,
                "steps": None,
                "eta_s": None,
                "memory": None,
                "device_memory": None,
                "warnings": (),
            }
        )

    def event(self, event: Event) -> None:
        """Record one event of the pipeline."""
        message = event.get("message", "Training" if event.get("stage") == "train" else "")
        if "message" in event:
            logger.info("%s: %s", event.get("stage"), message)
        stage = event.get("stage", "")
        changes = {key: event.get(key) for key in ("eta_s", "done", "total")}
        changes |= {key: event[key] for key in ("step", "steps", "device", "device_memory") if key in event}
        with self._lock:
            if stage != self._status.stage:
                changes["stage_began"], self._stage_at = time.time(), time.monotonic()
            if (warning := event.get("warning")) and warning not in self._status.warnings:
                logger.warning("%s", warning)
                changes["warnings"] = (*self._status.warnings, warning)
            self._append(event)
            new = stage != self._status.stage or message != self._status.message or "warnings" in changes
            self._write(hurry=new, stage=stage, message=message, **changes)
        if self._echo is not None:
            self._echo(event)

    def stop(self, number: int) -> None:
        """Ask the computation to stop (from a signal handler: sets flags, nothing else)."""
        self.signal = number
        if self._stopped_at is None:
            self._stopped_at = time.monotonic()

    def should_stop(self) -> bool:
        """Whether somebody has asked to stop."""
        return self._stopped_at is not None

    def finish(self, state: str, message: str, detail: Failure | None = None) -> None:
        """Write the last event, then the last status: who sees that a run has ended finds all that it said."""
        with self._lock:
            if not self._status.active:
                return
            (self.run.path / RESERVE).unlink(missing_ok=True)
            self._append({"stage": state, "message": message})
            self._write(hurry=True, state=state, message=message, detail=detail, eta_s=None, done=None, total=None)
            self.run.cancel_path.unlink(missing_ok=True)

    @contextmanager
    def heartbeat(self) -> Iterator[None]:
        """Keep status.json fresh while the body runs, and leave when it does not stop in time."""
        self._write(hurry=True)
        try:
            (self.run.path / RESERVE).write_bytes(bytes(RESERVE_BYTES))
        except OSError as error:
            self._complain(error)
        ended = threading.Event()
        thread = threading.Thread(target=self._beat, args=(ended,), name="heartbeat", daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()

    def _beat(self, ended: threading.Event) -> None:
        while not ended.wait(HEARTBEAT_SECONDS):
            if self._stopped_at is None and self.run.cancel_path.exists():
                self.stop(signal.SIGTERM)
            self._say_again()
            if self._stopped_at is None:
                self._write()
                continue
            self._write(hurry=True, state="cancelling")
            if time.monotonic() - self._stopped_at > GRACE_SECONDS:
                self.finish("cancelled", f"Stopped in the middle of a stage. {self.run.goes_on}")
                os._exit(128 + (self.signal or signal.SIGINT))

    def _say_again(self) -> None:
        with self._lock:
            memory = memory_taken()
            self._status = self._status.model_copy(update={"memory": memory})
            if time.monotonic() - self._said_at < SILENT_SECONDS or not self._status.active:
                return
            beat = {
                "stage": self._status.stage,
                "beat": round(time.monotonic() - self._stage_at, 1),
                "memory": memory,
            }
            self._append(beat)
        if self._echo is not None:
            self._echo(beat)

    def _append(self, event: Event) -> None:
        self._said_at = time.monotonic()
        try:
            self.run.append_event({"time": round(time.time(), 3), **event}, on_new_line=self._broken_line)
            self._broken_line = False
        except OSError as error:
            self._broken_line = True
            self._complain(error)

    def _write(self, *, hurry: bool = False, **changes: Any) -> None:
        with self._lock:
            # A beat that comes after the end must not bring the run back to life.
            if "state" in changes and not self._status.active:
                return
            self._status = self._status.model_copy(update={**changes, "updated": time.time()})
            now = time.monotonic()
            if not hurry and now - self._written_at < STATUS_SECONDS:
                return
            self._written_at = now
            try:
                self.run.write_status(self._status, durable="state" in changes)
            except OSError as error:
                self._complain(error)

    def _complain(self, error: OSError) -> None:
        # Where the disk is full the log is, too: this is for those who look at the machine.
        logger.warning("The progress of the run could not be written: %s", error)
