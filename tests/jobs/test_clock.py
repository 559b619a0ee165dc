"""The clock of the machine is set while a training runs."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from tests.jobs.storm import assert_equal, make_run, start

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def other_clock() -> Path:
    """A library that tells a process another time of day; Debian's is installed where it is missing."""
    if not (found := _libraries()) and os.geteuid() == 0 and shutil.which("apt-get"):
        subprocess.run(["apt-get", "install", "-y", "-qq", "--no-install-recommends", "libfaketime"], check=False)
        found = _libraries()
    if not found:
        pytest.fail("libfaketime is needed: apt-get install libfaketime")
    return found[0]


def _libraries() -> list[Path]:
    return sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))


@pytest.mark.parametrize("jump", ["+400d", "-400d"])
def test_a_training_does_not_mind_that_the_clock_is_set(data, tmp_path, reference, other_clock, monkeypatch, jump):
    told = tmp_path / "clock"
    told.write_text("+0d\n")
    run = make_run(tmp_path / "run", data)
    with monkeypatch.context() as changed:
        changed.setenv("LD_PRELOAD", str(other_clock))
        changed.setenv("FAKETIME_TIMESTAMP_FILE", str(told))
        changed.setenv("FAKETIME_CACHE_DURATION", "1")
        # As when an administrator sets it: time since the start of the machine goes on.
        changed.setenv("FAKETIME_DONT_FAKE_MONOTONIC", "1")
        worker = start(run, resume=False)
    until = time.monotonic() + 120
    while (run.read_status().step or 0) < 20:
        assert time.monotonic() < until, run.log_tail()
        time.sleep(0.02)
    told.write_text(f"{jump}\n")
    while worker.poll() is None:
        # The page's own clock is not the worker's any more, and the worker lives.
        assert run.read_status().state in {"running", "done"}
        time.sleep(0.1)
    assert worker.returncode == 0, run.log_tail()
    assert_equal(run, reference[0])
    times = [event["time"] for event in run.read_events()[0]]
    assert max(times) - min(times) > 300 * 86_400
