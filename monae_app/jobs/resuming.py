"""Going on with a run from the command line: which run may, and how people are told how."""

from __future__ import annotations

import json
import os
import sys
import threading
from typing import TYPE_CHECKING

from monae_app.engine.errors import InputError
from monae_app.engine.result import CONFIG, REPORT
from monae_app.jobs.run_folder import RunFolder

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

SECONDS_BETWEEN_LOOKS = 0.3


def check_free(folder: Path) -> Path:
    """Return the folder if it is a run that nobody computes.

    Raises
    ------
    InputError
        If it is no run, or another process computes it or is about to.
    """
    if not (folder / CONFIG).is_file():
        raise InputError(f"{folder} is no run.", "a folder that `monae run` or the app wrote.", "check the path.")
    files = RunFolder(folder)
    if not files.status_path.is_file():
        return folder
    status = files.read_status()
    if status.state in ("running", "cancelling") and status.pid != os.getpid():
        raise InputError(
            f"{folder} is computing at this moment, in process {status.pid}.",
            "a run that nobody computes.",
            f"wait until it is done, or stop it with: kill {status.pid}",
        )
    if status.state == "queued":
        raise InputError(
            f"{folder} waits for its turn in the app.",
            "a run that nobody is about to compute.",
            "wait until it is done, or cancel it in the app.",
        )
    return folder


def check_unfinished(folder: Path) -> Path:
    """Return the folder if something is left to do.

    Raises
    ------
    InputError
        If the run is finished.
    """
    if (folder / REPORT).is_file():
        raise InputError(
            f"{folder} is finished.",
            "a run that was stopped, or more steps than before.",
            f"nothing is left to do; to train on: monae run --resume {folder} --steps N --out NEW",
        )
    return folder


class Farewell:
    """Says once how to go on: as soon as the run is being stopped, since a stage that cannot stop is left in the end.

    Parameters
    ----------
    folder
        Of the run that computes in this process.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._said = False
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look, name="farewell", daemon=True)

    def __enter__(self) -> Farewell:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()

    def say(self) -> None:
        """Say how to go on, unless it was said."""
        if not self._said:
            self._said = True
            sys.stderr.write(f"monae: go on with: monae run --resume {self._folder}\n")
            sys.stderr.flush()

    def _look(self) -> None:
        while not self._ended.wait(SECONDS_BETWEEN_LOOKS):
            try:
                state = json.loads((self._folder / "status.json").read_bytes())["state"]
            except (OSError, ValueError, KeyError):
                continue
            if state == "cancelling":
                self.say()
