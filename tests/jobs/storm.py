"""Workers that are killed: how a run folder looks after that, and going on with it."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import anndata as ad
import numpy as np
import safetensors

from monae_app.engine.config import make_config
from monae_app.engine.result import CELLS, CHECKPOINT, FEATURES, REPORT, WEIGHTS
from monae_app.jobs.run_folder import RunFolder

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

WORKER = [sys.executable, "-m", "monae_app.jobs.worker"]
ENDS = 180.0
STEPS = 300


def make_run(folder: Path, data: Path, steps: int = STEPS) -> RunFolder:
    """Prepare a short training on planted files."""
    run = RunFolder(folder)
    folder.mkdir(parents=True)
    run.write_config(
        make_config(
            inputs={"rna": data / "rna.h5ad", "atac": data / "atac.h5ad"},
            bed=data / "genes.bed.gz",
            steps=steps,
            batch_size=32,
            n_components=20,
        )
    )
    return run


def start(run: RunFolder, *, resume: bool) -> subprocess.Popen[bytes]:
    """Start a worker as the launcher does."""
    with run.log_path.open("ab") as log:
        return subprocess.Popen(
            [*WORKER, str(run.path), *(["--resume"] if resume else [])],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )


def finish(run: RunFolder, *, resume: bool) -> None:
    """Compute a run to its end."""
    worker = start(run, resume=resume)
    assert worker.wait(ENDS) == 0, run.log_tail()
    assert run.read_status().state == "done"


def kill_when(run: RunFolder, moment: Callable[[float], bool], *, resume: bool) -> bool:
    """Start a worker and kill it at a moment, told by the seconds since its start; False if it ended before."""
    worker = start(run, resume=resume)
    began = time.monotonic()
    while worker.poll() is None and not moment(time.monotonic() - began):
        time.sleep(0.0005)
    ended = worker.poll() is not None
    if not ended:
        os.killpg(worker.pid, signal.SIGKILL)
        worker.wait()
    return not ended


def while_writing(run: RunFolder, name: str) -> Callable[[float], bool]:
    """Wait for the moment when a file of the run is on its way."""
    # The report is written faster than anybody looks; it comes right after the features.
    before = run.path / FEATURES
    return lambda _: any(run.path.glob(f".{name}.*.tmp")) or (name == REPORT and before.exists())


def at(seconds: float) -> Callable[[float], bool]:
    """Wait for a time."""
    return lambda elapsed: elapsed >= seconds


def moments(run: RunFolder, number: int, seed: int, whole: float) -> list[Callable[[float], bool]]:
    """Draw moments all over a run that takes ``whole`` seconds, every third while a file is being written."""
    draw = random.Random(seed)
    drawn = []
    for turn in range(number):
        if turn % 3 == 1:
            drawn.append(while_writing(run, draw.choice([CHECKPOINT, CELLS, FEATURES, WEIGHTS, REPORT])))
        else:
            drawn.append(at(draw.uniform(0.05, whole)))
    return drawn


def assert_whole(run: RunFolder) -> None:
    """Check that every file that is there can be used."""
    run.read_config()
    status = run.read_status()
    assert status.state in {"lost", "done"}, status
    if run.status_path.exists():
        json.loads(run.status_path.read_text())
    for event in run.read_events()[0]:
        assert "stage" in event
    for name in (CHECKPOINT, WEIGHTS):
        if (run.path / name).exists():
            with safetensors.safe_open(run.path / name, framework="np") as file:
                assert file.keys()
    for name in (CELLS, FEATURES):
        if (run.path / name).exists():
            assert ad.read_h5ad(run.path / name).n_obs
    if run.finished:
        assert all((run.path / name).exists() for name in (CELLS, FEATURES, WEIGHTS))
        assert status.state == "done"


def assert_equal(run: RunFolder, reference: RunFolder) -> None:
    """Check that two runs came to the same result."""
    for name in (CELLS, FEATURES):
        mine, theirs = (ad.read_h5ad(each.path / name) for each in (run, reference))
        assert list(mine.obs_names) == list(theirs.obs_names)
        assert np.array_equal(mine.obsm["X_monae"], theirs.obsm["X_monae"])
    assert not list(run.path.glob(".*.tmp")), "something was left behind"


def storm(run: RunFolder, reference: RunFolder, number: int, seed: int, whole: float) -> int:
    """Kill a run again and again, going on each time; then let it end. Returns how often it was killed."""
    killed, begun = 0, False
    for moment in moments(run, number, seed, whole):
        killed += kill_when(run, moment, resume=begun)
        begun = True
        assert_whole(run)
        if run.finished:
            break
    if not run.finished:
        finish(run, resume=begun)
    assert_equal(run, reference)
    return killed
