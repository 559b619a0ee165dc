"""`monae run` by several processes: the same command, whatever becomes of one of them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import psutil
import pytest
from safetensors.numpy import load_file

from monae_app.cli import main
from monae_app.engine.config import RunConfig, make_config
from monae_app.engine.errors import InputError, Stopped
from monae_app.engine.folder import checkpoint_steps
from monae_app.jobs import company
from monae_app.jobs.company import in_company
from monae_app.jobs.run_folder import RunFolder
from tests.conftest import run_arguments as arguments

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# to be stopped or killed in
ENDLESS = ["--steps", "200000", "--set", "batch_size=32", "--set", "n_components=20", "--processes", "2"]
SECONDS_TO_STOP = 10.0


def start(*flags: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "monae_app.cli", *flags], stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def wait_for_steps(folder: Path, process: subprocess.Popen[str], beyond: int = 0) -> None:
    status = None
    while status is None or status.pid != process.pid or (status.step or 0) <= beyond:
        assert process.poll() is None, process.communicate()
        time.sleep(0.1)
        status = RunFolder(folder).written_status() if (folder / "status.json").exists() else None


def step_of(folder: Path) -> int:
    return checkpoint_steps(folder / "checkpoint.safetensors")[0]


def others(process: subprocess.Popen[str]) -> list[psutil.Process]:
    return psutil.Process(process.pid).children()


@contextmanager
def started(*flags: str) -> Iterator[subprocess.Popen[str]]:
    process = start(*flags)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


@pytest.mark.long
def test_a_process_that_dies_ends_the_run_in_words(data, tmp_path):
    folder = tmp_path / "run"
    with started(*arguments(data, folder, length=ENDLESS)) as run:
        # a checkpoint is due after 100 steps, or sooner on a slow machine
        wait_for_steps(folder, run, beyond=120)
        (other,) = others(run)
        other.kill()
        _, said = run.communicate(timeout=60)
    assert run.returncode == 2
    assert "Process 2 of 2 of the training was killed by signal 9" in said
    assert "monae run --resume" in said
    assert "Traceback" not in said
    status = RunFolder(folder).read_status()
    assert status.state == "failed"
    assert status.detail.todo.startswith("resume")
    assert step_of(folder) > 0
    assert not list(folder.glob(".process-*"))


@pytest.mark.long
def test_a_wish_to_stop_that_one_hears_stops_all_and_one_process_goes_on(data, tmp_path):
    folder = tmp_path / "run"
    with started(*arguments(data, folder, length=ENDLESS)) as run:
        wait_for_steps(folder, run, beyond=10)
        (other,) = others(run)
        began = time.monotonic()
        other.send_signal(signal.SIGTERM)
        run.communicate(timeout=60)
        assert time.monotonic() - began < SECONDS_TO_STOP
    assert run.returncode in (130, 143)
    assert RunFolder(folder).read_status().state == "cancelled"
    reached = step_of(folder)
    assert reached > 10
    with started("run", "--resume", str(folder), "--processes", "1") as again:
        wait_for_steps(folder, again, beyond=reached)
        assert others(again) == []
        again.send_signal(signal.SIGTERM)
        _, said = again.communicate(timeout=60)
    assert again.returncode == 143
    assert f"{reached:,} steps: going on from step {reached:,}" in said


@pytest.mark.long
def test_under_torchrun_it_is_the_same_command(data, tmp_path):
    """One process of torchrun gives the bits of none; two give a run whose report says so, and any number goes on."""

    def torchrun(number: int, out: Path, *more: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "torch.distributed.run", f"--nproc_per_node={number}", "--standalone", "-m"]
        flags = [*arguments(data, out), *more] if more[:1] != ("--resume",) else ["run", *more, "--out", str(out)]
        return subprocess.run([*command, "monae_app.cli", *flags], capture_output=True, text=True, check=False)

    assert main(arguments(data, tmp_path / "plain")) == 0
    for number in (1, 2):
        ended = torchrun(number, tmp_path / str(number))
        assert ended.returncode == 0, ended.stderr
        assert ended.stderr.count("train: step 12 of 12") == 1
        report = json.loads((tmp_path / str(number) / "report.json").read_text())
        assert report["processes"] == number
    assert weights(tmp_path / "plain") == weights(tmp_path / "1")
    assert weights(tmp_path / "plain") != weights(tmp_path / "2")
    # 1, then 2, then 1
    longer = torchrun(2, tmp_path / "longer", "--resume", str(tmp_path / "1"), "--steps", "18")
    assert longer.returncode == 0, longer.stderr
    assert "going on from step 12 of 18" in longer.stderr
    assert main(["run", "--resume", str(tmp_path / "longer"), "--steps", "24", "--out", str(tmp_path / "last")]) == 0
    assert json.loads((tmp_path / "last" / "report.json").read_text())["steps"] == 24


def weights(folder: Path) -> dict[str, bytes]:
    return {name: value.tobytes() for name, value in load_file(folder / "weights.safetensors").items()}


def test_what_another_process_says_is_what_the_user_hears(tmp_path, monkeypatch):
    words = json.dumps({"found": "It is full.", "expected": "room.", "todo": "make room."})
    monkeypatch.setattr(company, "FOLLOWER", (sys.executable, "-c", f"print('''{words}'''); raise SystemExit(2)"))
    before = dict(os.environ)

    def never() -> bool:
        return False

    def run() -> None:
        with in_company(tmp_path, 2, stopped=never, give_up=lambda _: None) as should_stop:
            assert (os.environ["RANK"], os.environ["WORLD_SIZE"]) == ("0", "2")
            while not should_stop():
                time.sleep(0.01)
            raise Stopped(0)

    with pytest.raises(InputError, match="It is full"):
        run()
    assert dict(os.environ) == before


def test_one_process_starts_none(tmp_path, monkeypatch):
    monkeypatch.setattr(company, "FOLLOWER", ("there is no such program",))
    with in_company(tmp_path, 1, stopped=lambda: True, give_up=lambda _: None) as should_stop:
        assert should_stop()
    monkeypatch.setenv("WORLD_SIZE", "2")
    # torchrun has started the others
    with in_company(tmp_path, 2, stopped=lambda: True, give_up=lambda _: None):
        assert "RANK" not in os.environ


def test_mps_is_one_device(tmp_path):
    with pytest.raises(InputError, match="of mps there is one"):
        make_config(inputs={"rna": tmp_path / "rna.h5ad"}, genome="mm10", device="mps", processes=2)
    assert RunConfig.model_fields["processes"].default == 1
