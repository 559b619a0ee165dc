"""What is written of a run by others than its worker: before it begins, and when it ended without a word."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any

from filelock import FileLock, Timeout

if TYPE_CHECKING:
    from monae_app.jobs.progress import Failure, JobFolder, State, Status

logger = logging.getLogger(__name__)


def put_in_line(run: JobFolder, expected_s: float | None = None, message: str = "Waiting for its turn") -> Status:
    """Write that a run waits for its turn; what was wanted or known of an earlier attempt is forgotten.

    Raises
    ------
    OSError
        If it cannot be written.
    """
    run.cancel_path.unlink(missing_ok=True)
    status = run.written_status()
    changes: dict[str, Any] = {
        "state": "queued",
        "message": message,
        "detail": None,
        "pid": None,
        "process": None,
        "updated": time.time(),
        "expected_s": expected_s or status.expected_s,
        "eta_s": None,
    }
    status = status.model_copy(update=changes)
    run.write_status(status)
    return status


def conclude(run: JobFolder, state: State, message: str, detail: Failure | None = None) -> None:
    """Write how a run ended that no worker can speak for."""
    changes = {"state": state, "message": message, "detail": detail, "eta_s": None}
    _write(run, run.written_status().model_copy(update=changes))


def bury(run: JobFolder) -> None:
    """Write where a run stands whose worker is gone, unless the worker has said so itself."""
    status = run.written_status()
    if not status.active or not run.path.is_dir() or computed_elsewhere(run):
        return
    if status.state != "queued":
        _write(run, run.left_behind(status))
    elif run.cancel_path.exists():
        conclude(run, "cancelled", "Cancelled before it began.")
    else:
        conclude(run, "failed", "The worker ended before it began; the log has the details.")


def computed_elsewhere(run: JobFolder) -> bool:
    """Whether a process holds the run: perhaps one that was started when a full disk could not note it down."""
    try:
        with FileLock(run.lock_path, timeout=0):
            return False
    except Timeout:
        return True


def _write(run: JobFolder, status: Status) -> None:
    try:
        run.write_status(status.model_copy(update={"updated": time.time()}))
        run.cancel_path.unlink(missing_ok=True)
    except OSError as error:
        # What is read is worked out from the process all the same.
        logger.warning("The state of a run could not be written: %s", error)
