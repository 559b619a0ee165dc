"""Going on with a run from the command line: in every state, and beyond its end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import anndata as ad
import numpy as np
import pytest

from monae_app.cli import main
from monae_app.jobs.progress import Status
from monae_app.jobs.run_folder import RunFolder
from tests.conftest import run_arguments as arguments

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def finished(data, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("finished") / "run"
    assert main(arguments(data, folder)) == 0
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def embedding(folder: Path) -> np.ndarray:
    return ad.read_h5ad(folder / "cells.h5ad").obsm["X_monae"]


def test_a_finished_run_is_extended_into_a_folder_of_its_own(finished, tmp_path, capsys):
    before = contents(finished)
    assert main(["run", "--resume", str(finished), "--steps", "24", "--out", str(tmp_path / "longer")]) == 0
    said = capsys.readouterr()
    assert "going on from step 12 of 24" in said.err
    assert "train: step 24 of 24" in said.err
    assert contents(finished) == before
    assert json.loads((tmp_path / "longer" / "report.json").read_text())["steps"] == 24
    assert json.loads((tmp_path / "longer" / "config.json").read_text())["steps"] == 24
    assert not np.array_equal(embedding(tmp_path / "longer"), embedding(finished))


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        ([], "is finished"),
        (["--steps", "24"], "--out NEW"),
        (["--steps", "12", "--out", "longer"], "no more than these"),
        (["--epochs", "1", "--out", "longer"], "no more than these"),
        (["--out", "longer"], "takes its files and settings from the run"),
        (["--set", "dropout=0.1"], "takes its files and settings from the run"),
        (["--steps", "24", "--out", "longer", "--set", "dropout=0.1"], "takes its files and settings from the run"),
    ],
)
def test_what_makes_no_sense_beside_resume_is_refused_in_words(flags, said, finished, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    before = contents(finished)
    assert main(["run", "--resume", str(finished), *flags]) == 2
    assert said in capsys.readouterr().err
    assert contents(finished) == before
    assert not (tmp_path / "longer").exists()


def test_a_run_without_a_checkpoint_is_not_extended(finished, tmp_path, capsys):
    old = tmp_path / "old"
    old.mkdir()
    for name, content in contents(finished).items():
        if name != "checkpoint.safetensors":
            (old / name).write_bytes(content)
    assert main(["run", "--resume", str(old), "--steps", "24", "--out", str(tmp_path / "longer")]) == 2
    assert "keeps no checkpoint" in capsys.readouterr().err


def unfinished(finished: Path, folder: Path, status: Status | None) -> Path:
    """A run that was killed in its analysis, and what its status says."""
    folder.mkdir()
    config = RunFolder(finished).read_config()
    RunFolder(folder).write_config(config)
    (folder / "checkpoint.safetensors").write_bytes((finished / "checkpoint.safetensors").read_bytes())
    if status is not None:
        RunFolder(folder).write_status(status)
    return folder


@pytest.mark.parametrize("state", ["none", "lost", "cancelled", "failed", "running"])
def test_a_run_in_any_state_goes_on(state, finished, tmp_path):
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    status = None if state == "none" else Status(state=state, pid=dead.pid, pid_started=1.0, updated=time.time())
    folder = unfinished(finished, tmp_path / "run", status)
    assert main(["run", "--resume", str(folder)]) == 0
    np.testing.assert_array_equal(embedding(folder), embedding(finished))


def test_a_run_that_another_process_computes_is_left_alone(finished, tmp_path, capsys):
    import psutil

    other = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        started = psutil.Process(other.pid).create_time()
        status = Status(state="running", pid=other.pid, pid_started=started, updated=time.time())
        folder = unfinished(finished, tmp_path / "run", status)
        for flags in ([], ["--steps", "24", "--out", str(tmp_path / "longer")]):
            assert main(["run", "--resume", str(folder), *flags]) == 2
            assert f"in process {other.pid}" in capsys.readouterr().err
    finally:
        other.kill()
        other.wait()
    assert not (folder / "report.json").exists()


def test_a_stop_in_the_analysis_keeps_what_was_trained_and_says_how_to_go_on(data, finished, tmp_path):
    folder = tmp_path / "run"
    process = subprocess.Popen(
        [sys.executable, "-m", "monae_app.cli", *arguments(data, folder)],
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ,
    )
    deadline = time.monotonic() + 120
    while not ((folder / "progress.jsonl").exists() and '"analyse"' in (folder / "progress.jsonl").read_text()):
        assert process.poll() is None, process.stderr.read()
        assert time.monotonic() < deadline
        time.sleep(0.02)
    sent = time.monotonic()
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=60)
    assert time.monotonic() - sent < 30
    assert process.returncode == 128 + signal.SIGTERM
    assert said.count(f"monae: go on with: monae run --resume {folder}") == 1
    assert main(["run", "--resume", str(folder)]) == 0
    np.testing.assert_array_equal(embedding(folder), embedding(finished))
