"""Long work that stands in line with the runs: joined, cancelled, killed, found again, and seen by its user alone."""

from __future__ import annotations

import os
import time

import pytest

from monae_app.engine.errors import InputError
from monae_app.jobs import processes, works
from monae_app.jobs.registry import Registry
from monae_app.jobs.run_limits import RunLimits
from monae_app.jobs.works import Asked, Works, sweep_works
from tests.jobs.fake_work import NAME


@pytest.fixture
def finished(tmp_path):
    """The folder of a run that is done, as far as work is concerned."""
    folder = tmp_path / "bundled" / "run"
    folder.mkdir(parents=True)
    (folder / "cells.h5ad").write_text("cells")
    return folder


@pytest.fixture
def store(registry):
    return registry.runs.parents[2]


@pytest.fixture
def mine(store, launcher):
    return Works(store, "a" * 32, launcher)


def asked(folder, **order):
    return Asked(NAME, {"folder": str(folder), **order}, "Pretended check of a run")


LONG = {"steps": 100_000}


def until(work, state, seconds=30.0):
    end = time.monotonic() + seconds
    while work.read_status().state != state:
        assert time.monotonic() < end, (state, work.read_status(), work.log_tail())
        time.sleep(0.05)


def done(folder, user="a" * 32):
    path = folder / f"done-by-{user}.txt"
    return path.read_text().count("done") if path.exists() else 0


def test_work_is_done_told_and_found_by_its_order(mine, finished):
    assert not mine.find(asked(finished)).path.is_dir()
    work = mine.order(asked(finished))
    assert [each.path for each in mine.list()] == [work.path]
    until(work, "done")
    assert work.read_status().name == "Pretended check of a run"
    events = work.read_events()[0]
    assert ("Pretending part 1", 1000) in [(each.get("message"), each.get("total")) for each in events]
    assert not work.scratch.exists()
    assert mine.list() == []
    assert mine.find(asked(finished)).path == work.path
    # a run that was trained anew has other cells
    os.utime(finished / "cells.h5ad", (1, 1))
    assert mine.find(asked(finished)).path != work.path


def test_the_same_order_joins_and_another_users_is_apart(store, launcher, mine, finished):
    first, again = mine.order(asked(finished, steps=50)), mine.order(asked(finished, steps=50))
    other = Works(store, "b" * 32, launcher)
    assert other.list() == []
    assert first.path == again.path
    assert not other.find(asked(finished, steps=50)).path.is_dir()
    theirs = other.order(asked(finished, steps=50))
    assert theirs.path != first.path
    assert other.outlook(theirs).position == 1
    mine.order(asked(finished, steps=50))
    until(first, "done")
    until(theirs, "done")
    assert (done(finished), done(finished, "b" * 32)) == (1, 1)


def test_work_and_runs_stand_in_one_line(registry, mine, launcher, config, wait_for, finished):
    run = registry.create(config.model_copy(update={"steps": 60}), "good")
    launcher.submit(run.owner, run.files)
    work = mine.order(asked(finished), expected_s=100.0)
    last = registry.create(config, "good")
    launcher.submit(last.owner, last.files)
    assert mine.outlook(work).position == 1
    assert launcher.outlook(last.owner, last.files).position == 2
    wait_for(last, "done")
    began = [each.read_events()[0][0]["time"] for each in (run.files, work, last.files)]
    assert began == sorted(began)


def test_what_waits_and_what_computes_can_be_cancelled_and_ordered_again(mine, finished):
    computing, waiting = mine.order(asked(finished, **LONG)), mine.order(asked(finished))
    until(computing, "running")
    mine.cancel(waiting)
    assert waiting.read_status().state == "cancelled"
    mine.cancel(computing)
    until(computing, "cancelled", seconds=8)
    assert computing.read_status().message == "Cancelled. It can be started again."
    assert not computing.scratch.exists()
    again = mine.order(asked(finished))
    assert again.path == waiting.path
    until(again, "done")


def test_work_outlives_the_server_and_a_killed_worker_is_told(launching, store, launcher, mine, finished):
    work = mine.order(asked(finished, **LONG))
    until(work, "running")
    launcher.close()
    other = launching.make()
    other.recover()
    assert work.read_status().state == "running"
    pid = work.read_status().pid
    # the same order joins what the server before had started
    assert Works(store, "a" * 32, other).order(asked(finished, **LONG)).read_status().pid == pid
    processes.kill(pid)
    until(work, "lost", seconds=8)
    assert "killed, or the machine went down. It can be started again." in work.read_status().message
    other.watch()
    again = Works(store, "a" * 32, other)
    again.order(asked(finished, **LONG))
    until(work, "running")
    again.cancel(work)
    until(work, "cancelled", seconds=8)
    other.close()


def test_what_is_refused_or_breaks_is_said_until_it_is_swept(store, mine, finished, monkeypatch):
    bad, broken = mine.order(asked(finished, bad=True)), mine.order(asked(finished, broken=True))
    until(bad, "failed")
    until(broken, "failed")
    assert bad.read_status().detail.model_dump() == {
        "found": "No counts are there.", "expected": "counts.", "todo": "train on raw counts.",
    }  # fmt: skip
    assert "ZeroDivisionError" in broken.read_status().message
    good = mine.order(asked(finished))
    until(good, "done")
    waiting = mine.order(asked(finished, **LONG))
    sweep_works(store)
    assert all(each.path.is_dir() for each in (bad, broken, good))
    monkeypatch.setattr(works, "KEPT_SECONDS", -1.0)
    sweep_works(store)
    assert not any(each.path.is_dir() for each in (bad, broken, good))
    assert waiting.path.is_dir()
    mine.cancel(waiting)


def test_a_line_that_was_lost_is_made_anew_with_its_work(registry, launching, launcher, mine, config, finished):
    launcher.close()
    orders = [asked(finished, number=number) for number in range(2)]
    # a launcher that starts nothing puts them in line, and the line is lost
    idle = Works(registry.runs.parents[2], "a" * 32, _Idle(launcher))
    waiting = [idle.order(each) for each in orders]
    other = launching.make()
    other.recover()
    for each in waiting:
        until(each, "done")
    assert done(finished) == 2
    other.close()


class _Idle:
    """Writes that a job waits, and forgets it."""

    def __init__(self, _launcher):
        pass

    def submit(self, _user, job, *, resume=False, expected_s=None):
        from monae_app.jobs.standing import put_in_line

        put_in_line(job, expected_s)


def test_limits_count_both_and_leave_no_trace(store, launcher, mine, finished):
    launcher._limits = RunLimits(per_user=1)
    mine.order(asked(finished, **LONG))
    with pytest.raises(InputError, match="1 of your trainings and checks"):
        mine.order(asked(finished))
    assert not mine.find(asked(finished)).path.exists()
    for each in mine.list():
        mine.cancel(each)


def test_runs_and_work_of_one_name_are_two(registry, launcher):
    with launcher.queue.change() as line:
        line.append("u", "x")
        line.append("u", "x", kind="work")
        folders = [launcher.run(ticket).path.parent.name for ticket in line.waiting]
        line.waiting.clear()
    assert folders == ["runs", "work"]
    assert Registry(registry.runs.parents[2]).list() == []
