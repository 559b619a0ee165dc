"""What the worker does with work that is no run: the function that its name stands for, told about as a run is."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from importlib import import_module
from typing import TYPE_CHECKING

from monae_app.engine.errors import InputError, Stopped
from monae_app.engine.result import write_json
from monae_app.jobs.private_files import private_folder
from monae_app.jobs.short_work import Bench

if TYPE_CHECKING:
    from monae_app.jobs.recorder import Event, Recorder
    from monae_app.jobs.work_folder import WorkFolder

# Work of minutes to an hour, by name; what takes seconds is short work.
WORK = {
    "holdout": "monae_app.jobs.long_holdout:check_imputation",
    "method": "monae_app.jobs.long_methods:compute_method",
}
SAY_SECONDS, PARTS = 0.4, 1000
# Before that a share says little of the time that is left.
EARLIEST_SECONDS, LEAST_SHARE = 5.0, 0.05


def do_work(work: WorkFolder, recorder: Recorder) -> None:
    """Do what a folder orders, and leave its result there.

    Raises
    ------
    InputError
        If it cannot be done, in words.
    Stopped
        If it was cancelled.
    """
    order = work.read_order()
    if order.work not in WORK:
        raise InputError(f"There is no work {order.work[:40]!r}.", f"one of {', '.join(WORK)}.", "start it again.")
    module, _, name = WORK[order.work].partition(":")
    _clear(work)
    private_folder(work.scratch)
    os.environ.update(dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(work.scratch)))
    tempfile.tempdir = str(work.scratch)
    try:
        found = getattr(import_module(module), name)(
            order.order | {"device": order.device}, Bench(work.store, work.user, work.scratch, _Teller(recorder).tell)
        )
        write_json(work.result_path, {"result": found})
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise InputError(
            f"A file could not be read or written ({reason}).", "a disk with room.", "try again."
        ) from error
    finally:
        tempfile.tempdir = None
        shutil.rmtree(work.scratch, ignore_errors=True)


def _clear(work: WorkFolder) -> None:
    """Take away what an earlier attempt left behind."""
    work.result_path.unlink(missing_ok=True)
    shutil.rmtree(work.scratch, ignore_errors=True)


class _Teller:
    """Turns a share and words into events of the recorder, some a second, and hears that the work shall stop."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._began = time.monotonic()
        self._text, self._said = "", 0.0

    def tell(self, share: float | None, text: str) -> None:
        """Say how far it is.

        Raises
        ------
        Stopped
            If nobody wants it any more.
        """
        if self._recorder.should_stop():
            raise Stopped(0)
        now = time.monotonic()
        if text == self._text and now - self._said < SAY_SECONDS:
            return
        self._text, self._said = text, now
        event: Event = {"stage": text, "message": text}
        if share is not None:
            passed = now - self._began
            known = passed > EARLIEST_SECONDS and share > LEAST_SHARE
            left = passed * (1 - share) / share if known else None
            event |= {"done": round(PARTS * share), "total": PARTS, "eta_s": left}
        self._recorder.event(event)
