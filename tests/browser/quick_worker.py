"""The real worker around a pipeline that only pretends, and leaves the result of the sample: seconds, not minutes.

It keeps a checkpoint that counts steps, and goes on from it.
"""

from __future__ import annotations

import json
import shutil
import sys
import time
import types
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

from monae_app.engine.errors import InputError, Stopped
from monae_app.engine.folder import checkpoint_steps
from monae_app.engine.result import CELLS, CHECKPOINT, FEATURES, write_json
from monae_app.jobs import local, worker, working

COMMAND = (sys.executable, str(Path(__file__).resolve()))
STEP_SECONDS = 0.02
# Whoever goes on has been stopped before, which is what slow steps leave the time for.
RESUMED_STEP_SECONDS = 0.002
# Settings that make the pretended pipeline fail.
UNLUCKY = 13


def run(config, out: Path, *, on_event, should_stop, resume=False):
    on_event({"stage": "preprocess", "message": "Pretending to preprocess", "done": 2, "total": 5})
    time.sleep(0.3)
    if config.seed == UNLUCKY:
        raise InputError("X holds -3.", "counts.", "give counts.")
    on_event({"stage": "train", "message": "Training", "warning": "The values were only pretended."})
    steps = config.steps or 20
    known = checkpoint_steps(out / CHECKPOINT) if resume else None
    pace = RESUMED_STEP_SECONDS if known else STEP_SECONDS
    for step in range((known[0] if known else 0) + 1, steps + 1):
        if should_stop():
            _keep(out, step, steps)
            raise Stopped(step)
        loss = 1.0 + 2.0 / step
        on_event(
            {"stage": "train", "step": step, "steps": steps, "cells_per_s": 1000.0,
             "eta_s": (steps - step) * pace, "device": "cpu", "loss": loss, "loss_nll_rna": loss * 0.7,
             "loss_kl_rna": loss * 0.3}
        )  # fmt: skip
        time.sleep(pace)
    _keep(out, steps, steps)
    sample = config.inputs["rna"][0].parent / "run"
    for name in (CELLS, FEATURES):
        shutil.copyfile(sample / name, out / name)
    report = json.loads((sample / "report.json").read_text())
    write_json(out / "report.json", report | {"steps": steps})


def _keep(out: Path, step: int, steps: int) -> None:
    about = {"step": str(step), "monitor": json.dumps({"steps": steps})}
    save_file({"network.x": np.zeros(1, np.float32)}, out / CHECKPOINT, metadata=about)


def install() -> None:
    """Put the pretended pipeline where the worker looks for the real one."""
    module = types.ModuleType("monae_app.engine.pipeline")
    module.run = run
    sys.modules[module.__name__] = module
    working.WORK["holdout"] = "tests.browser.quick_check:check"
    # The next run in line is started by the worker before it.
    local.WORKER = COMMAND


if __name__ == "__main__":
    install()
    raise SystemExit(worker.main())
