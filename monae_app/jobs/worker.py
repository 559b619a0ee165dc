"""One job in one process: ``python -m monae_app.jobs.worker FOLDER [--resume] [--lane LANE --store STORE]``.

The folder of a run holds config.json, that of other work order.json; the worker adds everything else. SIGINT,
SIGTERM or a file ``cancel`` in the folder ask it to stop after its current step and, of a training, to leave a
checkpoint; a stage that cannot stop is left after a while, since every file is written whole or not at all. A worker of
a store has its lane to itself, and starts the next job in line when it is done: the line moves on even while no server
runs.
"""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
import threading
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from monae_app.engine.errors import InputError, MonaeError, Stopped, TrainingError
from monae_app.engine.result import read_config
from monae_app.jobs.company import in_company
from monae_app.jobs.local import LocalLauncher, lane_lock
from monae_app.jobs.progress import Failure
from monae_app.jobs.recorder import Event, Recorder
from monae_app.jobs.work_folder import WorkFolder, folder_at
from monae_app.jobs.working import do_work

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

logger = logging.getLogger("monae_app.worker")

DONE, UNEXPECTED, REFUSED = 0, 1, 2
# The worker before is about to end when it starts the next one.
LANE_SECONDS = 60.0


def execute(
    folder: Path,
    *,
    resume: bool = False,
    echo: Callable[[Event], None] | None = None,
    lane: str | None = None,
    processes: int | None = None,
) -> int:
    """Compute the run that ``folder``/config.json describes, or do what its order.json orders, in this process.

    Parameters
    ----------
    folder
        Of the job.
    resume
        Go on from the checkpoint in the folder.
    echo
        Called with every event, for a progress display.
    lane
        The device that the run has to itself.
    processes
        How many train together; as the run's settings say, unless given.

    Returns
    -------
    0 done, 2 input or training refused, 130 or 143 stopped, 1 anything unexpected.

    Raises
    ------
    InputError
        If another process computes this run.
    """
    run = folder_at(folder)
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(run.lock_path, timeout=0):
            if lane is None:
                # Nobody's line: a wish to stop that is there already was meant for an earlier process.
                run.cancel_path.unlink(missing_ok=True)
            return _execute(Recorder(run, echo, lane), folder, resume=resume, processes=processes)
    except Timeout:
        raise InputError(
            f"The run {folder.name} is being computed by another process.",
            "a run that nobody computes.",
            "wait until it ends, or stop it first.",
        ) from None


def _execute(recorder: Recorder, folder: Path, *, resume: bool, processes: int | None) -> int:
    with _logging_to(recorder.run.log_path), _stopping_on_signals(recorder), recorder.heartbeat():
        recorder.event({"stage": "read", "message": "Going on" if resume else "Starting"})
        try:
            _compute(recorder, folder, resume=resume, processes=processes)
        except Stopped as stopped:
            recorder.finish("cancelled", _stopped(recorder, stopped))
            return 128 + (recorder.signal or signal.SIGINT)
        except (InputError, TrainingError) as error:
            return _refused(recorder, error)
        except MemoryError:
            logger.exception("Out of memory")
            recorder.finish("failed", OUT_OF_MEMORY.found, _too_big(recorder))
            return UNEXPECTED
        except Exception as error:
            logger.exception("Unexpected error")
            found = f"The program met an error of its own ({type(error).__name__}: {error})."
            todo = "The log below has the details; please report it with them."
            recorder.finish("failed", found, Failure(found=found, expected="no error.", todo=todo))
            return UNEXPECTED
        recorder.finish("done", "Finished")
        return DONE


def _refused(recorder: Recorder, error: MonaeError) -> int:
    if isinstance(error, InputError):
        logger.error("%s", error)
        recorder.finish("failed", error.found, Failure(found=error.found, expected=error.expected, todo=error.todo))
    else:
        logger.error("Training broke off", exc_info=error)
        recorder.finish("failed", str(error), Failure(found=str(error)))
    return REFUSED


OUT_OF_MEMORY = Failure(
    found="The machine ran out of memory.",
    expected="enough memory for the cells and features of this run.",
    todo="lower batch_size, features_per_step or n_top_genes, or use a machine with more memory.",
)


def _too_big(recorder: Recorder) -> Failure:
    if isinstance(recorder.run, WorkFolder):
        return OUT_OF_MEMORY.model_copy(update={"todo": "try again when less is computing, or on a larger machine."})
    return OUT_OF_MEMORY


def _stopped(recorder: Recorder, stopped: Stopped) -> str:
    if isinstance(recorder.run, WorkFolder):
        return f"Cancelled. {recorder.run.goes_on}"
    if stopped.step:
        return f"{stopped} Its checkpoint is kept."
    return f"{stopped} What it had worked out is kept." if recorder.run.has_begun else str(stopped)


def _compute(recorder: Recorder, folder: Path, *, resume: bool, processes: int | None) -> None:
    bound_threads()
    # Imported here, what follows too: libraries take seconds, and the first line of progress must not wait for them.
    from monae_app.jobs.kept_matrices import matrices_kept_of

    with matrices_kept_of(folder):
        if isinstance(recorder.run, WorkFolder):
            do_work(recorder.run, recorder)
        else:
            _train(recorder, folder, resume=resume, processes=processes)


def _train(recorder: Recorder, folder: Path, *, resume: bool, processes: int | None) -> None:
    config = read_config(folder)

    def give_up(error: MonaeError) -> None:
        status = _refused(recorder, error)
        sys.stderr.write(f"monae: {error}\n")
        os._exit(status)

    number = processes or config.processes
    with in_company(folder, number, stopped=recorder.should_stop, give_up=give_up) as should_stop:
        from monae_app.engine.pipeline import run

        run(config, folder, on_event=recorder.event, should_stop=should_stop, resume=resume)


def bound_threads() -> None:
    """Keep OpenMP from spinning; MONAE_THREADS sets the number of threads, one unless told.

    One thread also makes two runs with one seed equal, whatever else the machine is doing.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    threads = os.environ.get("MONAE_THREADS", "1")
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
        os.environ.setdefault(name, threads)


class _Log(logging.FileHandler):
    def handleError(self, record: logging.LogRecord) -> None:
        """Pass over a line that a full disk does not take."""


@contextmanager
def _logging_to(path: Path) -> Iterator[None]:
    handler = _Log(path, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s", "%Y-%m-%d %H:%M:%S"))
    root = logging.getLogger("monae_app")
    level, propagate = root.level, root.propagate
    root.setLevel(logging.INFO)
    root.addHandler(handler)
    # Where the launcher has led everything that is said into the log, each line would stand there twice.
    root.propagate = propagate and not _said_into(path)
    try:
        yield
    finally:
        root.removeHandler(handler)
        root.setLevel(level)
        root.propagate = propagate
        handler.close()


def _said_into(path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(sys.stderr.fileno()), path.stat())
    except (OSError, ValueError, AttributeError):
        return False


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
    parser = argparse.ArgumentParser(prog="python -m monae_app.jobs.worker", description="Compute one folder.")
    parser.add_argument("run", type=Path, help="folder that holds config.json or order.json")
    parser.add_argument("--resume", action="store_true", help="go on from the checkpoint in the folder")
    parser.add_argument("--lane", help="devices of the store that this worker has to itself, separated by commas")
    parser.add_argument("--store", type=Path, help="store whose line moves on when the run has ended")
    given = parser.parse_args(arguments)
    try:
        if given.store is None or given.lane is None:
            return execute(given.run, resume=given.resume, lane=given.lane)
        # The system takes the lock back however this process ends: never two on one device.
        lanes = given.lane.split(",")
        with ExitStack() as held:
            # in one order, so that no two wait for each other
            for lane in sorted(lanes):
                held.enter_context(lane_lock(given.store, lane).acquire(timeout=LANE_SECONDS))
            status = execute(given.run, resume=given.resume, lane=given.lane)
            LocalLauncher(given.store).worker_done(lanes, os.getpid())
            return status
    except (MonaeError, Timeout) as error:
        logger.error("%s", error)
        return REFUSED


if __name__ == "__main__":
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s", datefmt="%Y-%m-%d %H:%M:%S")
    raise SystemExit(main())
