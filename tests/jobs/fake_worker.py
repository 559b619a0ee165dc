"""The real worker around a pipeline that only pretends: lets tests start processes without torch or data.

The name of the run says how it behaves; see ``run``.
"""

from __future__ import annotations

import sys
import time
import types
from pathlib import Path

from monae_app.engine.errors import InputError, Stopped
from monae_app.engine.result import write_json
from monae_app.jobs import local, worker
from monae_app.jobs.run_folder import RunFolder
from tests.jobs import fake_work

COMMAND = (sys.executable, str(Path(__file__).resolve()))


def run(config, out: Path, *, on_event, should_stop, resume=False):
    behaviour = RunFolder(out).read_status().name
    on_event({"stage": "preprocess", "message": "Pretending to preprocess"})
    if behaviour == "bad":
        raise InputError("X holds -3.", "counts.", "give counts.")
    if behaviour == "broken":
        raise ZeroDivisionError("by design")
    steps = config.steps or 20
    for step in range(1, steps + 1):
        while behaviour == "deaf":
            time.sleep(0.05)
        if should_stop():
            raise Stopped(step)
        loss = 2.0 / step
        on_event(
            {"stage": "train", "step": step, "steps": steps, "cells_per_s": 1000.0, "eta_s": (steps - step) * 0.02,
             "device": "cpu", "loss": loss, "loss_nll_rna": loss * 0.7, "loss_kl_rna": loss * 0.3}
        )  # fmt: skip
        time.sleep(0.02)
    write_json(out / "report.json", {"metrics": {}})


def install() -> None:
    """Put the pretended pipeline and work where the worker looks for the real ones."""
    module = types.ModuleType("monae_app.engine.pipeline")
    module.run = run
    sys.modules[module.__name__] = module
    fake_work.install()
    # The next run in line is started by the worker before it.
    local.WORKER = COMMAND


if __name__ == "__main__":
    install()
    raise SystemExit(worker.main())
