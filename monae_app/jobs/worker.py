"""One run in one process: ``python -m monae_app.jobs.worker RUN [--resume]``.

The folder holds config.json; the worker adds everything else. SIGINT and SIGTERM ask the training to stop after its
current step and to leave a checkpoint; a stage that cannot stop is left after a while, since every file is written
whole or not at all.
"""

from __future__ import annotations

import argparse
import logging
import os
import signal
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

from monae_app.engine.errors import InputError, Stopped, TrainingError
from monae_app.jobs.progress import Failure, RunFolder, Status

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

logger = logging.getLogger("monae_app.worker")

HEARTBEAT_SECONDS = 1.0
# After a signal: the promise is ten seconds, so a stage that does not look at the flag is left a little earlier.
GRACE_SECONDS = 8.0
DONE, UNEXPECTED, REFUSED = 0, 1, 2

Event = dict[str, Any]


def execute(folder: Path, *, resume: bool = False, echo: Callable[[Event], None] | None = None) -> int:
    """Compute the run that ``folder``/config.json describes, in this process.

    Parameters
    ----------
    folder
        Run folder with a config.json.
    resume
        Go on from the checkpoint in the folder.
    echo
        Called with every event, for a progress display.

    Returns
    -------
    0 done, 2 input or training refused, 130 or 143 stopped by a signal, 1 anything unexpected.
    """
    recorder = Recorder(RunFolder(folder), echo)
    with _logging_to(recorder.run.log_path), _stopping_on_signals(recorder), recorder.heartbeat():
        recorder.event({"stage": "read", "message": "Starting"})
        try:
            _compute(recorder, folder, resume=resume)
        except Stopped as stopped:
            recorder.finish("cancelled", f"{stopped} Its checkpoint is kept." if stopped.step else str(stopped))
            return 128 + (recorder.signal or signal.SIGINT)
        except InputError as error:
            logger.error("%s", error)
            recorder.finish("failed", error.found, Failure(found=error.found, expected=error.expected, todo=error.todo))
            return REFUSED
        except TrainingError as error:
            logger.exception("Training broke off")
            recorder.finish("failed", str(error), Failure(found=str(error)))
            return REFUSED
        except MemoryError:
            logger.exception("Out of memory")
            recorder.finish("failed", "The machine ran out of memory.", OUT_OF_MEMORY)
            return UNEXPECTED
        except Exception as error:
            logger.exception("Unexpected error")
            found = f"The program met an error of its own ({type(error).__name__}: {error})."
            todo = "The log below has the details; please report it with them."
            recorder.finish("failed", found, Failure(found=found, expected="no error.", todo=todo))
            return UNEXPECTED
        recorder.finish("done", "Finished")
        return DONE


OUT_OF_MEMORY = Failure(
    found="The machine ran out of memory.",
    expected="enough memory for the cells and features of this run.",
    todo="lower batch_size, features_per_step or n_top_genes, or use a machine with more memory.",
)


class Recorder:
    """Writes what happens into the run folder, from the computing thread and from the heartbeat.

    Parameters
    ----------
    run
        The folder's small files.
    echo
        Called with every event as well.
    """

    def __init__(self, run: RunFolder, echo: Callable[[Event], None] | None = None) -> None:
        self.run = run
        self.signal: int | None = None
        self._echo = echo
        self._stopped_at: float | None = None
        self._lock = threading.RLock()
        known = run.read_status() if run.status_path.exists() else Status(name=run.path.name, created=time.time())
        process = psutil.Process()
        self._status = known.model_copy(
            update={
                "state": "running",
                "stage": "read",
                "message": "Starting",
                "detail": None,
                "pid": process.pid,
                "pid_started": process.create_time(),
                "step": None,
                "steps": None,
                "eta_s": None,
            }
        )

    def event(self, event: Event) -> None:
        """Record one event of the pipeline."""
        self.run.append_event({"time": round(time.time(), 3), **event})
        changes = {key: event[key] for key in ("step", "steps", "eta_s", "device") if key in event}
        message = event.get("message", "Training" if event.get("stage") == "train" else "")
        if "message" in event:
            logger.info("%s: %s", event.get("stage"), message)
        # The estimate belongs to the training alone.
        self._write(stage=event.get("stage", ""), message=message, **({"eta_s": None} | changes))
        if self._echo is not None:
            self._echo(event)

    def stop(self, number: int) -> None:
        """Ask the computation to stop (from a signal handler: sets flags, nothing else)."""
        self.signal = number
        self._stopped_at = time.monotonic()

    def should_stop(self) -> bool:
        """Whether a signal has asked to stop."""
        return self._stopped_at is not None

    def finish(self, state: str, message: str, detail: Failure | None = None) -> None:
        """Write the last event, then the last status: who sees that a run has ended finds all that it said."""
        with self._lock:
            if not self._status.active:
                return
            try:
                self.run.append_event({"time": round(time.time(), 3), "stage": state, "message": message})
            finally:
                self._write(state=state, message=message, detail=detail, eta_s=None)

    @contextmanager
    def heartbeat(self) -> Iterator[None]:
        """Keep status.json fresh while the body runs, and leave when it does not stop in time."""
        self._write()
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
            if self._stopped_at is None:
                self._write()
                continue
            self._write(state="cancelling")
            if time.monotonic() - self._stopped_at > GRACE_SECONDS:
                self.finish("cancelled", "Stopped between two checkpoints.")
                os._exit(128 + (self.signal or signal.SIGINT))

    def _write(self, **changes: Any) -> None:
        with self._lock:
            # A beat that comes after the end must not bring the run back to life.
            if "state" in changes and not self._status.active:
                return
            self._status = self._status.model_copy(update={**changes, "updated": time.time()})
            self.run.write_status(self._status)


def _compute(recorder: Recorder, folder: Path, *, resume: bool) -> None:
    config = recorder.run.read_config()
    _bound_threads()
    # Imported here: torch takes seconds, and the first line of progress must not wait for it.
    from monae_app.engine.pipeline import run

    run(config, folder, on_event=recorder.event, should_stop=recorder.should_stop, resume=resume)


def _bound_threads() -> None:
    """Keep OpenMP from spinning; MONAE_THREADS sets the number of threads, one unless told.

    One thread also makes two runs with one seed equal, whatever else the machine is doing.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    threads = os.environ.get("MONAE_THREADS", "1")
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
        os.environ.setdefault(name, threads)


@contextmanager
def _logging_to(path: Path) -> Iterator[None]:
    handler = logging.FileHandler(path, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s", "%Y-%m-%d %H:%M:%S"))
    root = logging.getLogger("monae_app")
    level = root.level
    root.setLevel(logging.INFO)
    root.addHandler(handler)
    try:
        yield
    finally:
        root.removeHandler(handler)
        root.setLevel(level)
        handler.close()


@contextmanager
def _stopping_on_signals(recorder: Recorder) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.signal(number, lambda received, _frame: recorder.stop(received)) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def main(arguments: list[str] | None = None) -> int:
    """Run the worker from the command line."""
    parser = argparse.ArgumentParser(prog="python -m monae_app.jobs.worker", description="Compute one run folder.")
    parser.add_argument("run", type=Path, help="folder that holds config.json")
    parser.add_argument("--resume", action="store_true", help="go on from the checkpoint in the folder")
    given = parser.parse_args(arguments)
    return execute(given.run, resume=given.resume)


if __name__ == "__main__":
    raise SystemExit(main())
