"""A process of a training that is not the first: it takes what that has prepared, computes its share, and leaves.

``python -m monae_app.jobs.following FOLDER``, as :mod:`monae_app.jobs.company` starts it, or ``monae run`` under
torchrun, where it prepares everything itself: the folder of the run may be on another machine. It writes nothing into
that folder but what is gone with it, and says nothing but why it failed.
"""

from __future__ import annotations

import json
import logging
import os
import shutil
import signal
import socket
import sys
import tempfile
import threading
import time
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from monae_app.engine.data.motifs.hits import MOTIF_HITS
from monae_app.engine.errors import CompanyLost, InputError, MonaeError, Stopped
from monae_app.engine.result import read_config
from monae_app.engine.training import ranks

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from monae_app.engine.config import RunConfig

logger = logging.getLogger("monae_app.worker")

SCRATCH = ".process-"
DONE, UNEXPECTED, REFUSED = 0, 1, 2
SECONDS_BETWEEN_LOOKS = 0.2
CUT_SHORT = (128 + signal.SIGINT, 128 + signal.SIGTERM)


def follow(config: RunConfig, say: Callable[[InputError], None], beside: Path | None = None) -> int:
    """Compute the share of this process, which its environment names.

    Parameters
    ----------
    config
        Of the run.
    say
        Told why it failed, unless another process failed before.
    beside
        The folder of the run, if the first process computes on this machine. What stands before training is opened
        there once the first has worked it out; else it is worked out here. Either way the two are compared.

    Returns
    -------
    0 done, 2 refused, 130 or 143 stopped, 1 anything unexpected.
    """
    heard: list[int] = []
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda received, _frame: heard.append(received))
    try:
        _take_share(config, lambda: bool(heard), beside)
    except Stopped:
        return 128 + (heard[0] if heard else signal.SIGTERM)
    except CompanyLost:
        return REFUSED
    except InputError as error:
        say(error)
        return REFUSED
    except MonaeError as error:
        say(InputError(str(error), "a training that goes on.", "look into the log."))
        return REFUSED
    except Exception as error:
        logger.exception("Unexpected error")
        found = f"The program met an error of its own ({type(error).__name__}: {error})."
        say(InputError(found, "no error.", "The log has the details; please report it with them."))
        return UNEXPECTED
    return DONE


def _take_share(config: RunConfig, should_stop: Callable[[], bool], beside: Path | None) -> None:
    while beside is not None and not should_stop() and not _first_is_waiting():
        time.sleep(SECONDS_BETWEEN_LOOKS)
    # not before here: torch takes seconds, and memory
    from monae_app.engine.pipeline import run
    from monae_app.engine.training.group import Followed
    from monae_app.jobs.kept_matrices import matrices_kept_of

    with (
        suppress(Followed),
        nullcontext() if beside is None else matrices_kept_of(beside),
        tempfile.TemporaryDirectory(prefix=SCRATCH, dir=beside, ignore_cleanup_errors=True) as scratch,
    ):
        if beside is not None:
            _bring_motif_hits(beside, Path(scratch))
        run(config, Path(scratch), should_stop=should_stop, prepared_in=beside)


def _first_is_waiting() -> bool:
    """Whether the first process listens for the others, which it does when all is prepared."""
    place = os.environ.get("MASTER_ADDR", ""), ranks.number_in("MASTER_PORT", 0)
    with suppress(OSError), socket.create_connection(place, timeout=1) as line:
        # a port that nobody listens at can be connected with itself
        return bool(line.getsockname() != line.getpeername())
    return False


def _bring_motif_hits(run: Path, scratch: Path) -> None:
    # a scan takes minutes, and leaves its result in the folder of the run
    with suppress(OSError):
        shutil.copyfile(run / MOTIF_HITS, scratch / MOTIF_HITS)


def config_beside(run: Path, steps: int | None, epochs: int | None) -> RunConfig:
    """Return the settings of a run that the first process goes on with, or makes a longer one of.

    Raises
    ------
    InputError
        If it is no run.
    """
    from monae_app.jobs.extending import longer_config

    return longer_config(run.resolve(), steps=steps, epochs=epochs) if steps or epochs else read_config(run.resolve())


def take_part(parsed: argparse.Namespace) -> int:
    """Take part in the training that the flags of ``monae run`` describe and torchrun has started several times."""
    from monae_app.jobs.ordered import ordered_config
    from monae_app.jobs.worker import bound_threads

    bound_threads()
    again = parsed.resume
    config = config_beside(again, parsed.steps, parsed.epochs) if again is not None else ordered_config(parsed)
    which = ranks.rank() + 1

    def say(error: InputError) -> None:
        sys.stderr.write(f"monae: process {which}: {error}\n")

    return follow(config, say)


def main(arguments: list[str] | None = None) -> int:
    """Follow the first process, which holds the other end of the standard input and listens to the output."""
    (folder,) = sys.argv[1:] if arguments is None else arguments
    threading.Thread(target=_leave_with_the_first, args=(Path(folder),), daemon=True, name="pipe").start()

    def say(error: InputError) -> None:
        sys.stdout.write(json.dumps({"found": error.found, "expected": error.expected, "todo": error.todo}))
        sys.stdout.flush()

    try:
        config = read_config(Path(folder))
    except InputError as error:
        say(error)
        return REFUSED
    return follow(config, say, Path(folder))


def _leave_with_the_first(folder: Path) -> None:
    # not by way of sys.stdin, whose lock the interpreter would wait for when it ends
    while os.read(0, 1):
        pass
    for left in folder.glob(f"{SCRATCH}*"):
        shutil.rmtree(left, ignore_errors=True)
    os._exit(REFUSED)


if __name__ == "__main__":
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s", datefmt="%Y-%m-%d %H:%M:%S")
    raise SystemExit(main())
