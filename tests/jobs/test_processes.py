from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

from monae_app.jobs import processes


@pytest.fixture
def child():
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
    yield process
    process.kill()
    process.wait()


def test_a_process_is_alive_until_it_ends(child):
    known = processes.identity(child.pid)
    assert processes.alive(child.pid, known, processes.host()) is True
    processes.kill(child.pid)
    # Not yet waited for: a zombie computes nothing.
    until = time.monotonic() + 10
    while processes.alive(child.pid, known) and time.monotonic() < until:
        time.sleep(0.02)
    assert processes.alive(child.pid, known) is False
    child.wait()
    assert processes.identity(child.pid) is None
    processes.send(child.pid, signal.SIGTERM)


def test_a_number_that_was_given_again_is_another_process(child):
    mine = processes.identity(os.getpid())
    assert mine != processes.identity(child.pid)
    assert processes.alive(child.pid, mine) is False


def test_no_number_is_no_process():
    assert processes.alive(None, None) is False


def test_what_ran_before_the_machine_was_started_anew_is_gone(monkeypatch, child):
    known = processes.identity(child.pid)
    monkeypatch.setattr(processes, "place", lambda: "another start")
    assert processes.alive(child.pid, known, processes.host()) is False
    assert processes.alive(child.pid, known, "another machine") is None


@pytest.mark.skipif(not processes.place(), reason="only Linux tells the start of a process in ticks")
def test_setting_the_clock_changes_no_identity(child, monkeypatch):
    known = processes.identity(child.pid)
    # What psutil works creation times out from: Linux moves it when the clock is set.
    monkeypatch.setattr("psutil.boot_time", lambda: time.time() - 1e6)
    monkeypatch.setattr("time.time", lambda: 0.0)
    assert processes.identity(child.pid) == known
    assert processes.alive(child.pid, known, processes.host()) is True
