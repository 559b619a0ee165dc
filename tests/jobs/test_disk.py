"""Disks that are full, and stores that go away: a clear state, and nothing lost."""

from __future__ import annotations

import os
import subprocess
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import pytest
import safetensors

from monae_app.engine.errors import InputError
from monae_app.jobs.local import LocalLauncher
from monae_app.jobs.registry import Registry
from tests.jobs.storm import assert_equal, finish, make_run, start

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MEGABYTE = 2**20


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of a few megabytes."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounting = ["mount", "-t", "tmpfs", "-o", f"size={12 * MEGABYTE}", "tmpfs", str(folder)]
    done = subprocess.run(mounting, capture_output=True, text=True, check=False) if os.geteuid() == 0 else None
    if done is None or done.returncode:
        pytest.skip(f"a small disk needs the right to mount one: {done.stderr if done else 'not root'}")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


@contextmanager
def full(folder: Path) -> Iterator[None]:
    """Fill a disk to the last byte for a while."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file:
        for size in (65_536, 1):
            with suppress(OSError):
                while True:
                    file.write(bytes(size))
    yield
    filler.unlink()


def wait_for_step(run, step: int) -> None:
    until = time.monotonic() + 120
    while (run.read_status().step or 0) < step:
        assert time.monotonic() < until, run.log_tail()
        time.sleep(0.02)


@pytest.mark.long
def test_a_run_on_a_disk_that_fills_says_so_and_goes_on_when_there_is_room(data, small_disk, reference):
    run = make_run(small_disk / "run", data)
    worker = start(run, resume=False)
    until = time.monotonic() + 120
    while not run.has_checkpoint:
        assert time.monotonic() < until, run.log_tail()
        time.sleep(0.005)
    with full(small_disk):
        # It trains to the end all the same; only the result finds no room.
        assert worker.wait(120) == 2, run.log_tail()
        status = run.read_status()
        assert status.state == "failed"
        assert "the disk is full" in status.detail.found
        assert "resume" in status.detail.todo
        assert not run.finished
        with safetensors.safe_open(run.checkpoint_path, framework="np") as file:
            assert int(file.metadata()["step"]) >= 100
    finish(run, resume=True)
    assert_equal(run, reference[0])
    for event in run.read_events()[0]:
        assert "stage" in event


def test_a_full_disk_takes_no_new_run_and_loses_none(small_disk, config, from_here, monkeypatch):
    monkeypatch.setattr("monae_app.jobs.devices.lanes_for", lambda _: ())
    launcher, registry = LocalLauncher(small_disk, lanes_for=lambda _: ("never",)), Registry(small_disk)
    record = registry.create(config, "first")
    with launcher.queue.change() as line:
        line.append("you", "waits")
    with full(small_disk):
        with pytest.raises((InputError, OSError), match=r"cannot be used|No space left"):
            launcher.submit(record.owner, record.files)
        assert [ticket.run for ticket in launcher.queue.look().waiting] == ["waits"]
        assert record.status.state == "queued"
    launcher.close()


@pytest.mark.long
def test_a_store_that_goes_away_for_a_while_costs_nothing(data, tmp_path, reference):
    run = make_run(tmp_path / "store" / "run", data)
    worker = start(run, resume=False)
    wait_for_step(run, 30)
    (tmp_path / "store").rename(tmp_path / "away")
    time.sleep(2)
    assert worker.poll() is None
    (tmp_path / "away").rename(tmp_path / "store")
    assert worker.wait(120) == 0, run.log_tail()
    assert_equal(run, reference[0])


def test_a_store_that_cannot_be_used_is_said_at_the_start(tmp_path, config):
    (tmp_path / "users").write_text("no folder")
    assert Registry(tmp_path).list() == []
    (tmp_path / "queue").write_text("no folder")
    with pytest.raises(InputError, match="cannot be used"):
        LocalLauncher(tmp_path).recover()
